import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.calibration.ranges import Observed


def test_range_widens_to_the_extremes_of_all_samples() -> None:
    observed = Observed()
    observed.add("relu", np.array([[0.0, 2.5]], np.float32), 0)
    observed.add("relu", np.array([[-1.0, 1.0]], np.float32), 1)
    observed.add("relu", np.array([[0.5]], np.float32), 2)
    observed.add("scores", np.array([7.0], np.float32), 2)
    assert observed.ranges() == {"relu": (-1.0, 2.5), "scores": (7.0, 7.0)}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_name_tensor_and_sample(value: float) -> None:
    observed = Observed()
    observed.add("conv1", np.array([-1.0, 1.0], np.float32), 4)
    with pytest.raises(InputError, match="tensor conv1") as caught:
        observed.add("conv1", np.array([0.0, value, 1.0], np.float32), 5)
    assert caught.value.where == "calibration sample 5"
    assert observed.ranges() == {"conv1": (-1.0, 1.0)}
