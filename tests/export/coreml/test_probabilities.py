from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.coreml.probabilities import check_probabilities

SCORES = np.log(np.array([[1, 2, 5]], np.float32))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_of_any_shape_are_the_softmax(dtype: type) -> None:
    check_probabilities("p", np.array([0.125, 0.25, 0.625], dtype), SCORES)


def test_a_five_hundredth_of_the_largest_is_rounding() -> None:
    check_probabilities("p", np.array([0.125, 0.25, 0.6262], np.float32), SCORES)


@pytest.mark.parametrize(
    "wrong",
    [
        [0.125, 0.25, 0.6263],
        [0.25, 0.125, 0.625],
        [0.25, 0.5, 1.25],
        [0.125, 0.25, np.nan],
        [0.375, 0.625],
    ],
)
def test_anything_else_is_refused(wrong: list[float]) -> None:
    with pytest.raises(VerificationError, match="p is not the softmax"):
        check_probabilities("p", np.array(wrong, np.float32), SCORES)
