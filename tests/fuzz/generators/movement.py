"""Nodes that only move elements, or repeat them: shapes, parts, indices, pads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.fuzz.generators.registry import Value, axis_of, generates

if TYPE_CHECKING:
    from tests.fuzz.random_graphs import Builder


@generates("Transpose", ranks=range(1, 7))
def _transpose(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], perm=[int(axis) for axis in b.rng.permutation(x.rank)])


@generates("Reshape")
def _reshape(b: Builder, x: Value, kind: str) -> object:
    rest, shape = int(np.prod(x.shape)), []
    while rest > 1 and len(shape) < 4:
        part = b.pick([d for d in range(1, rest + 1) if rest % d == 0])
        shape.append(int(part))
        rest //= part
    shape.append(-1 if b.rng.random() < 0.5 else rest)
    return b.add(kind, [x.name, b.integers(shape)])


@generates("Flatten", ranks=range(1, 7))
def _flatten(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], axis=int(b.rng.integers(x.rank + 1)))


@generates("Unsqueeze", ranks=range(4))
def _unsqueeze(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name, b.integers([int(b.rng.integers(x.rank + 1))])])


@generates("Squeeze")
def _squeeze(b: Builder, x: Value, kind: str) -> object:
    ones = [axis for axis, extent in enumerate(x.shape) if extent == 1]
    return b.add(kind, [x.name, b.integers([b.pick(ones)])]) if ones else None


@generates("Concat", ranks=range(1, 6))
def _concat(b: Builder, x: Value, kind: str) -> object:
    axis = axis_of(b, x)
    shape = list(x.shape)
    shape[axis] = int(b.rng.integers(1, 4))
    others = [v.name for v in b.values if v.shape == x.shape and v.dtype == x.dtype]
    names = [x.name, b.pick(others), *([b.floats(*shape)] if b.rng.random() < 0.5 else [])]
    return b.add(kind, names, axis=axis)


@generates("Split", ranks=range(1, 6))
def _split(b: Builder, x: Value, kind: str) -> object:
    axis = axis_of(b, x)
    if x.shape[axis] < 2:
        return None
    first = int(b.rng.integers(1, x.shape[axis]))
    sizes = b.integers([first, x.shape[axis] - first])
    return b.add(kind, [x.name, sizes], outputs=2, axis=axis)


@generates("Slice", ranks=range(1, 6))
def _slice(b: Builder, x: Value, kind: str) -> object:
    axis, step = axis_of(b, x), int(b.pick([1, 1, 2, 3, -1, -2]))
    extent = x.shape[axis]
    start, end = sorted(int(v) for v in b.rng.integers(-extent, extent + 3, 2))
    start, end = (end, start) if step < 0 else (start, end)
    names = [b.integers([v]) for v in (start, end, axis, step)]
    return b.add(kind, [x.name, *names])


@generates("Gather", ranks=range(1, 5))
def _gather(b: Builder, x: Value, kind: str) -> object:
    axis = axis_of(b, x)
    extent = x.shape[axis]
    shape = b.pick([(), (1,), (3,), (2, 2)])
    indices = b.constant(b.rng.integers(-extent, extent, shape).astype(np.int64))
    return b.add(kind, [x.name, indices], axis=axis)


@generates("GatherElements", ranks=range(1, 5))
def _gather_elements(b: Builder, x: Value, kind: str) -> object:
    axis = axis_of(b, x)
    indices = b.constant(b.rng.integers(0, x.shape[axis], x.shape).astype(np.int64))
    return b.add(kind, [x.name, indices], axis=axis)


@generates("Pad", ranks=range(1, 6))
def _pad(b: Builder, x: Value, kind: str) -> object:
    mode = b.pick(["constant", "edge", "reflect"])
    most = [min(3, extent) for extent in x.shape]
    pads = [int(b.rng.integers(0, m)) if b.rng.random() < 0.5 else 0 for m in (*most, *most)]
    value = [b.floats()] if mode == "constant" and b.rng.random() < 0.5 else []
    return b.add(kind, [x.name, b.integers(pads), *value], mode=mode)


@generates("Tile", ranks=range(1, 5))
def _tile(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name, b.integers(b.rng.integers(1, 3, x.rank))])


@generates("Expand", ranks=range(1, 5))
def _expand(b: Builder, x: Value, kind: str) -> object:
    shape = [2 if extent == 1 and b.rng.random() < 0.7 else extent for extent in x.shape]
    return b.add(kind, [x.name, b.integers(shape)])
