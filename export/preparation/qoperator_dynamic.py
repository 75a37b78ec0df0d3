"""Files quantized at run time: DynamicQuantizeLinear and products of integers become float ones.

The scale of the activations, which is found anew for each input, cancels: integers times scale are
the activation again. So it becomes 1, and the integers become the activation.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.preparation.quantized_constants import constant

#: The operators that `undo_dynamic` replaces.
DYNAMIC = ("ConvInteger", "DynamicQuantizeMatMul", "MatMulInteger", "MatMulIntegerToFloat")

_PRODUCTS = {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}


def undo_dynamic(model: ir.Model) -> list[NDArray[np.float32]]:
    """Replace products of integers that are scaled at run time by float ones, in place.

    Only those whose activation comes from a DynamicQuantizeLinear, and whose weights are constant.

    Returns:
        The scales of the weights of each product.
    """
    graph, new = model.graph, NewValues(model.graph)
    undone = [_undo_fused(graph, node, new) for node in list(graph)]
    undone += [_undo_product(graph, node, new) for node in list(graph)]
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
    maker = _dynamic(node.inputs[0]) if node.op_type in _PRODUCTS else None
    weight = _weight(node, 1, 3) if maker is not None else None
    result = node.outputs[0]
    casts = [use.node for use in result.uses()]
    if maker is None or weight is None or any(one.op_type != "Cast" for one in casts):
        return None
    behind = _scale_behind(casts[0], maker) if len(casts) == 1 else None
    factor, end = (None, casts[0].outputs[0] if casts else result) if behind is None else behind
    if factor is not None:
        weight = weight * _along_outputs(factor, node.op_type, weight.ndim)
    constants = new.constant(f"{end.name}_weight", weight.astype(np.float32))
    product = ir.node(_PRODUCTS[node.op_type], [maker.inputs[0], constants], node.attributes)
    product.outputs[0].name = new.name(f"{end.name}_product")
    product.outputs[0].shape, product.outputs[0].type = end.shape, end.type
    graph.insert_before(node, product)
    for old in [end] if factor is not None else [one.outputs[0] for one in casts]:
        old.replace_all_uses_with(product.outputs[0], replace_graph_outputs=True)
        if old is end:
            product.outputs[0].name, old.name = old.name, product.outputs[0].name
    return np.ones(1, np.float32) if factor is None else factor.reshape(-1)


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
    value, seen_activation = cast.outputs[0], False
    while len(value.uses()) == 1 and not value.is_graph_output():
        ((mul, index),) = value.uses()
        if mul.op_type != "Mul":
            break
        other = mul.inputs[1 - index]
        data = constant(other)
        inner = None if other is None else other.producer()
        if data is not None:
            factors.append(data)
        elif other is maker.outputs[1]:
            seen_activation = True
        elif inner is not None and inner.op_type == "Mul" and maker.outputs[1] in inner.inputs:
            rest = inner.inputs[1 - list(inner.inputs).index(maker.outputs[1])]
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
