"""The scale of a batch norm behind an activation becomes part of the convolution before it."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.batch_norm import BatchNorm, constant_batch_norm
from _edgeship.export.graph.onnx_graph import float64_data
from _edgeship.export.passes.new_values import NewValues

#: s f(x) = f(s x) for s > 0.
_HOMOGENEOUS = {"LeakyRelu", "MaxPool", "Relu"}


def absorb_scale(model: ir.Model) -> int:
    """Turn ``Conv -> activation -> BatchNormalization`` into ``Conv -> activation -> Add``.

    Activations that are linear on both sides of zero commute with positive factors, and so does a
    maximum. In integers this saves a rounding, and the convolution's per-channel scales take in
    what the batch norm would have evened out. Where a factor is negative or zero, its sign stays
    behind as a multiplication. The graph is changed in place.

    Returns:
        The number of batch normalizations taken apart.
    """
    absorbed = 0
    for node in list(model.graph):
        norm = constant_batch_norm(node)
        conv = _convolution_before(node) if norm is not None else None
        if norm is not None and conv is not None:
            _absorb(model.graph, conv, node, norm)
            absorbed += 1
    return absorbed


def _convolution_before(node: ir.Node) -> ir.Node | None:
    """Return the convolution whose result only this node reads, through activations."""
    value = node.inputs[0]
    while value is not None and len(value.uses()) == 1 and not value.is_graph_output():
        maker = value.producer()
        if maker is None or maker.op_type not in {"Conv", *_HOMOGENEOUS}:
            return None
        if maker.op_type == "Conv":
            constant = all(v is None or v.const_value is not None for v in maker.inputs[1:])
            return maker if constant else None
        value = maker.inputs[0]
    return None


def _absorb(graph: ir.Graph, conv: ir.Node, node: ir.Node, norm: BatchNorm) -> None:
    _scale(graph, conv, np.where(norm.scale == 0, 1.0, np.abs(norm.scale)))

    x, old = node.inputs[0], node.outputs[0]
    if x is None or x.shape is None:
        raise ValueError("a batch norm without an input")
    new = NewValues(graph)
    per_channel = (-1, *[1] * (len(x.shape) - 2))
    nodes, sign = [], np.sign(norm.scale)
    if (sign != 1).any():
        signs = new.constant(f"{old.name}_sign", _float32(sign, per_channel))
        nodes.append(ir.node("Mul", [x, signs]))
        x = nodes[-1].outputs[0]
        x.name, x.shape, x.type = f"{old.name}_signed", old.shape, old.type
    offset = new.constant(f"{old.name}_offset", _float32(norm.shift, per_channel))
    nodes.append(ir.node("Add", [x, offset], name=node.name))
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], nodes, node.outputs, nodes[-1].outputs
    )


def _scale(graph: ir.Graph, conv: ir.Node, factor: NDArray[np.float64]) -> None:
    """Multiply the outputs of a convolution; its constants may be shared, so they are copied."""
    new, name = NewValues(graph), conv.outputs[0].name
    weight = float64_data(conv.inputs[1])
    weight = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    conv.replace_input_with(1, new.constant(f"{name}_weight", weight.astype(np.float32)))
    if len(conv.inputs) > 2 and conv.inputs[2] is not None:
        bias = (float64_data(conv.inputs[2]) * factor).astype(np.float32)
        conv.replace_input_with(2, new.constant(f"{name}_bias", bias))


def _float32(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return values.astype(np.float32).reshape(shape)
