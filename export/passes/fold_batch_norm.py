"""Batch normalization behind a convolution becomes part of the convolution."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import float64_data, integer, real
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
        x = node.inputs[0] if node.op_type == "BatchNormalization" else None
        conv = x.producer() if x is not None else None
        if conv is None or conv.op_type != "Conv" or not _foldable(conv, node):
            continue
        _fold(model.graph, conv, node)
        folded += 1
    return folded


def _foldable(conv: ir.Node, norm: ir.Node) -> bool:
    constants = [*conv.inputs[1:], *norm.inputs[1:]]
    training = integer(norm, "training_mode", 0)
    result = conv.outputs[0]
    return (
        not training
        and len(result.uses()) == 1
        and not result.is_graph_output()
        and all(value is None or value.const_value is not None for value in constants)
    )


def _fold(graph: ir.Graph, conv: ir.Node, norm: ir.Node) -> None:
    gamma, beta, mean, variance = (float64_data(value) for value in norm.inputs[1:5])
    epsilon = real(norm, "epsilon", 1e-5)
    scale = gamma / np.sqrt(variance + epsilon)
    weight = float64_data(conv.inputs[1])
    bias = (
        float64_data(conv.inputs[2]) if len(conv.inputs) > 2 and conv.inputs[2] is not None else 0.0
    )
    weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
    # Copies: another convolution may share the weights.
    new, name = NewValues(graph), norm.outputs[0].name
    offset = ((bias - mean) * scale + beta).astype(np.float32)
    conv.resize_inputs(3)
    conv.replace_input_with(1, new.constant(f"{name}_weight", weight.astype(np.float32)))
    conv.replace_input_with(2, new.constant(f"{name}_bias", offset))
    old, result = norm.outputs[0], conv.outputs[0]
    result.shape, result.type = old.shape, old.type
    old.replace_all_uses_with(result, replace_graph_outputs=True)
    graph.remove(norm, safe=True)
    result.name = name
