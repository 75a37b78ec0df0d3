"""Parts of an output whose numbers are of different sizes, which would hide each other.

A detector that joins boxes in pixels and scores of 0 to 1 in one tensor has an error of half a
pixel and scores that are all one value, and 46 dB in all. So the parts are compared one by one.

What a graph joins, a graph can tell apart (`export.verification.joined`). Where it does not, the
channels are sorted by the size of their numbers, and a part ends where the next size is far off. A
part need not be contiguous: the confidences of key points lie between their coordinates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.runtimes.values import Outputs

Array = NDArray[Any]

#: Sizes (root mean squares) this many times apart belong to different parts. In one scale of 8
#: bits, the smaller part then loses 3 of them, or 18 dB, which no whole output shows. Within one
#: kind of numbers, sizes follow one another more closely: the scores of common and rare classes do.
_APART = 8.0

#: An output has no more parts than this; the widest gaps count.
_MOST_PARTS = 4

#: Numbers that the size of a channel found by its numbers is taken from, at least: the root mean
#: square of so many numbers of one kind is within a factor of 2 of any other's.
_ENOUGH = 32

#: A part found by its numbers holds one channel in so many at least: single weak ones are dead.
_LEAST_SHARE = 1 / 32

#: One whose numbers are smaller than the largest by more than 16 bits is dead, too.
_DEAD = 2.0**-16


@dataclass(frozen=True)
class Joined:
    """Where the elements of an output come from.

    Attributes:
        sources: For each element of the output, an index into ``names``.
        names: The values that were joined.
        sigmoids: Those that a Sigmoid computes.
        steps: Those that are rounded to whole numbers, or made of integers or truth values.
    """

    sources: Array
    names: tuple[str, ...]
    sigmoids: frozenset[str]
    steps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Part:
    """A whole output, or some of its elements.

    Attributes:
        output: Index of the output.
        name: For people.
        mask: Which elements, of the shape of the output or one that broadcasts to it; None for
            all.
        found: Whether it was found by the size of its numbers.
        sigmoid: Whether a Sigmoid computes all of it.
        steps: Whether all of it are whole numbers, which are equal or a step apart.
        chosen: Whether the largest of several numbers decide what is in it
            (`export.verification.choices`).
    """

    output: int
    name: str
    mask: NDArray[np.bool_] | None = None
    found: bool = False
    sigmoid: bool = False
    steps: bool = False
    chosen: bool = False

    def of(self, array: Array) -> Array:
        """Return the elements of the part, from a value of the output."""
        return array if self.mask is None else array[np.broadcast_to(self.mask, array.shape)]


def whole_outputs(reference: Outputs, names: Sequence[str] = ()) -> list[Part]:
    """Return one part for each output."""
    count = len(reference[0]) if reference else 0
    return [Part(k, names[k] if k < len(names) else f"output {k}") for k in range(count)]


def parts_of(
    reference: Outputs,
    names: Sequence[str],
    joined: Mapping[str, Joined] | None = None,
    chosen: Collection[str] = (),
) -> list[Part]:
    """Return each output, followed by its parts if it has some.

    Zeros belong to no part: any error is as large as can be beside them. They count in the whole.

    Args:
        reference: Per sample, the arrays of all outputs.
        names: Of the outputs.
        joined: Output -> where its elements come from, for those that a graph joins.
        chosen: Outputs that the largest of several numbers decide on.
    """
    parts: list[Part] = []
    for whole in whole_outputs(reference, names):
        arrays = [sample[whole.output] for sample in reference]
        source = (joined or {}).get(whole.name)
        if source is not None and source.sources.shape != arrays[0].shape:
            source = None
        sigmoid = source is not None and source.sigmoids.issuperset(source.names)
        steps = source is not None and source.steps.issuperset(source.names)
        parts.append(Part(whole.output, whole.name, sigmoid=sigmoid, steps=steps))
        if arrays[0].dtype.kind != "f" or len({array.shape for array in arrays}) != 1:
            continue
        power = _power(arrays)
        own = _joined_parts(whole, power, source) if source is not None else []
        parts += own or _found_parts(whole, power, len(arrays))
    return [replace(part, chosen=names[part.output] in chosen) for part in parts]


def _power(arrays: Sequence[Array]) -> Array:
    """Return the mean square of each element over the samples, in float64."""
    total = np.zeros(arrays[0].shape)
    for array in arrays:
        exact = array.astype(np.float64)
        total += np.square(np.where(np.isfinite(exact), exact, 0.0))
    return total / len(arrays)


def _joined_parts(whole: Part, power: Array, joined: Joined) -> list[Part]:
    sizes = np.array(
        [
            np.sqrt(power[joined.sources == k].mean()) if (joined.sources == k).any() else 0.0
            for k in range(len(joined.names))
        ]
    )
    parts = []
    for group in sorted(_groups(sizes)):
        names = [joined.names[k] for k in group]
        mask = np.isin(joined.sources, group)
        words = _place(mask) or "what comes of " + ", ".join(names)
        sigmoid, steps = joined.sigmoids.issuperset(names), joined.steps.issuperset(names)
        name = f"{whole.name}, {words}"
        parts.append(Part(whole.output, name, mask, sigmoid=sigmoid, steps=steps))
    return parts


def _found_parts(whole: Part, power: Array, samples: int) -> list[Part]:
    """Return the parts along the one axis on which sizes differ most."""
    best: tuple[float, list[Part]] = (0.0, [])
    for axis in _channel_axes(power.ndim):
        extent = power.shape[axis]
        if extent < 2 or samples * power.size < _ENOUGH * extent:
            continue
        others = tuple(other for other in range(power.ndim) if other != axis)
        sizes = np.sqrt(power.mean(axis=others))
        groups = _without_dead(_groups(sizes), sizes)
        if len(groups) < 2:
            continue
        gap = float(sizes[groups[-1]].min() / sizes[groups[0]].max())
        parts = []
        for group in sorted(groups):
            mask = np.zeros(extent, bool)
            mask[group] = True
            along = mask.reshape([-1 if k == axis else 1 for k in range(power.ndim)])
            words = _indices(axis, power.ndim, group)
            parts.append(Part(whole.output, f"{whole.name}, {words}", along, found=True))
        if gap > best[0]:
            best = gap, parts
    return best[1]


def _channel_axes(rank: int) -> tuple[int, ...]:
    """Return the axes that channels may lie on: not the batch, nor rows and columns between."""
    return tuple(range(1, rank)) if rank < 4 else (1, rank - 1)


def _groups(sizes: Array) -> list[list[int]]:
    """Return the indices of items in groups, from small sizes to large; none if there is one."""
    order = [int(k) for k in np.argsort(sizes, kind="stable") if sizes[k] > 0.0]
    ratios = [sizes[b] / sizes[a] for a, b in pairwise(order)]
    gaps = sorted(
        (k for k, ratio in enumerate(ratios) if ratio >= _APART), key=lambda k: -ratios[k]
    )
    if not gaps:
        return []
    cuts = [0, *sorted(k + 1 for k in gaps[: _MOST_PARTS - 1]), len(order)]
    return [sorted(order[a:b]) for a, b in pairwise(cuts)]


def _without_dead(groups: list[list[int]], sizes: Array) -> list[list[int]]:
    """Return the groups, where those that are too few or too small join the next."""
    kept: list[list[int]] = []
    waiting: list[int] = []
    for group in groups:
        small = len(group) < _LEAST_SHARE * len(sizes)
        dead = sizes[group].max() < _DEAD * sizes.max()
        if (small or dead) and group is not groups[-1]:
            waiting += group
            continue
        kept.append(sorted(waiting + group))
        waiting = []
    return kept


def _place(mask: NDArray[np.bool_]) -> str:
    """Return where the elements of a mask lie if that is a slab along one axis, or ""."""
    for axis in range(1, mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        along = mask.any(axis=others)
        if np.array_equal(along, mask.all(axis=others)):
            return _indices(axis, mask.ndim, [int(k) for k in np.flatnonzero(along)])
    return ""


def _indices(axis: int, rank: int, indices: Sequence[int]) -> str:
    """Return words for some indices of an axis: ``channels 4..8`` or ``columns 2, 5, 8``."""
    kind = "columns" if axis == rank - 1 else "rows"
    if axis == 1 and rank > 2:
        kind = "channels"
    first, last = indices[0], indices[-1]
    if len(indices) == 1:
        return f"{kind[:-1]} {first}"
    if last - first + 1 == len(indices):
        return f"{kind} {first}..{last}"
    if len(indices) <= 6:
        return f"{kind} {', '.join(map(str, indices))}"
    return f"{len(indices)} {kind} between {first} and {last}"
