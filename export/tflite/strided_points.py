"""A pointwise convolution with a stride picks its points first: LiteRT's GPU accelerator needs it.

In int8 that accelerator computes a strided 1x1 convolution wrong, which is every projection of a
ResNet. A MAX_POOL_2D of one point picks the same numbers, and the convolution has no stride. It
costs the CPU next to nothing: 256 to 512 channels on 56 x 56 took 1.06 of the time in int8 and 0.69
in float (x86, one thread), and 0.99 and 1.03 of the instructions on arm64.
"""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options


def pick_points(graph: TfliteGraph) -> None:
    """Take the strides out of 1x1 convolutions, in place; those of one tensor share the picking.

    Behind a PAD they stay: the accelerator would merge it into the pool, and leave the border out.
    """
    borders = {op.outputs[0] for op in graph.ops if op.kind in ("PAD", "PADV2")}
    kept: list[Op] = []
    picked: dict[tuple[int, int, int], int] = {}
    for op in graph.ops:
        if _is_strided_point(graph, op) and op.inputs[0] not in borders:
            source, strides = op.inputs[0], (op.options.strideH, op.options.strideW)
            key = (source, *strides)
            if key not in picked:
                pick = _pick(graph, op, strides)
                picked[key] = pick.outputs[0]
                kept.append(pick)
            op.inputs[0] = picked[key]
            op.options.strideH = op.options.strideW = 1
        kept.append(op)
    graph.ops = kept


def _is_strided_point(graph: TfliteGraph, op: Op) -> bool:
    if op.kind != "CONV_2D" or (op.options.strideH, op.options.strideW) == (1, 1):
        return False
    return graph.tensors[op.inputs[1]].shape[1:3] == (1, 1)


def _pick(graph: TfliteGraph, op: Op, strides: tuple[int, int]) -> Op:
    source, result = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    shape = (*result.shape[:3], source.shape[3])
    tensor = graph.tensor(f"{source.name}/picked", shape, source.dtype)
    opts = options(
        "Pool2DOptions",
        padding=schema.Padding.VALID,
        strideH=strides[0],
        strideW=strides[1],
        filterHeight=1,
        filterWidth=1,
    )
    return Op("MAX_POOL_2D", [op.inputs[0]], [tensor], opts)
