"""One range for all tensors that integer kernels must hold under one scale.

Kernels that only move elements read and write the same integers, so their inputs and outputs share
scale and zero point. Where the measured ranges differ, the quantizer would put a QUANTIZE operator
in between; where they are made equal first, none is needed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from export.calibration.ranges import Ranges
from export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator

#: Operators that keep the integers: (which inputs share the scale of the outputs).
_KEEPING: dict[int, slice] = {
    _B.AVERAGE_POOL_2D: slice(0, 1),
    _B.BROADCAST_TO: slice(0, 1),
    _B.CONCATENATION: slice(None),
    _B.DEPTH_TO_SPACE: slice(0, 1),
    _B.GATHER: slice(0, 1),
    _B.MAX_POOL_2D: slice(0, 1),
    _B.MAXIMUM: slice(None),
    _B.MINIMUM: slice(None),
    _B.MIRROR_PAD: slice(0, 1),
    _B.PACK: slice(None),
    _B.PAD: slice(0, 1),
    _B.PADV2: slice(0, 1),
    _B.REDUCE_MAX: slice(0, 1),
    _B.REDUCE_MIN: slice(0, 1),
    _B.RESHAPE: slice(0, 1),
    _B.RESIZE_BILINEAR: slice(0, 1),
    _B.RESIZE_NEAREST_NEIGHBOR: slice(0, 1),
    _B.SLICE: slice(0, 1),
    _B.SPACE_TO_DEPTH: slice(0, 1),
    _B.SPLIT: slice(1, 2),
    _B.STRIDED_SLICE: slice(0, 1),
    _B.TILE: slice(0, 1),
    _B.TRANSPOSE: slice(0, 1),
    _B.UNPACK: slice(0, 1),
}

#: Operators whose kernels demand one output range, whatever was measured.
_FIXED: dict[int, tuple[float, float]] = {
    _B.LOGISTIC: (0.0, 1.0),
    _B.SOFTMAX: (0.0, 1.0),
    _B.TANH: (-1.0, 1.0),
}

#: Operators that set what is beyond a bound to the bound.
_CLIPPING = (_B.MAXIMUM, _B.MINIMUM, _B.RELU, _B.RELU6, _B.RELU_0_TO_1, _B.RELU_N1_TO_1)


def share_ranges(model: Any, ranges: Ranges, bits: int) -> Ranges:
    """Return the ranges with every set of tied tensors given its widest one.

    A tensor with a fixed range imposes it on the tensors tied to it if they fit into it; if they
    do not, it stays by itself and a QUANTIZE operator there is what the network needs. A tensor
    that was zero throughout gets the range of 0 to 1, since a scale near 0 would make the integers
    of biases overflow.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> measured (min, max).
        bits: Of the activations: 8 or 16.
    """
    graph = model.subgraphs[0]
    names = [name_of(tensor) for tensor in graph.tensors]
    kinds = [kind_of(model, op) for op in graph.operators]
    shared = _clipped(graph, names, kinds, ranges)
    fixed: Ranges = {}
    sets = _Sets()
    for op, kind in zip(graph.operators, kinds, strict=True):
        if kind in _FIXED:
            fixed[names[op.outputs[0]]] = _FIXED[kind]
        if kind in _KEEPING:
            tied = [names[i] for i in (*list(op.inputs)[_KEEPING[kind]], *op.outputs)]
            tied = [name for name in tied if name in ranges]
            for other in tied[1:]:
                sets.join(tied[0], other)

    for members in sets.groups():
        free = [name for name in members if name not in fixed]
        low, high = min(shared[n][0] for n in free), max(shared[n][1] for n in free)
        fitting = [fixed[n] for n in members if n in fixed and _contains(fixed[n], (low, high))]
        common = _representable(max(fitting), bits) if fitting else (low, high)
        shared.update((name, common) for name in free)
    return {name: (0.0, 1.0) if range_ == (0.0, 0.0) else range_ for name, range_ in shared.items()}


def _clipped(graph: Any, names: list[str], kinds: list[int], ranges: Ranges) -> Ranges:
    """Return the ranges without what an operator that clips will cut off anyway.

    That holds for tensors that nothing else reads. Integers saturate at the ends of their range,
    so the same is cut off, and what is left has finer steps.
    """
    readers = Counter(int(index) for op in graph.operators for index in op.inputs)
    readers.update(int(index) for index in graph.outputs)
    clipped = dict(ranges)
    # Backwards, so that a MAXIMUM passes on what the MINIMUM behind it cuts off.
    for op, kind in reversed(list(zip(graph.operators, kinds, strict=True))):
        moving = [index for index in op.inputs if names[index] in ranges]
        result = names[op.outputs[0]]
        if kind not in _CLIPPING or len(moving) != 1 or readers[moving[0]] != 1:
            continue
        low, high = clipped[result]
        bounds = clipped[names[moving[0]]]
        clipped[names[moving[0]]] = (
            min(max(bounds[0], low), high),
            min(max(bounds[1], low), high),
        )
    return clipped


def _representable(bounds: tuple[float, float], bits: int) -> tuple[float, float]:
    """Return the real numbers between which the integers of a fixed range lie.

    Its scale is a power of two, and zero is one of the integers: 8 bits hold 0 to 255/256, not 1.
    """
    steps = 2**bits if bounds[0] == 0.0 and bits == 8 else 2 ** (bits - 1)
    return (bounds[0] if bits == 8 else -1.0 + 1.0 / steps, 1.0 - 1.0 / steps)


def _contains(outer: tuple[float, float], inner: tuple[float, float]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


class _Sets:
    """Disjoint sets of names."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        self._parent.setdefault(name, name)
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, a: str, b: str) -> None:
        self._parent[self.find(b)] = self.find(a)

    def groups(self) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._parent:
            found.setdefault(self.find(name), []).append(name)
        return list(found.values())
