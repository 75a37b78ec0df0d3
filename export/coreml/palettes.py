"""Palettes: a few numbers that stand for all weights of a layer, found by k-means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: The most iterations of Lloyd's algorithm, which usually stops long before: when nothing moves.
_MOST_ITERATIONS = 300


def palette(weight: Array, bits: int, keep_zeros: bool) -> tuple[Array, Array]:
    """Return the palette of a weight and which of its entries stands for each element.

    The same weight gives the same palette: k-means starts close to where it should end, and draws
    nothing at random.

    Args:
        weight: Floating point numbers of any shape.
        bits: Width of an index.
        keep_zeros: Whether one entry is exactly 0, so that zeros stay zeros.

    Returns:
        The palette, of shape (2**bits,), in ascending order and of the weight's type, and the
        indices, uint8, flat.
    """
    size = 2**bits
    # In float64: NumPy 2.4.6 was seen to sort float16 numbers with many repetitions wrongly.
    values, counts = np.unique(weight.astype(np.float64), return_counts=True)
    if len(values) > size:
        nonzero = values != 0
        if keep_zeros and not nonzero.all():
            entries = np.append(_centers(values[nonzero], counts[nonzero], size - 1), 0.0)
        else:
            entries = _centers(values, counts, size)
    else:
        entries = values
    entries = np.sort(np.append(entries, np.full(size - len(entries), entries[-1])))
    entries = entries.astype(weight.dtype)
    # From the entries as they are stored, so that each weight gets the nearest of them.
    exact = entries.astype(np.float64)
    indices = np.searchsorted((exact[1:] + exact[:-1]) / 2, weight.astype(np.float64).ravel())
    return entries, indices.astype(np.uint8)


def _centers(values: Array, counts: Array, number: int) -> Array:
    """Return the centers of k-means on weighted numbers (Lloyd, doi 10.1109/TIT.1982.1056489).

    Args:
        values: In ascending order, all different, more than ``number``.
        counts: How often each occurs.
        number: How many centers.
    """
    centers = _first_centers(values, counts, number)
    occurrences = np.append(0, np.cumsum(counts))
    sums = np.append(0.0, np.cumsum(counts * values))
    for _ in range(_MOST_ITERATIONS):
        borders = np.searchsorted(values, (centers[1:] + centers[:-1]) / 2)
        edges = np.concatenate([[0], borders, [len(values)]])
        members = np.diff(occurrences[edges])
        moved = np.where(members > 0, np.diff(sums[edges]) / np.maximum(members, 1), centers)
        if np.array_equal(moved, centers):
            break
        centers = moved
    return centers


def _first_centers(values: Array, counts: Array, number: int) -> Array:
    """Return centers whose density is proportional to the cube root of that of the numbers.

    That is where the best ones lie if there are many (Panter and Dite, doi
    10.1109/JRPROC.1951.230419). Lloyd's algorithm by itself does not get there from evenly spaced
    centers or quantiles.
    """
    density, edges = np.histogram(values, bins=2 * number, weights=counts)
    share = np.cumsum(np.cbrt(density))
    middles = (edges[1:] + edges[:-1]) / 2
    centers: Array = np.interp((np.arange(number) + 0.5) / number, share / share[-1], middles)
    return centers
