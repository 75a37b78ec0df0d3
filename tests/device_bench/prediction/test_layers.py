"""Fits to layers: known coefficients come back, through noise and disturbed layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _edgeship.device_bench.prediction.layers import fit_layers
from _edgeship.device_bench.prediction.roof import Roof, Sample
from _edgeship.device_bench.prediction.work import Work, work_of
from tests.device_bench.prediction.synthetic_layers import (
    OVERHEAD,
    PER_BYTE,
    PER_MULT_ADD,
    known_time,
    pointwise,
)


def _works(count: int, seed: int = 0) -> list[Work]:
    rng = np.random.default_rng(seed)
    sizes = [
        [int(2 ** rng.uniform(*of)) for of in ((2, 10), (2, 10), (1, 6))] for _ in range(count)
    ]
    return [work_of(pointwise(a, b, side)) for a, b, side in sizes]


def test_known_coefficients_come_back_through_noise() -> None:
    rng = np.random.default_rng(1)
    works = _works(200)
    times = [known_time(work) * float(np.exp(0.05 * rng.standard_normal())) for work in works]
    # Both bounds are there to be found.
    waiting = sum(PER_BYTE * work.bytes > PER_MULT_ADD * work.mult_adds for work in works)
    assert 50 < waiting < 150
    for disturbed in (3, 50, 120):
        times[disturbed] *= 20
    found = fit_layers("conv 1x1", "float32", list(map(Sample, works, times)))
    assert found.overhead == pytest.approx(OVERHEAD, rel=0.1)
    assert found.per_mult_add == pytest.approx(PER_MULT_ADD, rel=0.05)
    assert found.per_byte == pytest.approx(PER_BYTE, rel=0.05)
    assert (found.samples, found.tile_in) == (200, 1)


def test_the_tiles_of_kernels_are_found() -> None:
    """A kernel that writes 16 channels at a time, each value worth 32 mult-adds, in int8."""
    works = [work for work in _works(200, seed=2) if work.mult_adds > 10_000]
    times = [300 + 0.1 * work.padded(1, 16, 32) for work in works]
    found = fit_layers("conv 1x1", "int8", list(map(Sample, works, times)))
    assert (found.tile_in, found.tile_out, found.finish) == (1, 16, 32)
    assert found.per_mult_add == pytest.approx(0.1, rel=0.02)
    # Memory was never what took long.
    assert found.per_byte == pytest.approx(0, abs=1e-3)


def test_what_never_takes_long_costs_nothing() -> None:
    works = _works(60, seed=3)
    by_memory = [Sample(work, 100 + 2.0 * work.bytes) for work in works]
    found = fit_layers("conv 1x1", "float32", by_memory)
    assert found.per_byte == pytest.approx(2.0, rel=0.02)
    assert all(found.time(work) == pytest.approx(time, rel=0.05) for work, time in by_memory)


_NUMBERS = st.floats(0, 1e3, allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(
    rates=st.tuples(_NUMBERS, _NUMBERS, _NUMBERS),
    tiles=st.tuples(st.sampled_from((1, 4, 8)), st.sampled_from((1, 8, 32)), st.integers(0, 64)),
    channels=st.tuples(st.integers(1, 600), st.integers(1, 600), st.integers(1, 40)),
    more=st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(0, 20)),
)
def test_more_to_do_never_takes_less_time(
    rates: tuple[float, float, float],
    tiles: tuple[int, int, int],
    channels: tuple[int, int, int],
    more: tuple[int, int, int],
) -> None:
    found = Roof(
        kind="conv 1x1",
        dtype="float32",
        overhead=rates[0],
        per_mult_add=rates[1],
        per_byte=rates[2],
        tile_in=tiles[0],
        tile_out=tiles[1],
        finish=tiles[2],
        samples=1,
        most_mult_adds=1,
        most_bytes=1,
    )
    small = work_of(pointwise(*channels))
    large = work_of(pointwise(*(a + b for a, b in zip(channels, more, strict=True))))
    assert small.mult_adds <= large.mult_adds
    assert found.time(small) <= found.time(large) * (1 + 1e-12)


def test_an_operator_reaches_beyond_what_was_measured() -> None:
    works = _works(30)
    found = fit_layers("conv 1x1", "float32", [Sample(one, known_time(one)) for one in works])
    assert all(found.reaches(work) for work in works)
    assert not found.reaches(work_of(pointwise(2048, 2048, 64)))
