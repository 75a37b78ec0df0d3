"""Batch normalization behind a convolution becomes part of the convolution."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir


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
    training = "training_mode" in norm.attributes and norm.attributes["training_mode"].as_int()
    result = conv.outputs[0]
    return (
        not training
        and len(result.uses()) == 1
        and not result.is_graph_output()
        and all(value is None or value.const_value is not None for value in constants)
    )


def _fold(graph: ir.Graph, conv: ir.Node, norm: ir.Node) -> None:
    gamma, beta, mean, variance = (_data(value) for value in norm.inputs[1:5])
    epsilon = norm.attributes["epsilon"].as_float() if "epsilon" in norm.attributes else 1e-5
    scale = gamma / np.sqrt(variance + epsilon)
    weight = _data(conv.inputs[1])
    bias = _data(conv.inputs[2]) if len(conv.inputs) > 2 and conv.inputs[2] is not None else 0.0
    weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
    # Both names come from the result's, which is unique; the weights may be shared.
    name = norm.outputs[0].name
    conv.resize_inputs(3)
    conv.replace_input_with(1, _constant(graph, f"{name}_weight", weight))
    conv.replace_input_with(2, _constant(graph, f"{name}_bias", (bias - mean) * scale + beta))
    old, new = norm.outputs[0], conv.outputs[0]
    new.shape, new.type = old.shape, old.type
    old.replace_all_uses_with(new, replace_graph_outputs=True)
    graph.remove(norm, safe=True)
    new.name = name


def _data(value: ir.Value | None) -> np.ndarray:
    if value is None or value.const_value is None:
        raise ValueError("a constant is missing")
    return value.const_value.numpy().astype(np.float64)


def _constant(graph: ir.Graph, name: str, data: np.ndarray) -> ir.Value:
    tensor = ir.tensor(data.astype(np.float32), name=name)
    value = ir.Value(name=name, const_value=tensor, shape=ir.Shape(data.shape))
    value.type = ir.TensorType(ir.DataType.FLOAT)
    graph.register_initializer(value)
    return value
