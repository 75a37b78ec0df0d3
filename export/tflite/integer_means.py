"""An average pool becomes a depthwise convolution in int8, where XNNPACK has no average pool.

LiteRT's own kernel took 1.9 to 2.8 times the arm64 instructions of the convolution by ``1 / taps``,
and 3.4 to 6 times the time on x86 (windows of 2 to 5, 14 x 14 to 56 x 56, 64 to 256 channels); and
the graph no longer falls apart at it. Beyond 25 taps XNNPACK has no depthwise kernel, and the pool
is the faster one: 7 x 7 took 0.11 of the instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of, name_of, shape_of
from _edgeship.export.tflite.padded_means import steps_of

_MOST_TAPS = 25


def convolve_means(model: Any) -> None:
    """Let DEPTHWISE_CONV_2D do what average pools without a border do, in place.

    Args:
        model: The float file as the schema's ``ModelT``, before it is quantized to int8.
    """
    graph = model.subgraphs[0]
    pools = [
        op
        for op in graph.operators
        if kind_of(model, op) == schema.BuiltinOperator.AVERAGE_POOL_2D
        and op.builtinOptions.filterHeight * op.builtinOptions.filterWidth <= _MOST_TAPS
        and graph.tensors[op.inputs[0]].type == schema.TensorType.FLOAT32
        and not _has_border(graph, op)
    ]
    if not pools:
        return
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEPTHWISE_CONV_2D
    code.version = 1
    model.operatorCodes.append(code)
    for op in pools:
        _convolve(model, op)
        op.opcodeIndex = len(model.operatorCodes) - 1


def _has_border(graph: Any, op: Any) -> bool:
    """Return whether windows reach over the edge, where they are means of fewer numbers."""
    pool = op.builtinOptions
    before, after = (shape_of(graph.tensors[index]) for index in (op.inputs[0], op.outputs[0]))
    reach: list[int] = [
        (after[axis] - 1) * stride + size
        for axis, stride, size in (
            (1, pool.strideH, pool.filterHeight),
            (2, pool.strideW, pool.filterWidth),
        )
    ]
    return bool(reach[0] > before[1] or reach[1] > before[2])


def _convolve(model: Any, op: Any) -> None:
    graph, pool = model.subgraphs[0], op.builtinOptions
    name = name_of(graph.tensors[op.outputs[0]])
    channels = shape_of(graph.tensors[op.inputs[0]])[3]
    taps = (pool.filterHeight, pool.filterWidth)
    filters = np.full((1, *taps, channels), 1 / np.prod(taps), np.float32)
    op.inputs = [
        int(op.inputs[0]),
        _constant(model, f"{name}/mean", filters),
        _constant(model, f"{name}/zero", np.zeros(channels, np.float32)),
    ]
    op.builtinOptionsType = schema.BuiltinOptions.DepthwiseConv2DOptions
    op.builtinOptions = steps_of(pool)


def _constant(model: Any, name: str, data: Any) -> int:
    """Add a constant of float32 to the first subgraph and return its index."""
    tensor = schema.TensorT()
    tensor.name, tensor.type = name, schema.TensorType.FLOAT32
    tensor.shape = np.array(data.shape, np.int32)
    tensor.buffer = len(model.buffers)
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = np.frombuffer(data.tobytes(), np.uint8)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1
