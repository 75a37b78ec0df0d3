from __future__ import annotations

import numpy as np
import pytest

from _edgeship.device_bench.measurement.moved_inputs import kept_if_moved

PLAIN = {"dtype": np.float32, "quantization_parameters": {"scales": [], "zero_points": []}}


@pytest.mark.parametrize(("gain", "least", "most"), [(1, 40, 60), (100, 0, 20)])
def test_what_a_network_amplifies_is_seen(gain: float, least: float, most: float) -> None:
    still = np.random.default_rng(0).standard_normal((1, 500)).astype(np.float32)

    def run(inputs):
        return [still + gain * (inputs[0] - still)]

    kept = kept_if_moved(run, [still], [PLAIN], [still], [PLAIN])
    assert least < kept < most


def test_integers_without_a_scale_stay_as_they_are() -> None:
    index = np.arange(5, dtype=np.int32)
    one = np.ones((1, 4), np.float32)
    seen = []

    def run(inputs):
        seen.append(inputs[0])
        return [one]

    kept_if_moved(run, [index], [{**PLAIN, "dtype": np.int32}], [one], [PLAIN])
    assert all(np.array_equal(each, index) for each in seen)
