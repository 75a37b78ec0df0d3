"""Axis orders: how a tensor is stored against how ONNX sees it.

A value of the ONNX graph is stored under a permutation ``perm``: axis ``k`` of the stored tensor
holds ONNX axis ``perm[k]``. An ONNX Transpose is then no work at all, only another permutation,
and a TRANSPOSE operator appears where an operator needs an order that differs from the stored one.
Axes of extent 1 may stand anywhere, so orders that differ only in those are a RESHAPE apart.
Everything here is arithmetic on tuples.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from _edgeship.export.graph.shapes import Shape

Perm = tuple[int, ...]

#: How many places make two transposes faster than one, and up to which extent of an axis.
_PLACES, _SMALL = 32, 7


def identity(rank: int) -> Perm:
    """Return the order of ONNX itself."""
    return tuple(range(rank))


def channels_last(rank: int) -> Perm:
    """Return N, spatial axes, C for rank 4 and above; ONNX's own order below."""
    return (0, *range(2, rank), 1) if rank >= 4 else identity(rank)


def inverse(perm: Perm) -> Perm:
    """Return the permutation that undoes ``perm``."""
    return tuple(perm.index(axis) for axis in range(len(perm)))


def permuted(values: Sequence[int], perm: Perm) -> Shape:
    """Return ``values``, given per ONNX axis, in stored order."""
    return tuple(values[axis] for axis in perm)


def significant(perm: Perm, shape: Shape) -> Perm:
    """Return the stored order of the axes whose extent is not 1; ``shape`` is ONNX's."""
    return tuple(axis for axis in perm if shape[axis] != 1)


def without(perm: Perm, axes: Collection[int]) -> Perm:
    """Return the order of what is left of a value when it loses some of its ONNX axes."""
    left = [axis for axis in perm if axis not in axes]
    return tuple(sorted(left).index(axis) for axis in left)


def moves(shape: Shape, order: Perm) -> bool:
    """Return whether a transpose of a tensor moves any element."""
    kept = significant(order, shape)
    return kept != tuple(sorted(kept))


def merge_axes(shape: Shape, order: Perm) -> tuple[Shape, Perm]:
    """Return the smallest shape and permutation that are the same transpose.

    Axes of extent 1 are dropped and axes that travel together are merged, so a transpose of a
    rank-5 tensor usually needs rank 3 only.
    """
    target = significant(order, shape)
    position = {axis: index for index, axis in enumerate(target)}
    runs: list[list[int]] = []
    for axis in sorted(target):
        if runs and position[axis] == position[runs[-1][-1]] + 1:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    merged = sorted(range(len(runs)), key=lambda index: position[runs[index][0]])
    return tuple(math.prod(shape[axis] for axis in run) for run in runs), tuple(merged)


def transpose_steps(shape: Shape, order: Perm) -> list[tuple[Shape, Perm]]:
    """Return transposes of rank 4 and below that do the same one after the other.

    Returns:
        Pairs of the shape to see the tensor under and its permutation. There is one wherever
        merging axes is enough, and two for a `_turned` one.
    """
    steps: list[tuple[Shape, Perm]] = []
    shape, order = merge_axes(shape, order)
    while len(order) > 4:
        # Axes before `placed` stay where they are; bring the one that comes next behind them.
        placed = int(order[0] == 0)
        axis = order[placed]
        between = math.prod(shape[placed:axis])
        view = (math.prod(shape[:placed]), between, shape[axis], math.prod(shape[axis + 1 :]))
        steps.append((view, (0, 2, 1, 3)))
        others = [index for index in range(placed, len(shape)) if index != axis]
        moved = (*range(placed), axis, *others)
        shape, order = merge_axes(
            permuted(shape, moved), tuple(moved.index(index) for index in order)
        )
    return [*steps, *_turned(shape, order)]


def _turned(shape: Shape, order: Perm) -> list[tuple[Shape, Perm]]:
    """Return a swap of two small axes, as a channel shuffle is, as two transposes of large ones.

    XNNPACK transposes each of many small matrices by itself, and many places as one matrix faster.
    A shuffle of 784 places with 3 groups of 20 channels took 221,000 instructions on arm64 in float
    and 476,000 in int8 as one transpose, and 117,000 and 83,000 as two. With 8 groups of 12 two
    took 184,000 in place of 175,000 in float, and with 20 groups of 3, 137,000 of 127,000. The same
    holds for 2 x 2 groups in reverse order: 784 places of 29 channels each took 577,000 in float as
    one transpose, and 233,000 as two.
    """
    channels, reverse = shape[1:], tuple(reversed(range(len(shape))))
    small = len(channels) > 1 and max(channels[:-1]) <= min(channels[-1], _SMALL)
    if small and order == (0, *reverse[:-1]) and shape[0] >= _PLACES:
        return [(shape, reverse), ((math.prod(channels), shape[0]), (1, 0))]
    return [(shape, order)]


def reshape_groups(before: Shape, after: Shape) -> list[tuple[list[int], list[int]]]:
    """Split a reshape into the smallest independent ones.

    Returns:
        Pairs of (axes before, axes after) with equal numbers of elements, in ONNX order; axes of
        extent 1 are in no pair.
    """
    groups: list[tuple[list[int], list[int]]] = []
    old = [axis for axis, extent in enumerate(before) if extent != 1]
    new = [axis for axis, extent in enumerate(after) if extent != 1]
    while old or new:
        left, right = [old.pop(0)], [new.pop(0)]
        while (a := math.prod(before[i] for i in left)) != (
            b := math.prod(after[i] for i in right)
        ):
            if a < b:
                left.append(old.pop(0))
            else:
                right.append(new.pop(0))
        groups.append((left, right))
    return groups


def order_before_reshape(stored: Perm, before: Shape, after: Shape) -> Perm:
    """Return the order nearest to ``stored`` in which the reshape moves no element.

    Each group of axes that the reshape joins or splits must lie together, in ONNX's order; the
    groups keep the order in which they are stored.
    """
    groups = reshape_groups(before, after)
    group_of = {axis: index for index, (axes, _) in enumerate(groups) for axis in axes}
    wanted: list[int] = []
    for axis in stored:
        if axis not in group_of:
            wanted.append(axis)
        elif axis not in wanted:
            wanted += groups[group_of[axis]][0]
    return tuple(wanted)


def order_after_reshape(stored: Perm, before: Shape, after: Shape) -> Perm:
    """Return the stored order of a reshaped value; ``stored`` is that of `order_before_reshape`.

    Axes of extent 1 go where they make the order channels-last or ONNX's own, if they can.
    """
    groups = reshape_groups(before, after)
    starts = {old[0]: new for old, new in groups}
    order = tuple(axis for first in stored if first in starts for axis in starts[first])
    for candidate in (channels_last(len(after)), identity(len(after))):
        if significant(candidate, after) == order:
            return candidate
    ones = tuple(axis for axis, extent in enumerate(after) if extent == 1)
    return ones + order
