from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.graph_ranges import graph_ranges


def model(text: str) -> bytes:
    header = '<ir_version: 10, opset_import: ["": 18]>\n'
    return onnx.parser.parse_model(header + text).SerializeToString()


DOUBLED = model(
    """g (float[1, 4] x) => (float[1, 4] y) <float two = {2.0}> {
        t = Mul(x, two)
        i = Cast<to = 7>(t)
        u = Neg(t)
        y = Cast<to = 1>(i)
    }"""
)


def filled(value: float) -> dict[str, NDArray[np.float32]]:
    return {"x": np.full((1, 4), value, np.float32)}


def test_ranges_are_the_smallest_and_largest_values_over_all_samples() -> None:
    samples = [filled(1.5), filled(-4.0), filled(0.25)]
    # Integers and constants have none; what nobody reads has one.
    assert graph_ranges(DOUBLED, samples) == {
        "x": (-4.0, 1.5),
        "t": (-8.0, 3.0),
        "u": (-3.0, 8.0),
        "y": (-8.0, 3.0),
    }


def test_a_range_covers_all_elements() -> None:
    ranges = graph_ranges(DOUBLED, [{"x": np.array([[1, -7, 3, 0]], np.float32)}])
    assert ranges["t"] == (-14.0, 6.0)


def test_ranges_of_random_samples_are_their_extremes() -> None:
    rng = np.random.default_rng(0)
    samples = [{"x": rng.standard_normal((1, 4), np.float32)} for _ in range(5)]
    values = np.concatenate([sample["x"] for sample in samples])
    ranges = graph_ranges(DOUBLED, samples)
    assert ranges["x"] == (values.min(), values.max())
    assert ranges["u"] == (-2 * values.max(), -2 * values.min())


def test_several_outputs_of_a_node_have_their_own_ranges() -> None:
    split = model(
        """g (float[1, 4] x) => (float[1, 2] a) <int64[2] sizes = {2, 2}> {
            a, b = Split<axis = 1>(x, sizes)
        }"""
    )
    ranges = graph_ranges(split, [{"x": np.array([[1, 2, 3, 4]], np.float32)}])
    assert (ranges["a"], ranges["b"]) == ((1.0, 2.0), (3.0, 4.0))


def test_infinity_is_refused_with_the_name_and_the_sample() -> None:
    reciprocal = model("g (float[1, 4] x) => (float[1, 4] y) { y = Reciprocal(x) }")
    with pytest.raises(InputError, match="tensor y") as caught:
        graph_ranges(reciprocal, [filled(1.0), filled(2.0), filled(0.0)])
    assert caught.value.where == "calibration sample 2"


def test_a_sample_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(VerificationError, match="ONNX Runtime fails"):
        graph_ranges(DOUBLED, [{"x": np.zeros((1, 3), np.float32)}])
