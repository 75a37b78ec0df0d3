from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from _edgeship.export.coreml.palettes import palette

Array = NDArray[Any]


def restored(weight: Array, bits: int, keep_zeros: bool = False) -> Array:
    entries, indices = palette(weight, bits, keep_zeros)
    assert entries.shape == (2**bits,)
    assert entries.dtype == weight.dtype
    assert indices.dtype == np.uint8
    values: Array = entries[indices].reshape(weight.shape)
    return values


def error(weight: Array, approximation: Array) -> float:
    return float(np.square(weight.astype(np.float64) - approximation).mean())


def normal(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float16)


def best_error(numbers: Array, groups: int) -> float:
    """The smallest error of any partition of sorted numbers into groups of neighbours."""
    values = np.sort(numbers.astype(np.float64))
    cuts = itertools.combinations(range(1, len(values)), groups - 1)
    partitions = (np.split(values, cut) for cut in cuts)
    return min(sum(np.square(p - p.mean()).sum() for p in ps) for ps in partitions) / len(values)


@pytest.mark.parametrize("seed", range(5))
def test_few_numbers_are_grouped_nearly_as_well_as_can_be(seed: int) -> None:
    numbers = np.random.default_rng(seed).standard_normal(14)
    assert error(numbers, restored(numbers, 2)) <= 1.5 * best_error(numbers, 4)


@pytest.mark.parametrize(("bits", "decibels"), [(4, 20.22), (6, 32.0)])
def test_bell_shaped_weights_lose_what_theory_says(bits: int, decibels: float) -> None:
    """Max's table (doi 10.1109/TIT.1960.1057548): 20.22 dB; beyond it 2.721 / 4**bits remains."""
    weight = np.random.default_rng(1).standard_normal(200_000)
    found = -10 * np.log10(error(weight, restored(weight, bits)) / weight.var())
    assert abs(found - decibels) < 0.3


def test_few_different_numbers_are_kept_exactly() -> None:
    weight = np.array([[0.5, -0.25], [3.0, 0.5]], np.float16)
    np.testing.assert_array_equal(restored(weight, 4), weight)


def test_a_constant_weight() -> None:
    weight = np.full((3, 3), 0.125, np.float16)
    np.testing.assert_array_equal(restored(weight, 4), weight)


def test_zeros_stay_zeros_where_they_are_to_be_kept() -> None:
    weight = normal(64, 64)
    weight[np.abs(weight) < 0.05] = 0
    kept = restored(weight, 4, keep_zeros=True)
    assert (kept[weight == 0] == 0).all()
    assert (restored(weight, 4)[weight == 0] != 0).any()


def test_each_number_gets_the_nearest_entry() -> None:
    weight = normal(1000)
    entries, indices = palette(weight, 4, False)
    distances = np.abs(weight.astype(np.float64)[:, None] - entries.astype(np.float64))
    chosen = distances[np.arange(len(weight)), indices]
    np.testing.assert_array_equal(chosen, distances.min(axis=1))


def test_the_same_weight_gives_the_same_palette() -> None:
    weight = normal(100, 100)
    for first, second in zip(palette(weight, 6, True), palette(weight, 6, True), strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_entries_ascend() -> None:
    entries, _ = palette(normal(5000), 6, True)
    assert (np.diff(entries) >= 0).all()
