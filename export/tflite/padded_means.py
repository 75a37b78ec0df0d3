"""An average pool over a written border becomes a depthwise convolution, which delegates get right.

GPU delegates merge a PAD into the pool behind it, and leave the border out of the mean, as pools
with SAME do: TensorFlow's `merge_padding_with.cc`, and LiteRT's accelerator. A convolution by
``1 / taps`` counts the border. The CPU gains as well, since XNNPACK takes a PAD into convolutions
only, and has no average pool in int8. PAD and pool of 3 x 3, stride 2, on 28 x 28 x 240 numbers
took 109 us as a pool and 54 as a convolution in float (x86, one thread), and 0.66 of the
instructions on arm64; in int8, 0.93.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import Op, TfliteGraph, options
from _edgeship.export.tflite.objects import constant, kind_of, name_of


def convolve_padded_means(graph: TfliteGraph) -> None:
    """Let a DEPTHWISE_CONV_2D do what an AVERAGE_POOL_2D behind a PAD does, in place."""
    producers = {index: op for op in graph.ops for index in op.outputs}
    for op in graph.ops:
        if op.kind == "AVERAGE_POOL_2D" and _reads_border(op, producers):
            _convolve(graph, op)


def _reads_border(op: Op, producers: dict[int, Op]) -> bool:
    before = producers.get(op.inputs[0])
    inside = op.options.padding == schema.Padding.VALID  # a border of SAME does not count
    return inside and before is not None and before.kind in ("PAD", "PADV2")


def _convolve(graph: TfliteGraph, op: Op) -> None:
    pool, name = op.options, graph.tensors[op.outputs[0]].name
    channels = graph.tensors[op.inputs[0]].shape[3]
    taps = (pool.filterHeight, pool.filterWidth)
    filters = np.full((1, *taps, channels), 1 / np.prod(taps), np.float32)
    op.kind = "DEPTHWISE_CONV_2D"
    op.inputs = [
        op.inputs[0],
        graph.constant(f"{name}/mean", filters),
        graph.constant(f"{name}/bias", np.zeros(channels, np.float32)),
    ]
    op.options = steps_of(pool)


def steps_of(pool: Any) -> Any:
    """Return the options of a DEPTHWISE_CONV_2D that steps as a pool does, with its activation."""
    return options(
        "DepthwiseConv2DOptions",
        padding=schema.Padding.VALID,
        strideH=pool.strideH,
        strideW=pool.strideW,
        dilationHFactor=1,
        dilationWFactor=1,
        depthMultiplier=1,
        fusedActivationFunction=pool.fusedActivationFunction,
    )


def means(model: Any) -> set[str]:
    """Return the names of the tensors that depthwise convolutions compute as means.

    Rounded by itself, what they multiply by would shift every mean.

    Args:
        model: The float file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    found = set()
    for op in graph.operators:
        if kind_of(model, op) == schema.BuiltinOperator.DEPTHWISE_CONV_2D:
            filters = constant(model, graph.tensors[op.inputs[1]])
            if filters is not None and (filters == 1 / np.float32(filters[..., 0].size)).all():
                found.add(name_of(graph.tensors[op.outputs[0]]))
    return found
