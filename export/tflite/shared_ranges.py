"""One range for all tensors that integer kernels must hold under one scale.

Kernels that only move elements read and write the same integers, so their inputs and outputs share
scale and zero point. Where the measured ranges differ, the quantizer would put a QUANTIZE operator
in between; where they are made equal first, none is needed.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from export.calibration.ranges import Ranges

_B = schema.BuiltinOperator

#: Operators that keep the integers: (which inputs share the scale of the outputs).
_KEEPING: dict[int, slice] = {
    _B.AVERAGE_POOL_2D: slice(0, 1),
    _B.BROADCAST_TO: slice(0, 1),
    _B.CONCATENATION: slice(None),
    _B.DEPTH_TO_SPACE: slice(0, 1),
    _B.EXPAND_DIMS: slice(0, 1),
    _B.GATHER: slice(0, 1),
    _B.MAX_POOL_2D: slice(0, 1),
    _B.MAXIMUM: slice(None),
    _B.MINIMUM: slice(None),
    _B.MIRROR_PAD: slice(0, 1),
    _B.PACK: slice(None),
    _B.PAD: slice(0, 1),
    _B.PADV2: slice(0, 1),
    _B.RESHAPE: slice(0, 1),
    _B.RESIZE_BILINEAR: slice(0, 1),
    _B.RESIZE_NEAREST_NEIGHBOR: slice(0, 1),
    _B.SLICE: slice(0, 1),
    _B.SPACE_TO_DEPTH: slice(0, 1),
    _B.SPLIT: slice(1, 2),
    _B.SQUEEZE: slice(0, 1),
    _B.STRIDED_SLICE: slice(0, 1),
    _B.TRANSPOSE: slice(0, 1),
}

#: Operators whose kernels demand one output range, whatever was measured.
_FIXED: dict[int, tuple[float, float]] = {
    _B.LOGISTIC: (0.0, 1.0),
    _B.SOFTMAX: (0.0, 1.0),
    _B.TANH: (-1.0, 1.0),
}


def share_ranges(model: Any, ranges: Ranges) -> Ranges:
    """Return the ranges with every set of tied tensors given its widest one.

    A tensor with a fixed range imposes it on the tensors tied to it if they fit into it; if they
    do not, it stays by itself and a QUANTIZE operator there is what the network needs.

    Args:
        model: The float file as the schema's ``ModelT``.
        ranges: Tensor name -> measured (min, max).
    """
    graph = model.subgraphs[0]
    names = [_text(tensor.name) for tensor in graph.tensors]
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode or 0) for code in model.operatorCodes]
    fixed = {
        names[op.outputs[0]]: _FIXED[kinds[op.opcodeIndex]]
        for op in graph.operators
        if kinds[op.opcodeIndex] in _FIXED
    }
    sets = _Sets()
    for op in graph.operators:
        kept = _KEEPING.get(kinds[op.opcodeIndex])
        if kept is None:
            continue
        tied = [names[i] for i in (*list(op.inputs)[kept], *op.outputs) if names[i] in ranges]
        for other in tied[1:]:
            sets.join(tied[0], other)

    shared = dict(ranges)
    for members in sets.groups():
        free = [name for name in members if name not in fixed]
        widest = (min(ranges[n][0] for n in free), max(ranges[n][1] for n in free))
        for name in members:
            if name in fixed and _contains(fixed[name], widest):
                widest = fixed[name]
        shared.update((name, widest) for name in free)
    return shared


def _contains(outer: tuple[float, float], inner: tuple[float, float]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


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
