"""Operators on integers (QLinearConv, QGemm, ...) written as float ones between Q and DQ.

ONNX Runtime's documentation of the com.microsoft domain says what their inputs are. The result is
what a file in the QDQ format has: DequantizeLinear, the operator, QuantizeLinear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.preparation.quantized_constants import constant, fitting

Values = Sequence[ir.Value | None]


class Expansion:
    """The nodes that one operator on integers becomes."""

    def __init__(self, node: ir.Node, opset: int, new: NewValues) -> None:
        self.node = node
        self.opset = opset
        self.new = new
        self.nodes: list[ir.Node] = []

    def add(self, op: str, inputs: Values, attributes: dict[str, Any] | None = None) -> ir.Value:
        """Add a node and return its result, which is named after that of the whole."""
        node = ir.node(op, inputs, attributes)
        self.nodes.append(node)
        base = f"{self.node.outputs[0].name}_{op}"
        node.outputs[0].name = self.new.name(base)
        return node.outputs[0]

    def real(self, triple: Values, axis: int | None = None) -> ir.Value:
        """Return what (integers, scale, zero point) stand for; the zero point may be missing."""
        scale = constant(triple[1])
        several = axis is not None and (scale is None or scale.size > 1)
        return self.add("DequantizeLinear", triple, {"axis": axis} if several else None)

    def bias(self, value: ir.Value | None, a: ir.Value | None, b: ir.Value | None) -> Values:
        """Return the bias as a list of none or one: its scale is the product of two others."""
        if value is None:
            return []
        first, second = constant(a), constant(b)
        if first is None or second is None:
            step = self.add("Mul", [a, b])
        else:
            product = (first.reshape(-1) * second.reshape(-1)).astype(np.float32)
            product = product.reshape(()) if product.size == 1 else product
            step = self.new.constant(f"{value.name}_scale", product)
        return [self.real([value, step], 0)]

    def integers(self, result: ir.Value, scale: ir.Value | None, zero: ir.Value | None) -> ir.Value:
        """Return a result as integers."""
        return self.add("QuantizeLinear", [result, scale, *([] if zero is None else [zero])])


#: Operator -> writes the nodes and returns the value that takes the place of its result.
_EXPANSIONS: dict[str, Callable[[Expansion, Values], ir.Value]] = {}


def _expands(*operators: str) -> Callable[..., Callable[[Expansion, Values], ir.Value]]:
    def register(
        function: Callable[[Expansion, Values], ir.Value],
    ) -> Callable[[Expansion, Values], ir.Value]:
        _EXPANSIONS.update(dict.fromkeys(operators, function))
        return function

    return register


def expand_qoperators(model: ir.Model) -> int:
    """Replace all operators of the table by float ones between conversions, in place.

    Returns:
        How many there were.
    """
    graph, count, new_values = model.graph, 0, NewValues(model.graph)
    for node in list(graph):
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.domain:
            node.domain = ""  # com.microsoft's are the standard ones, with more types
        if node.op_type not in _EXPANSIONS:
            continue
        expansion = Expansion(node, model.opset_imports.get("", 1), new_values)
        inputs = [*node.inputs, *[None] * 12]
        with fitting(node):
            old, new = node.outputs[0], _EXPANSIONS[node.op_type](expansion, inputs)
        new.type, new.shape = old.type, old.shape
        ir.convenience.replace_nodes_and_values(graph, node, [node], expansion.nodes, [old], [new])
        new.name = old.name
        count += 1
    return count


def _kept(node: ir.Node, *dropped: str) -> dict[str, Any]:
    """Return the attributes of a node without those of the integer operator alone."""
    return {name: value for name, value in node.attributes.items() if name not in dropped}


@_expands("QLinearConv", "QLinearConvTranspose")
def _conv(e: Expansion, v: Values) -> ir.Value:
    op = e.node.op_type.removeprefix("QLinear")
    weight = e.real(v[3:6], 1 if op == "ConvTranspose" else 0)
    x, bias = e.real(v[0:3]), e.bias(v[8], v[1], v[4])
    last = bool(integer(e.node, "channels_last", 0))
    x = e.add("Transpose", [x], {"perm": (0, 3, 1, 2)}) if last else x
    y = e.add(op, [x, weight, *bias], _kept(e.node, "channels_last"))
    y = e.add("Transpose", [y], {"perm": (0, 2, 3, 1)}) if last else y
    return e.integers(y, v[6], v[7])


@_expands("QLinearMatMul")
def _matmul(e: Expansion, v: Values) -> ir.Value:
    # Several scales of the first matrix are one per row, of the second one per column.
    product = e.add("MatMul", [e.real(v[0:3], -2), e.real(v[3:6], -1)])
    return e.integers(product, v[6], v[7])


@_expands("QGemm")
def _gemm(e: Expansion, v: Values) -> ir.Value:
    axis = 0 if integer(e.node, "transB", 0) else 1
    inputs = [e.real(v[0:3]), e.real(v[3:6], axis), *e.bias(v[6], v[1], v[4])]
    result = e.add("Gemm", inputs, _kept(e.node))
    return result if v[7] is None else e.integers(result, v[7], v[8])


@_expands("QLinearAdd", "QLinearMul")
def _binary(e: Expansion, v: Values) -> ir.Value:
    op = e.node.op_type.removeprefix("QLinear")
    return e.integers(e.add(op, [e.real(v[0:3]), e.real(v[3:6])]), v[6], v[7])


@_expands("QLinearSigmoid", "QLinearLeakyRelu")
def _unary(e: Expansion, v: Values) -> ir.Value:
    op = e.node.op_type.removeprefix("QLinear")
    return e.integers(e.add(op, [e.real(v[0:3])], _kept(e.node)), v[3], v[4])


@_expands("QLinearSoftmax")
def _softmax(e: Expansion, v: Values) -> ir.Value:
    # Its attribute says by which opset the axis is meant, whatever the file imports.
    axis, x = integer(e.node, "axis", -1), e.real(v[0:3])
    rank = None if v[0] is None or v[0].shape is None else len(v[0].shape)
    flat = integer(e.node, "opset", 13) < 13 and axis != -1 and rank != axis + 1
    if not flat:
        return e.integers(e.add("Softmax", [x], {"axis": axis}), v[3], v[4])
    shape = e.add("Shape", [x])
    result = e.add("Softmax", [e.add("Flatten", [x], {"axis": axis})], {"axis": -1})
    return e.integers(e.add("Reshape", [result, shape]), v[3], v[4])


@_expands("QLinearGlobalAveragePool", "QLinearAveragePool")
def _pool(e: Expansion, v: Values) -> ir.Value:
    op, x = e.node.op_type.removeprefix("QLinear"), e.real(v[0:3])
    last = bool(integer(e.node, "channels_last", 0))
    x = e.add("Transpose", [x], {"perm": (0, 3, 1, 2)}) if last else x
    y = e.add(op, [x], _kept(e.node, "channels_last"))
    y = e.add("Transpose", [y], {"perm": (0, 2, 3, 1)}) if last else y
    return e.integers(y, v[3], v[4])


@_expands("QLinearReduceMean")
def _reduce_mean(e: Expansion, v: Values) -> ir.Value:
    axes, keep = e.node.attributes.get("axes"), integer(e.node, "keepdims", 1)
    attributes: dict[str, Any] = {"keepdims": keep}
    inputs = [e.real(v[0:3])]
    if axes is not None and e.opset >= 18:
        data = np.array(list(axes.as_ints()), np.int64)
        inputs.append(e.new.constant(f"{e.node.outputs[0].name}_axes", data))
    elif axes is not None:
        attributes["axes"] = axes.as_ints()
    return e.integers(e.add("ReduceMean", inputs, attributes), v[3], v[4])


@_expands("QLinearConcat")
def _concat(e: Expansion, v: Values) -> ir.Value:
    given = [value for value in v if value is not None]
    parts = [e.real(given[start : start + 3]) for start in range(2, len(given), 3)]
    return e.integers(e.add("Concat", parts, _kept(e.node)), v[0], v[1])


@_expands("QLinearWhere")
def _where(e: Expansion, v: Values) -> ir.Value:
    chosen = e.add("Where", [v[0], e.real(v[1:4]), e.real(v[4:7])])
    return e.integers(chosen, v[7], v[8])


#: The operators that `expand_qoperators` replaces.
EXPANDED = frozenset(_EXPANSIONS)
