import numpy as np

from _edgeship.export.equalization.shifts import certain_shift


def test_what_all_samples_say_is_taken_whole() -> None:
    assert certain_shift(np.full((5, 2), [0.5, -2.0])).tolist() == [0.5, -2.0]


def test_what_may_be_chance_is_left_out() -> None:
    """The mean, 0.25, is smaller than its standard error."""
    assert certain_shift(np.array([[2.5], [-1.5], [2.5], [-1.5]]) - 0.25).tolist() == [0.0]


def test_a_mean_is_drawn_to_zero_by_its_variance() -> None:
    differences = np.array([[1.0], [3.0]])  # mean 2, variance of it 1
    np.testing.assert_allclose(certain_shift(differences), [2 * (1 - 1 / 4)])
