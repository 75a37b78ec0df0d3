"""Which channels of an ONNX graph can be scaled, and which of them only together.

An operator that computes the same of scaled channels, only scaled (ReLU, pools, sums), ties those
of its inputs to those of its output. A convolution or a product with constant weights ties nothing:
its weights can undo any scale of its inputs, and give any to its outputs. What moves elements moves
their scales with them. What does none of this keeps the scales of what it reads and computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.equalization.factors import FIXED, Labels
from _edgeship.export.equalization.label_moves import compact, moved
from _edgeship.export.graph.disjoint_sets import DisjointSets
from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import shape_of, static_shape
from _edgeship.export.passes.channel_moves import constant, integers

#: Operators whose weights can undo a scale of their input and give one to their output -> the axis
#: of the channels in both.
ABSORBING = {"Conv": 1, "ConvTranspose": 1, "Gemm": 1, "MatMul": -1}

#: Operators that have f(s x, s y) = s f(x, y) for all s > 0; their constants are scaled as well.
JOINT = {"Add", "Max", "Min", "Sub", "Sum"}

#: Operators f of one input with f(s x) = s f(x), where s is the same along the axes that they
#: reduce or move windows over.
_HOMOGENEOUS = {
    *("Abs", "Dropout", "Identity", "LeakyRelu", "Neg", "PRelu", "Relu"),
    *("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"),
    *("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Resize"),
}


def channel_classes(model: ir.Model) -> dict[str, Labels]:
    """Return name of a value -> the class of each of its elements, for all that are computed.

    Elements of one class can be scaled by one positive factor without changing what the graph
    computes, if `absorb_scales` writes the constants that belong to it. The class `FIXED` can not.

    Args:
        model: With static shapes, and its constants as initializers.
    """
    return _Classes(model.graph).found()


class _Classes:
    """Labels of all elements, joined while the nodes are visited."""

    def __init__(self, graph: ir.Graph) -> None:
        self._graph = graph
        self._sets = DisjointSets[int]()
        self._sets.members(FIXED)
        self._labels: dict[ir.Value, Labels] = {}
        self._count = 1

    def found(self) -> dict[str, Labels]:
        for node in self._graph:
            made = self._visit(node)
            if made is None:
                for value in node.inputs:
                    self._fix(value)
                made = [None] * len(node.outputs)
            for value, labels in zip(node.outputs, made, strict=True):
                rank = len(static_shape(value) or ())
                self._labels[value] = np.zeros((1,) * rank, np.int64) if labels is None else labels
        for value in self._graph.outputs:
            self._fix(value)
        root = np.vectorize(self._sets.root, otypes=[np.int64])
        return {
            str(value.name): root(labels) for value, labels in self._labels.items() if labels.size
        }

    def _visit(self, node: ir.Node) -> Sequence[Labels | None] | None:
        """Join what a node ties, and return the labels of its outputs; None if there is no rule."""
        if any(static_shape(value) is None for value in node.outputs):
            return None
        if node.op_type in ABSORBING:
            return self._absorbing(node)
        rules: dict[str, Callable[[ir.Node], list[Labels] | None]] = {
            "Concat": self._concat,
            "Div": self._product,
            "Mul": self._product,
            "Pad": self._pad,
        }
        if node.op_type in rules:
            return rules[node.op_type](node)
        if node.op_type in JOINT:
            return self._joint(node)
        source = self._labels.get(node.inputs[0]) if node.inputs and node.inputs[0] else None
        if source is None:
            return None
        if node.op_type in _HOMOGENEOUS:
            return self._homogeneous(node, source)
        return moved(node, source)

    def _absorbing(self, node: ir.Node) -> list[Labels] | None:
        source, weights = node.inputs[0], constant(node.inputs[1])
        if source is None or weights is None or any(map(self._is_computed, node.inputs[1:])):
            return None
        if node.op_type == "MatMul" and weights.ndim != 2:
            return None
        shape = shape_of(source)
        axis = ABSORBING[node.op_type] % len(shape)
        if integer(node, "transA", 0):
            return None
        labels = self._labels.get(source)
        if labels is not None and labels.size != labels.shape[axis]:
            self._fix(source)
        shape = shape_of(node.outputs[0])
        axis = ABSORBING[node.op_type] % len(shape)
        fresh = np.arange(self._count, self._count + shape[axis])
        self._count += shape[axis]
        return [fresh.reshape([shape[axis] if i == axis else 1 for i in range(len(shape))])]

    def _homogeneous(self, node: ir.Node, labels: Labels) -> list[Labels] | None:
        if len(node.outputs) > 1 or any(map(self._is_computed, node.inputs[1:])):
            return None
        before, after = shape_of(node.inputs[0]), shape_of(node.outputs[0])
        axes: Sequence[int] = range(2, len(before)) if "Pool" in node.op_type else ()
        if node.op_type.startswith("Reduce"):
            axes = integers(node, "axes", 1) or range(len(before))
        elif node.op_type == "Resize":
            axes = [axis for axis, extent in enumerate(before) if after[axis] != extent]
        if any(labels.shape[axis] > 1 for axis in axes):
            return None
        if len(after) == len(before):
            return [labels]
        return [np.squeeze(labels, tuple(axis % len(before) for axis in axes))]

    def _joint(self, node: ir.Node) -> list[Labels] | None:
        rank = len(shape_of(node.outputs[0]))
        parts = [
            self._labels[value].reshape((1,) * (rank - self._labels[value].ndim) + labels.shape)
            for value in node.inputs
            if value is not None and (labels := self._labels.get(value)) is not None
        ]
        # An input of the network has no labels, and no constant is one.
        if not parts or any(
            value is None or (value not in self._labels and value.const_value is None)
            for value in node.inputs
        ):
            return None
        first, *others = np.broadcast_arrays(*parts)
        for one in others:
            self._join(first, one)
        return [compact(first)]

    def _product(self, node: ir.Node) -> list[Labels] | None:
        computed = [value for value in node.inputs if self._is_computed(value)]
        rank = len(shape_of(node.outputs[0]))
        if (len(computed) == 1 and computed[0] is node.inputs[0]) or node.op_type == "Mul":
            kept = self._scaled_factor(computed)
            labels = None if kept is None else self._labels.get(kept)
            if labels is not None:
                return [labels.reshape((1,) * (rank - labels.ndim) + labels.shape)]
        return None

    def _scaled_factor(self, factors: Sequence[ir.Value | None]) -> ir.Value | None:
        """Return the factor whose scale a product has; others, such as gates, keep theirs."""
        if len(factors) == 1:
            return factors[0]
        gates = [value for value in factors if value is not None and self._all_fixed(value)]
        if len(factors) != 2 or factors[0] is factors[1] or len(gates) == 2:
            return None
        sizes = [int(np.prod(static_shape(value) or (0,))) for value in factors]
        gate = gates[0] if gates else factors[int(np.argmin(sizes))]
        self._fix(gate)
        return factors[1] if gate is factors[0] else factors[0]

    def _pad(self, node: ir.Node) -> list[Labels] | None:
        pads = integers(node, "pads", 1)
        labels = self._labels.get(node.inputs[0]) if node.inputs[0] is not None else None
        filled = constant(node.inputs[2]) if len(node.inputs) > 2 else None
        if pads is None or labels is None or (filled is not None and filled.any()):
            return None
        axes = integers(node, "axes", 3) or list(range(labels.ndim))
        before, after = pads[: len(axes)], pads[len(axes) :]
        padded = [axis for axis, *wide in zip(axes, before, after, strict=True) if any(wide)]
        return None if any(labels.shape[axis] > 1 for axis in padded) else [labels]

    def _concat(self, node: ir.Node) -> list[Labels] | None:
        axis = integer(node, "axis", 0)
        parts = []
        for value in node.inputs:
            labels = None if value is None else self._labels.get(value)
            if value is None or labels is None:
                return None
            shape = list(labels.shape)
            shape[axis] = shape_of(value)[axis]
            parts.append(np.broadcast_to(labels, shape))
        sizes = np.max([part.shape for part in parts], axis=0)
        sizes[axis] = 0
        wide = [np.broadcast_to(part, np.maximum(sizes, part.shape)) for part in parts]
        return [compact(np.concatenate(wide, axis=axis))]

    def _is_computed(self, value: ir.Value | None) -> bool:
        return value is not None and value.const_value is None

    def _all_fixed(self, value: ir.Value) -> bool:
        labels = self._labels.get(value)
        if labels is None:
            return True
        return all(self._sets.root(int(label)) == FIXED for label in labels.flat)

    def _join(self, a: Labels, b: Labels) -> None:
        for one, other in np.unique(np.stack([a.reshape(-1), b.reshape(-1)], axis=1), axis=0):
            first, second = self._sets.root(int(one)), self._sets.root(int(other))
            if second == FIXED:
                first, second = second, first
            self._sets.join(first, second)

    def _fix(self, value: ir.Value | None) -> None:
        labels = None if value is None else self._labels.get(value)
        for label in () if labels is None else np.unique(labels):
            self._sets.join(FIXED, int(label))
