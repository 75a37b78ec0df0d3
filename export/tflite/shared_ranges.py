"""One range for all tensors that integer kernels must hold under one scale.

Kernels that only move elements read and write the same integers, so their inputs and outputs share
scale and zero point. Where the measured ranges differ, the quantizer would put a QUANTIZE operator
in between; where they are made equal first, none is needed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.disjoint_sets import DisjointSets
from _edgeship.export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator

#: Operators that keep the integers of one input -> the index of that input.
MOVING: dict[int, int] = {
    _B.AVERAGE_POOL_2D: 0,
    _B.BROADCAST_TO: 0,
    _B.DEPTH_TO_SPACE: 0,
    _B.GATHER: 0,
    _B.MAX_POOL_2D: 0,
    _B.MIRROR_PAD: 0,
    _B.PAD: 0,
    _B.PADV2: 0,
    _B.REDUCE_MAX: 0,
    _B.REDUCE_MIN: 0,
    _B.RESHAPE: 0,
    _B.RESIZE_BILINEAR: 0,
    _B.RESIZE_NEAREST_NEIGHBOR: 0,
    _B.SLICE: 0,
    _B.SPACE_TO_DEPTH: 0,
    _B.SPLIT: 1,
    _B.STRIDED_SLICE: 0,
    _B.TRANSPOSE: 0,
    _B.UNPACK: 0,
}

#: Operators that keep the integers of all their inputs.
JOINING = (_B.CONCATENATION, _B.MAXIMUM, _B.MINIMUM, _B.PACK)

#: A tensor that more than a joining operator reads keeps its own range if the common one is this
#: many times as wide: the other readers would lose two bits, which a QUANTIZE is worth.
_TOO_WIDE = 4.0

#: Operators whose kernels demand one output range, whatever was measured.
FIXED: dict[int, tuple[float, float]] = {
    _B.LOGISTIC: (0.0, 1.0),
    _B.SOFTMAX: (0.0, 1.0),
    _B.TANH: (-1.0, 1.0),
}

#: Operators that set what is beyond a bound to the bound.
_CLIPPING = (_B.MAXIMUM, _B.MINIMUM, _B.RELU, _B.RELU6, _B.RELU_0_TO_1, _B.RELU_N1_TO_1)

#: Functions that are flat beyond these inputs: exactly so, or to less than half a step of 8 bits.
_FLAT: dict[int, tuple[float, float]] = {
    _B.HARD_SWISH: (-3.0, math.inf),
    _B.LOGISTIC: (-8.0, 8.0),
    _B.TANH: (-4.0, 4.0),
}


def share_ranges(model: Any, ranges: Ranges, bits: int, apart: Collection[str] = ()) -> Ranges:
    """Return the ranges, where all tensors of a tied set have the widest range among them.

    A tensor with a fixed range imposes it on the tensors tied to it if they fit into it. If they
    do not, it keeps its range to itself, and the network needs a QUANTIZE operator there. A tensor
    that was zero throughout gets the range of 0 to 1, since a scale near 0 would make the integers
    of biases overflow.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> measured (min, max).
        bits: Of the activations: 8 or 16.
        apart: Tensors that stay in float, so that nothing is tied to them.
    """
    graph = model.subgraphs[0]
    view = _View(
        names=[name_of(tensor) for tensor in graph.tensors],
        kinds=[kind_of(model, op) for op in graph.operators],
        graph=graph,
    )
    shared = _clipped(view, ranges, bits)
    fixed = {
        view.names[op.outputs[0]]: FIXED[kind] for op, kind in view.operators() if kind in FIXED
    }
    tying = {name: range_ for name, range_ in shared.items() if name not in apart}
    for members in _tied(view, tying, fixed):
        free = [name for name in members if name not in fixed]
        low, high = _widest(free, shared)
        fitting = [fixed[n] for n in members if n in fixed and _contains(fixed[n], (low, high))]
        common = _representable(max(fitting), bits) if fitting else (low, high)
        shared.update((name, common) for name in free)
    return {name: (0.0, 1.0) if range_ == (0.0, 0.0) else range_ for name, range_ in shared.items()}


@dataclass(frozen=True)
class _View:
    """A graph with the names of its tensors and the kinds of its operators."""

    names: list[str]
    kinds: list[int]
    graph: Any

    def operators(self) -> list[tuple[Any, int]]:
        return list(zip(self.graph.operators, self.kinds, strict=True))

    def readers(self) -> Counter[int]:
        """Return how often each tensor is read, by operators or as an output of the file."""
        count = Counter(int(index) for op in self.graph.operators for index in op.inputs)
        count.update(int(index) for index in self.graph.outputs)
        return count


def _tied(view: _View, ranges: Ranges, fixed: Ranges) -> list[list[str]]:
    """Return the sets of tensors that are to have one range, each with its members in order."""
    sets = DisjointSets[str]()
    readers = view.readers()
    postponed: list[tuple[str, str]] = []
    for op, kind in view.operators():
        if kind in MOVING:
            for index in op.outputs:
                _join(sets, ranges, view.names[op.inputs[MOVING[kind]]], view.names[index])
        elif kind in JOINING:
            result = view.names[op.outputs[0]]
            if result not in ranges:
                continue
            for index in op.inputs:
                name = view.names[index]
                if readers[index] > 1 and name in ranges and name not in fixed:
                    postponed.append((name, result))
                else:
                    _join(sets, ranges, result, name)
    for name, result in postponed:
        own, common = (
            width(_widest([n for n in sets.members(tensor) if n not in fixed], ranges))
            for tensor in (name, result)
        )
        if own == 0.0 or common < _TOO_WIDE * own:
            _join(sets, ranges, result, name)
    return sets.all()


def _join(sets: DisjointSets[str], ranges: Ranges, a: str, b: str) -> None:
    # Constants have no range: they take that of the operator that reads them.
    if a in ranges and b in ranges:
        sets.join(a, b)


def _clipped(view: _View, ranges: Ranges, bits: int) -> Ranges:
    """Return the ranges cut down to the values that a tensor's reader tells apart.

    Only tensors with a single reader are cut. Integers saturate at the ends of their range, so the
    result is the same, and what is left has finer steps.
    """
    readers = view.readers()
    clipped = dict(ranges)
    # Backwards, so that a MAXIMUM passes on what the MINIMUM behind it cuts off.
    for op, kind in reversed(view.operators()):
        moving = [index for index in op.inputs if view.names[index] in ranges]
        if len(moving) != 1 or readers[moving[0]] != 1:
            continue
        if kind in _CLIPPING:
            bounds = clipped[view.names[op.outputs[0]]]
        elif kind in _FLAT and bits == 8:
            bounds = _FLAT[kind]
        else:
            continue
        source = view.names[moving[0]]
        low, high = ranges[source]
        clipped[source] = (_between(low, *bounds), _between(high, *bounds))
    return clipped


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _widest(names: list[str], ranges: Ranges) -> tuple[float, float]:
    return min(ranges[name][0] for name in names), max(ranges[name][1] for name in names)


def width(range_: tuple[float, float]) -> float:
    """Return how many real units the steps of a range span; zero is always in it."""
    return max(range_[1], 0.0) - min(range_[0], 0.0)


def _representable(bounds: tuple[float, float], bits: int) -> tuple[float, float]:
    """Return the real numbers between which the integers of a fixed range lie.

    Its scale is a power of two, and zero is one of the integers: 8 bits hold 0 to 255/256, not 1.
    """
    steps = 2**bits if bounds[0] == 0.0 and bits == 8 else 2 ** (bits - 1)
    return (bounds[0] if bits == 8 else -1.0 + 1.0 / steps, 1.0 - 1.0 / steps)


def _contains(outer: tuple[float, float], inner: tuple[float, float]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
