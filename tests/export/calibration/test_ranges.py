import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.calibration.ranges import merge


def test_range_widens_to_the_extremes_of_all_samples() -> None:
    ranges: dict[str, tuple[float, float]] = {}
    merge(ranges, "relu", np.array([[0.0, 2.5]], np.float32), 0)
    merge(ranges, "relu", np.array([[-1.0, 1.0]], np.float32), 1)
    merge(ranges, "relu", np.array([[0.5]], np.float32), 2)
    merge(ranges, "scores", np.array([7.0], np.float32), 2)
    assert ranges == {"relu": (-1.0, 2.5), "scores": (7.0, 7.0)}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_name_tensor_and_sample(value: float) -> None:
    ranges = {"conv1": (-1.0, 1.0)}
    with pytest.raises(InputError, match="tensor conv1") as caught:
        merge(ranges, "conv1", np.array([0.0, value, 1.0], np.float32), 5)
    assert caught.value.where == "calibration sample 5"
    assert ranges == {"conv1": (-1.0, 1.0)}
