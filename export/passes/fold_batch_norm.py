"""Batch normalization behind a convolution becomes part of the convolution."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.batch_norm import BatchNorm, constant_batch_norm
from _edgeship.export.graph.onnx_graph import float64_data
from _edgeship.export.passes.new_values import NewValues


def fold_batch_norm(model: ir.Model) -> int:
    """Fold ``Conv -> BatchNormalization`` into the convolution, in place.

    Inference only: y = gamma (conv(x) - mean) / sqrt(variance + epsilon) + beta is a convolution
    with scaled filters and another bias. A convolution whose result is also read elsewhere, or
    whose weights are not constant, is left alone.

    Returns:
        The number of batch normalizations folded.
    """
    folded = 0
    for node in list(model.graph):
        norm = constant_batch_norm(node)
        x = node.inputs[0] if norm is not None else None
        conv = x.producer() if x is not None else None
        if norm is None or conv is None or not _is_foldable(conv):
            continue
        _fold(model.graph, conv, node, norm)
        folded += 1
    return folded


def _is_foldable(conv: ir.Node) -> bool:
    """Return whether a node is a constant convolution whose result one node alone reads."""
    result = conv.outputs[0]
    return (
        conv.op_type == "Conv"
        and len(result.uses()) == 1
        and not result.is_graph_output()
        and all(value is None or value.const_value is not None for value in conv.inputs[1:])
    )


def _fold(graph: ir.Graph, conv: ir.Node, node: ir.Node, norm: BatchNorm) -> None:
    weight = float64_data(conv.inputs[1])
    has_bias = len(conv.inputs) > 2 and conv.inputs[2] is not None
    bias = float64_data(conv.inputs[2]) if has_bias else 0.0
    weight = weight * norm.scale.reshape(-1, *[1] * (weight.ndim - 1))
    # Copies: another convolution may share the weights.
    new, name = NewValues(graph), node.outputs[0].name
    offset = ((bias - norm.mean) * norm.scale + norm.beta).astype(np.float32)
    conv.resize_inputs(3)
    conv.replace_input_with(1, new.constant(f"{name}_weight", weight.astype(np.float32)))
    conv.replace_input_with(2, new.constant(f"{name}_bias", offset))
    old, result = node.outputs[0], conv.outputs[0]
    result.shape, result.type = old.shape, old.type
    old.replace_all_uses_with(result, replace_graph_outputs=True)
    graph.remove(node, safe=True)
    result.name = name
