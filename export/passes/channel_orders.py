"""Which values of a graph must keep their channels in the same order, and who can reorder them.

Per-channel operators (activations, pooling, depthwise convolutions, element-wise arithmetic) read
and write channels in one order, so their inputs and outputs form a set with a common order. Dense
convolutions and matrix products join sets without tying them: a new order of their input or output
only permutes their weights. Everything else pins the sets it touches to the order of the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import onnx_ir as ir

from _edgeship.export.graph.disjoint_sets import DisjointSets
from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.channel_moves import constant, integers

_UNARY = {
    "Abs",
    "AveragePool",
    "Cast",
    "Ceil",
    "Clip",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "Log",
    "MaxPool",
    "Mish",
    "Neg",
    "Relu",
    "Sigmoid",
    "Softplus",
    "Sqrt",
    "Tanh",
}
_BINARY = {"Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub"}
_REDUCING = {"ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"}


class ChannelOrders:
    """Sets of values with a common channel order, and which of them are pinned."""

    def __init__(self, graph: ir.Graph, moving: set[ir.Node]) -> None:
        """Build the sets.

        Args:
            graph: The graph, with static shapes.
            moving: Nodes that are moves, which tie and pin nothing.
        """
        self._sets = DisjointSets[ir.Value]()
        self._pinned: set[ir.Value] = set()
        for node in graph:
            if node not in moving:
                self._visit(node)
        self.pin([*graph.inputs, *graph.outputs])

    def root(self, value: ir.Value) -> ir.Value:
        """Return the value that stands for the set of ``value``."""
        return self._sets.root(value)

    def pin(self, values: Iterable[ir.Value | None]) -> None:
        """Keep the order of the model for these values."""
        self._pinned.update(value for value in values if value is not None)

    def pinned_roots(self) -> set[ir.Value]:
        """Return the roots of all sets with a pinned value."""
        return {self.root(value) for value in self._pinned}

    def _visit(self, node: ir.Node) -> None:
        if is_dense(node):
            return
        if is_per_channel(node):
            tied = [v for v in node.inputs if v is not None and carries_channels(v)]
            if not tied:
                self.pin(node.outputs)
            for value in (*tied[1:], *(node.outputs if tied else ())):
                self._sets.join(tied[0], value)
            return
        self.pin(node.inputs)
        self.pin(node.outputs)


def is_dense(node: ir.Node) -> bool:
    """Return whether constant weights of a node absorb any order of its input and its output."""
    if node.op_type == "Conv":
        return integer(node, "group", 1) == 1 and _are_constants(node.inputs[1:])
    if node.op_type == "Gemm":
        shape = static_shape(node.inputs[0])
        plain = not integer(node, "transA", 0) and shape is not None and len(shape) == 2
        return plain and _are_constants(node.inputs[1:])
    return False


def is_per_channel(node: ir.Node) -> bool:
    """Return whether each output channel depends on the same channel of the inputs only."""
    shape = static_shape(node.inputs[0]) if node.inputs else None
    result = static_shape(node.outputs[0])
    if node.op_type in _BINARY and result is not None and len(result) >= 2:
        return _aligned(node, len(result), result[1])
    if shape is None or result is None or len(shape) < 2 or len(result) < 2:
        return False
    if node.op_type in _UNARY:
        return not any(output.uses() for output in node.outputs[1:])
    if node.op_type in _REDUCING:
        axes = integers(node, "axes", 1)
        return bool(axes) and all(axis % len(shape) > 1 for axis in axes or [])
    if node.op_type in ("Flatten", "Reshape", "Resize", "Squeeze", "Unsqueeze"):
        return shape[:2] == result[:2]
    if node.op_type == "Pad":
        pads = integers(node, "pads", 1) or []
        return len(pads) == 2 * len(shape) and pads[1] == pads[1 + len(shape)] == 0
    if node.op_type == "BatchNormalization":
        return _are_constants(node.inputs[1:])
    if node.op_type == "Conv":
        depthwise = integer(node, "group", 1) == shape[1] == result[1]
        return depthwise and _are_constants(node.inputs[1:])
    return False


def _are_constants(values: Sequence[ir.Value | None]) -> bool:
    return all(value is None or value.const_value is not None for value in values)


def _aligned(node: ir.Node, rank: int, channels: int) -> bool:
    """Return whether a broadcast has computed operands, all of which have the result's channels."""
    for value in node.inputs:
        shape = static_shape(value)
        if value is None or shape is None:
            return False
        if value.const_value is None and (len(shape) != rank or shape[1] != channels):
            return False
    return any(carries_channels(value) for value in node.inputs)


def carries_channels(value: ir.Value | None) -> bool:
    """Return whether a value is computed, and so has an order of its channels."""
    return value is not None and value.const_value is None


def channel_parameters(node: ir.Node) -> list[tuple[int, int]]:
    """Return (input index, axis) of each constant of a per-channel node that goes by channel."""
    if node.op_type == "BatchNormalization":
        return [(index, 0) for index in range(1, 5)]
    if node.op_type == "Conv":
        return [(index, 0) for index in range(1, len(node.inputs)) if node.inputs[index]]
    if node.op_type not in _BINARY:
        return []
    rank = len(static_shape(node.outputs[0]) or ())
    found = []
    for index, value in enumerate(node.inputs):
        data = constant(value)
        axis = -1 if data is None else data.ndim - rank + 1
        if data is not None and axis >= 0 and data.shape[axis] > 1:
            found.append((index, axis))
    return found


def dense_parameters(node: ir.Node) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return (input index, axis) of a dense node's constants by input and by output channel."""
    if node.op_type == "Conv":
        outputs = [(1, 0)]
        if len(node.inputs) > 2 and node.inputs[2] is not None:
            outputs.append((2, 0))
        return [(1, 1)], outputs
    turned = bool(integer(node, "transB", 0))
    outputs = [(1, 0 if turned else 1)]
    addend = constant(node.inputs[2]) if len(node.inputs) > 2 else None
    if addend is not None and addend.size > 1:
        outputs.append((2, addend.ndim - 1))
    return [(1, 1 if turned else 0)], outputs
