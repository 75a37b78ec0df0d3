"""Products of integers (MatMulInteger, ConvInteger) and what scales them become float ones.

The scale of activations that a DynamicQuantizeLinear finds anew for each input cancels: integers
times scale are the activation again. So it becomes 1, and the integers become the activation.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.preparation.quantized_constants import constant, fitting

#: The operators that `undo_dynamic` replaces.
DYNAMIC = (
    "ConvInteger",
    "DynamicQuantizeLSTM",
    "DynamicQuantizeMatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
)

_PRODUCTS = {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}


def undo_dynamic(model: ir.Model) -> list[NDArray[np.float32]]:
    """Replace products of integers and what scales them by float ones, in place.

    Only those whose activation is quantized by a node of the graph, and whose weights are constant.

    Returns:
        The scales of the weights of each product.
    """
    graph, new = model.graph, NewValues(model.graph)
    undone = []
    for undo in (_undo_lstm, _undo_fused, _undo_product):
        for node in list(graph):
            with fitting(node):
                undone.append(undo(graph, node, new))
    found = [steps for steps in undone if steps is not None]
    if found:
        for node in list(graph):
            if node.op_type == "DynamicQuantizeLinear" and not any(
                use.node.op_type in _PRODUCTS for use in node.outputs[0].uses()
            ):
                _undo_scale(graph, node, new)
    return found


def _undo_product(graph: ir.Graph, node: ir.Node, new: NewValues) -> NDArray[np.float32] | None:
    """Turn ``Cast(ConvInteger(x, w))`` into a convolution of the activation, times its scales."""
    maker = _quantizer(node) if node.op_type in _PRODUCTS else None
    weight = _weight(node, 1, 3) if maker is not None else None
    result = node.outputs[0]
    casts = [use.node for use in result.uses()]
    if maker is None or weight is None or any(one.op_type != "Cast" for one in casts):
        return None
    step = constant(maker.inputs[1]) if len(maker.inputs) > 1 else None  # of a static quantizer
    behind = _scale_behind(casts[0], maker) if len(casts) == 1 else None
    factor, end = (None, casts[0].outputs[0] if casts else result) if behind is None else behind
    if step is not None:
        known = np.ones(1, np.float32) if factor is None else factor
        factor = np.divide(known, step.reshape(-1), dtype=np.float32)
    if factor is not None:
        weight = weight * _along_outputs(factor, node.op_type, weight.ndim)
    constants = new.constant(f"{end.name}_weight", weight.astype(np.float32))
    activation = _real(graph, new, node, maker)
    product = ir.node(_PRODUCTS[node.op_type], [activation, constants], node.attributes)
    product.outputs[0].name = new.name(f"{end.name}_product")
    product.outputs[0].shape, product.outputs[0].type = end.shape, end.type
    graph.insert_before(node, product)
    for old in [one.outputs[0] for one in casts] if behind is None else [end]:
        old.replace_all_uses_with(product.outputs[0], replace_graph_outputs=True)
        if old is end:
            product.outputs[0].name, old.name = old.name, product.outputs[0].name
    return np.ones(1, np.float32) if factor is None else factor.astype(np.float32).reshape(-1)


def _quantizer(node: ir.Node) -> ir.Node | None:
    """Return what quantizes the activation of a product, at run time or by a constant scale.

    Only if the product takes off the zero point that it adds.
    """
    source = node.inputs[0]
    maker = None if source is None else source.producer()
    zero = node.inputs[2] if len(node.inputs) > 2 else None
    if maker is None or maker.op_type not in ("DynamicQuantizeLinear", "QuantizeLinear"):
        return None
    if maker.op_type == "DynamicQuantizeLinear":
        return maker if zero is maker.outputs[2] else None
    step = constant(maker.inputs[1])
    own = constant(maker.inputs[2]) if len(maker.inputs) > 2 else np.zeros((), np.uint8)
    taken = constant(zero) if zero is not None else np.zeros((), np.uint8)
    if step is None or step.size != 1 or not step.item() > 0 or own is None or taken is None:
        return None
    return maker if np.array_equal(own.reshape(-1), taken.reshape(-1)) else None


def _real(graph: ir.Graph, new: NewValues, node: ir.Node, maker: ir.Node) -> ir.Value | None:
    """Return what the integers of an activation stand for."""
    if maker.op_type == "DynamicQuantizeLinear":
        return maker.inputs[0]
    real = ir.node("DequantizeLinear", [node.inputs[0], *maker.inputs[1:]])
    real.outputs[0].name = new.name(f"{node.outputs[0].name}_activation")
    graph.insert_before(node, real)
    return real.outputs[0]


def _undo_fused(graph: ir.Graph, node: ir.Node, new: NewValues) -> NDArray[np.float32] | None:
    """Turn com.microsoft's products, which hold their scales, into a MatMul and an Add."""
    if node.op_type == "DynamicQuantizeMatMul":
        activation, scale, zero, bias = node.inputs[0], 2, 3, 4
    elif node.op_type == "MatMulIntegerToFloat":
        maker = _dynamic(node.inputs[0])
        if maker is None:
            return None
        activation, scale, zero, bias = maker.inputs[0], 3, 5, 6
    else:
        return None
    weight, step = _weight(node, 1, zero), constant(node.inputs[scale])
    if weight is None or step is None:
        return None
    real = (weight * step).astype(np.float32)
    constants = new.constant(f"{node.outputs[0].name}_weight", real)
    nodes = [ir.node("MatMul", [activation, constants])]
    if len(node.inputs) > bias and node.inputs[bias] is not None:
        nodes[0].outputs[0].name = new.name(f"{node.outputs[0].name}_product")
        nodes.append(ir.node("Add", [nodes[0].outputs[0], node.inputs[bias]]))
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], nodes, node.outputs, nodes[-1].outputs
    )
    return step.astype(np.float32).reshape(-1)


def _undo_lstm(graph: ir.Graph, node: ir.Node, new: NewValues) -> NDArray[np.float32] | None:
    """Turn com.microsoft's DynamicQuantizeLSTM, whose weights lie transposed, into an LSTM."""
    if node.op_type != "DynamicQuantizeLSTM":
        return None
    inputs, steps = [*node.inputs[:8], *[None] * (8 - len(node.inputs[:8]))], []
    for index, at in ((1, 8), (2, 10)):
        data, step, zero = (constant(node.inputs[n]) for n in (index, at, at + 1))
        if data is None or step is None or zero is None:
            return None
        # One for each direction, or for each direction and column: (directions, inputs, columns).
        per_column = [one.reshape(data.shape[0], 1, -1) for one in (step, zero)]
        real = (data.astype(np.float32) - per_column[1].astype(np.float32)) * per_column[0]
        name = f"{node.outputs[0].name}_weight{index}"
        inputs[index] = new.constant(name, real.transpose(0, 2, 1).astype(np.float32))
        steps.append(step.astype(np.float32).reshape(-1))
    lstm = ir.node("LSTM", inputs, node.attributes, num_outputs=len(node.outputs))
    ir.convenience.replace_nodes_and_values(graph, node, [node], [lstm], node.outputs, lstm.outputs)
    return np.concatenate(steps)


def _undo_scale(graph: ir.Graph, node: ir.Node, new: NewValues) -> None:
    one = new.constant(f"{node.outputs[1].name}_one", np.ones((), np.float32))
    node.outputs[1].replace_all_uses_with(one)


def _dynamic(value: ir.Value | None) -> ir.Node | None:
    node = None if value is None else value.producer()
    return node if node is not None and node.op_type == "DynamicQuantizeLinear" else None


def _weight(node: ir.Node, index: int, zero_index: int) -> NDArray[np.float32] | None:
    """Return constant weights less their zero points, along the last axis where those are several.

    The zero points of a ConvInteger's weights, which may be several only in theory, are one.
    """
    data = constant(node.inputs[index])
    if data is None:
        return None
    value = node.inputs[zero_index] if zero_index < len(node.inputs) else None
    zero = constant(value)
    if value is not None and zero is None:
        return None
    offset = np.zeros((), np.int32) if zero is None else zero.astype(np.int32)
    if offset.size > 1 and node.op_type == "ConvInteger":
        offset = offset.reshape(-1, *[1] * (data.ndim - 1))
    return (data.astype(np.int32) - offset).astype(np.float32)


def _scale_behind(cast: ir.Node, maker: ir.Node) -> tuple[NDArray[np.float32], ir.Value] | None:
    """Return the constant part of the factors behind a Cast, and the value with all of them.

    They are ``cast * (activation_scale * weight_scale)``, or the two one after the other.
    """
    factors: list[NDArray[np.float32]] = []
    scale = maker.outputs[1] if len(maker.outputs) > 1 else maker.inputs[1]
    value, seen_activation = cast.outputs[0], maker.op_type == "QuantizeLinear"
    while len(value.uses()) == 1 and not value.is_graph_output():
        ((mul, index),) = value.uses()
        if mul.op_type != "Mul":
            break
        other = mul.inputs[1 - index]
        data = constant(other)
        inner = None if other is None else other.producer()
        if data is not None:
            factors.append(data)
        elif other is scale:
            seen_activation = True
        elif inner is not None and inner.op_type == "Mul" and scale in inner.inputs:
            rest = inner.inputs[1 - list(inner.inputs).index(scale)]
            part = constant(rest)
            if part is None:
                break
            factors.append(part)
            seen_activation = True
        else:
            break
        value = mul.outputs[0]
        if seen_activation and factors:
            break
    if not seen_activation or not factors:
        return None
    return reduce(np.multiply, [one.reshape(-1) for one in factors]), value


def _along_outputs(factor: NDArray[np.float32], op: str, rank: int) -> NDArray[np.float32]:
    """Return factors, one or one per output, in a shape that multiplies the weights."""
    if factor.size == 1:
        return factor.reshape(())
    return factor.reshape(-1, *[1] * (rank - 1)) if op == "ConvInteger" else factor.reshape(-1)
