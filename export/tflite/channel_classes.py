"""Which channels of a TFLite graph can be scaled, and which of them only together.

The last axis of every activation is taken for its channels. An operator that computes the same of
scaled channels, only scaled (ReLU, pools, sums), ties those of its inputs to those of its output.
A convolution with constant weights ties nothing: its weights can undo any scale of its inputs, and
give any to its outputs. What does neither keeps its channels as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from _edgeship.export.equalization.factors import FIXED, Labels
from _edgeship.export.graph.disjoint_sets import DisjointSets
from _edgeship.export.tflite.building.graph import Op, TfliteGraph

#: Operators that can scale their outputs, and undo a scale of their inputs, by their weights.
ABSORBING = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}

#: Operators f with f(s x) = s f(x) for each channel and each s > 0. The factors of PRELU stay.
_HOMOGENEOUS = {
    *("ABS", "AVERAGE_POOL_2D", "LEAKY_RELU", "MAX_POOL_2D", "NEG", "PRELU", "RELU"),
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
}

#: Operators of two inputs that have this property of both together.
JOINT = {"ADD", "MAXIMUM", "MINIMUM", "SUB"}

#: Reductions that have it along other axes than the channels'.
_REDUCTIONS = {"MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"}

_MOVES = {"EXPAND_DIMS", "RESHAPE", "SQUEEZE", "TRANSPOSE"}

#: Fused activations with the property: none, and ReLU.
_FUSED = (0, 1)


def channel_classes(graph: TfliteGraph) -> dict[int, Labels]:
    """Return tensor -> the class of each of its channels, for the activations in float32.

    Channels of one class can be scaled by one positive factor without changing what the graph
    computes, if `absorb_scales` writes the constants that belong to it. The class `FIXED` can not.
    """
    return _Classes(graph).found()


class _Classes:
    """Labels of all channels, joined while the operators are visited."""

    def __init__(self, graph: TfliteGraph) -> None:
        self._graph = graph
        self._sets = DisjointSets[int]()
        self._sets.members(FIXED)
        self._labels: dict[int, Labels] = {}
        count = 1
        for index, tensor in enumerate(graph.tensors):
            # An input without elements has no channels; nothing reads it.
            if tensor.data is None and tensor.dtype == np.float32 and any(tensor.shape[-1:]):
                self._labels[index] = np.arange(count, count + tensor.shape[-1])
                count += tensor.shape[-1]

    def found(self) -> dict[int, Labels]:
        for index in (*self._graph.inputs, *self._graph.outputs):
            self._fix(index)
        for op in self._graph.ops:
            if not self._visit(op):
                for index in (*op.inputs, *op.outputs):
                    self._fix(index)
        root = self._sets.root
        return {
            index: np.array([root(int(label)) for label in labels])
            for index, labels in self._labels.items()
        }

    def _visit(self, op: Op) -> bool:
        """Join what an operator ties; return whether there is a rule for it, and it holds."""
        if getattr(op.options, "fusedActivationFunction", 0) not in _FUSED:
            return self._reads(op) and self._fixes(op.outputs)
        if op.kind in ABSORBING:
            return self._reads(op)
        if op.kind in _HOMOGENEOUS:
            for index in op.inputs[1:]:
                self._fix(index)  # factors of PRELU that are computed
            return self._same(op.inputs[0], op.outputs[0])
        if op.kind in _REDUCTIONS:
            return self._reduction(op)
        if op.kind in JOINT:
            return self._joint(op)
        rules: dict[str, Callable[[Op], bool]] = {
            "CONCATENATION": self._concatenation,
            "MUL": self._product,
            "PAD": self._pad,
            "SLICE": self._slice,
            "SPLIT": self._split,
        }
        if op.kind in rules:
            return rules[op.kind](op)
        return op.kind in _MOVES and self._move(op)

    def _reads(self, op: Op) -> bool:
        """Return whether an operator's weights can undo scales of its inputs."""
        if op.kind not in ABSORBING or op.inputs[0] not in self._labels:
            return False
        if any(self._graph.tensors[index].data is None for index in op.inputs[1:] if index >= 0):
            return False
        weights = self._graph.tensors[op.inputs[1]]
        if weights.dtype != np.float32:
            return False
        return weights.shape[-1] % len(self._labels[op.inputs[0]]) == 0 or op.kind == "CONV_2D"

    def _fixes(self, outputs: list[int]) -> bool:
        for index in outputs:
            self._fix(index)
        return True

    def _same(self, source: int, result: int) -> bool:
        if source not in self._labels or result not in self._labels:
            return False
        return self._join(self._labels[source], self._labels[result])

    def _reduction(self, op: Op) -> bool:
        axes = self._graph.tensors[op.inputs[1]].data
        rank = len(self._graph.tensors[op.inputs[0]].shape)
        if axes is None or (rank - 1) in {int(axis) % rank for axis in axes.reshape(-1)}:
            return False
        return self._same(op.inputs[0], op.outputs[0])

    def _joint(self, op: Op) -> bool:
        result = self._labels.get(op.outputs[0])
        if result is None:
            return False
        computed = [index for index in op.inputs if self._graph.tensors[index].data is None]
        return all(
            index in self._labels and self._join(self._labels[index], result) for index in computed
        )

    def _product(self, op: Op) -> bool:
        computed = [index for index in op.inputs if self._graph.tensors[index].data is None]
        if len(computed) == 1:
            return self._same(computed[0], op.outputs[0])
        if len(computed) != 2:
            return False
        # A gate keeps its scale, and what is gated may change its own.
        sizes = [int(np.prod(self._graph.tensors[index].shape)) for index in computed]
        kept = [self._all_fixed(index) for index in computed]
        gate = kept.index(True) if any(kept) else int(np.argmin(sizes))
        self._fix(computed[gate])
        return self._same(computed[1 - gate], op.outputs[0])

    def _all_fixed(self, index: int) -> bool:
        labels = self._labels.get(index, np.zeros(0))
        return all(self._sets.root(int(label)) == FIXED for label in labels)

    def _pad(self, op: Op) -> bool:
        pads = self._graph.tensors[op.inputs[1]].data
        return pads is not None and not pads[-1].any() and self._same(op.inputs[0], op.outputs[0])

    def _concatenation(self, op: Op) -> bool:
        shape = self._graph.tensors[op.outputs[0]].shape
        if any(index not in self._labels for index in op.inputs):
            return False
        parts = [self._labels[index] for index in op.inputs]
        result = self._labels[op.outputs[0]]
        if op.options.axis % len(shape) == len(shape) - 1:
            return self._join(np.concatenate(parts), result)
        return all(self._join(part, result) for part in parts)

    def _slice(self, op: Op) -> bool:
        begin = self._graph.tensors[op.inputs[1]].data
        if begin is None or op.inputs[0] not in self._labels:
            return False
        first, result = int(begin[-1]), self._labels[op.outputs[0]]
        return self._join(self._labels[op.inputs[0]][first : first + len(result)], result)

    def _split(self, op: Op) -> bool:
        axis, source = self._graph.tensors[op.inputs[0]].data, op.inputs[1]
        if axis is None or source not in self._labels:
            return False
        rank = len(self._graph.tensors[source].shape)
        parts = [self._labels[index] for index in op.outputs]
        if int(axis.reshape(-1)[0]) % rank == rank - 1:
            return self._join(self._labels[source], np.concatenate(parts))
        return all(self._join(self._labels[source], part) for part in parts)

    def _move(self, op: Op) -> bool:
        source, result = op.inputs[0], op.outputs[0]
        if source not in self._labels or result not in self._labels:
            return False
        shape = self._graph.tensors[source].shape
        moved = np.broadcast_to(self._labels[source], shape)
        if op.kind == "TRANSPOSE":
            order = self._graph.tensors[op.inputs[1]].data
            if order is None:
                return False
            moved = moved.transpose(order)
        columns = moved.reshape(-1, self._graph.tensors[result].shape[-1])
        return all(
            self._join(np.unique(column), labels)
            for column, labels in zip(columns.T, self._labels[result].reshape(-1, 1), strict=True)
        )

    def _join(self, a: Labels, b: Labels) -> bool:
        """Join two rows of labels, of which one may hold a single label for all of the other."""
        for one, other in zip(*np.broadcast_arrays(a, b), strict=True):
            first, second = self._sets.root(int(one)), self._sets.root(int(other))
            if second == FIXED:
                first, second = second, first
            self._sets.join(first, second)
        return True

    def _fix(self, index: int) -> None:
        if index in self._labels:
            self._join(np.array([FIXED]), self._labels[index])
