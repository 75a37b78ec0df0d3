"""Ranges are held against a plain search that rounds every value, without any histogram."""

import numpy as np
import pytest
from numpy.typing import NDArray

from _edgeship.export.calibration.observers import KEPT
from _edgeship.export.calibration.ranges import Observed

N = 8000


def seen(values: NDArray[np.floating], parts: int = 4) -> Observed:
    observed = Observed()
    for number, part in enumerate(np.array_split(values.astype(np.float32), parts)):
        observed.add("x", part, number)
    return observed


def squared_error(values: NDArray[np.floating], bounds: tuple[float, float]) -> float:
    low, high = min(bounds[0], 0.0), max(bounds[1], 0.0)
    scale = (high - low) / 255
    zero = round(-low / scale)
    steps = np.clip(np.rint(values / scale) + zero, 0, 255)
    return float(np.sum((scale * (steps - zero) - values) ** 2))


def values_of(kind: str) -> NDArray[np.float64]:
    generator = np.random.default_rng(0)
    normal = generator.standard_normal(N)
    return {
        "normal": normal,
        "behind a ReLU": np.maximum(normal, 0.0),
        "SiLU": 3 * normal / (1 + np.exp(-3 * normal)),
        "long tails": generator.standard_t(3, N),
        "one outlier": np.append(normal[1:], 200.0),
        "even": generator.uniform(-1.0, 3.0, N),
        "negative": -np.abs(normal),
    }[kind]


KINDS = ["normal", "behind a ReLU", "SiLU", "long tails", "one outlier", "even", "negative"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_shorter_range_has_much_less_error(kind: str) -> None:
    values = values_of(kind)
    found = seen(values).ranges("mse")["x"]
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    shares = np.linspace(0.1, 1.0, 46)
    best = min(
        squared_error(values, (low * a, high * b))
        for a in (shares if low else [1.0])
        for b in (shares if high else [1.0])
    )
    assert squared_error(values, found) <= 1.1 * best


def test_values_that_are_evenly_spread_are_not_cut_off() -> None:
    values = values_of("even")
    assert seen(values).ranges("mse")["x"] == pytest.approx((values.min(), values.max()), rel=0.011)


def test_an_outlier_is_worth_less_than_the_steps_of_all_others() -> None:
    values = np.append(np.random.default_rng(0).standard_normal(400_000), 80.0)
    errors = {
        observer: squared_error(values[:-1], seen(values).ranges(observer)["x"])
        for observer in ("mse", "min-max")
    }
    assert errors["mse"] < errors["min-max"] / 20


def test_16_bits_are_enough_for_all_values() -> None:
    observed = seen(values_of("one outlier"))
    assert observed.ranges("mse", 16) == observed.ranges("min-max", 16)


def test_percentile_leaves_out_its_share_of_the_values() -> None:
    values = np.random.default_rng(0).standard_normal(800_000)
    low, high = seen(values, 200).ranges("percentile")["x"]
    width = 2 * max(-values.min(), values.max()) / 2048
    assert high == pytest.approx(np.quantile(values, KEPT), abs=0.3 + width)
    assert low == pytest.approx(np.quantile(values, 1 - KEPT), abs=0.3 + width)
    assert values.min() < low
    assert high < values.max()


@pytest.mark.parametrize("observer", ["mse", "percentile", "min-max"])
def test_zeros_have_the_range_zero(observer: str) -> None:
    assert seen(np.zeros(8)).ranges(observer)["x"] == (0.0, 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("observer", ["mse", "percentile", "min-max"])
@pytest.mark.parametrize("value", [3.0, -2.5, 1e-30, 1e30])
def test_a_constant_is_in_its_range(observer: str, value: float) -> None:
    low, high = seen(np.full(8, value)).ranges(observer)["x"]  # type: ignore[arg-type]
    assert min(low, 0.0) <= np.float32(value) <= max(high, 0.0)


def test_samples_of_any_order_of_size_are_counted_where_they_belong() -> None:
    generator = np.random.default_rng(1)
    parts = [generator.uniform(-1, 1, 1000) * 10.0**power for power in (-3, 2, 0, 3)]
    observed = Observed()
    for number, part in enumerate(parts):
        observed.add("x", part.astype(np.float32), number)
    histogram = observed.histograms["x"]
    edges = np.append(histogram.centers - histogram.width / 2, 2048 * histogram.width)
    expected, _ = np.histogram(np.concatenate(parts).astype(np.float32), edges)
    # What was counted in narrow bins may be one bin off where an edge of theirs is none any more.
    assert np.abs(np.cumsum(expected - histogram.counts)).max() <= 2
