"""What is counted of outputs, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.evaluation.tally import Distance, Ranking, ranking_of


def ranked(*scores: list[float]) -> Ranking:
    found = [[np.array(each, np.float32)] for each in scores]
    ranking = ranking_of(found[0], len(found), None)
    assert ranking is not None
    for number, each in enumerate(found):
        ranking.add(number, each)
    return ranking


def test_the_best_come_first_and_the_first_of_equals() -> None:
    ranking = ranked([0, 3, 1, 3, 2, -1, 5], [1, 1, 1, 1, 1, 1, 1])
    assert ranking.best.tolist() == [[6, 1, 3, 4, 2], [0, 1, 2, 3, 4]]
    assert ranked([0, 1]).best.tolist() == [[1, 0, -1, -1, -1]]


def test_scores_that_are_not_finite_are_counted_and_never_best() -> None:
    ranking = ranked([math.nan, 1, 2], [0, math.inf, 1], [0, 2, 1])
    assert ranking.best[:, 0].tolist() == [2, 1, 1]
    assert ranking.not_finite == 2


def test_scores_are_the_output_with_one_for_each_class() -> None:
    outputs = [np.zeros((3, 4, 4)), np.zeros(7), np.zeros((5, 1, 1)), np.zeros(1)]
    found = [one.astype(np.float32) for one in outputs]
    for classes, expected in ((5, (2, 5)), (7, (1, 7)), (None, (1, 7)), (9, (1, 7))):
        ranking = ranking_of(found, 1, classes)
        assert ranking is not None
        assert (ranking.output, ranking.scores) == expected
    assert ranking_of(found[:1], 1, 5) is None


def test_noise_and_angles_by_hand() -> None:
    distance = Distance((8, 8))
    distance.add(np.array([3.0, 4.0], np.float32), np.array([3.0, 3.0], np.float32))
    distance.add(np.array([0.0, 5.0], np.float32), np.array([0.0, 5.0], np.float32))
    assert distance.sqnr_db == pytest.approx(10 * math.log10(50 / 1))
    angle = (9 + 12) / (5 * math.sqrt(18))
    assert distance.cosine == pytest.approx((angle + 1) / 2)
    assert distance.least_cosine == pytest.approx(angle)
    assert distance.mean_iou is None


def test_equal_outputs_have_no_noise_and_zeros_no_signal() -> None:
    equal, silent = Distance((8, 8)), Distance((8, 8))
    zeros, ones = np.zeros(2, np.float32), np.ones(2, np.float32)
    equal.add(zeros, zeros)
    assert (equal.sqnr_db, equal.cosine) == (math.inf, 1)
    silent.add(zeros, ones)
    assert (silent.sqnr_db, silent.cosine) == (-math.inf, 0)


def test_channels_may_lie_at_the_other_end() -> None:
    first = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    distance = Distance((3, 4))
    distance.add(first, np.moveaxis(first, 0, -1))
    assert distance.sqnr_db == math.inf
    with pytest.raises(InputError, match=r"\(5,\) cannot be compared with one of \(2, 3, 4\)"):
        distance.add(first, np.zeros(5, np.float32))


def test_label_maps_by_hand() -> None:
    expected = np.array([[0, 0, 1], [1, 2, 2]])
    found = np.array([[0, 1, 1], [1, 2, 0]])
    # Intersection over union: of 0: 1/3, of 1: 2/3, of 2: 1/2.
    by_hand = (1 / 3 + 2 / 3 + 1 / 2) / 3
    labels = Distance((8, 8))
    labels.add(expected, found)
    assert labels.mean_iou == pytest.approx(by_hand)
    # The same as scores, in a map of the size of the picture.
    scores = Distance((2, 3))
    eye = np.eye(3, dtype=np.float32)
    scores.add(np.moveaxis(eye[expected], -1, 0), np.moveaxis(eye[found], -1, 0))
    assert scores.mean_iou == pytest.approx(by_hand)
    # A map of another size is one of boxes, perhaps.
    boxes = Distance((4, 6))
    boxes.add(np.moveaxis(eye[expected], -1, 0), np.moveaxis(eye[found], -1, 0))
    assert boxes.mean_iou is None


def test_intersections_are_those_of_all_pictures_together() -> None:
    labels = Distance((8, 8))
    labels.add(np.array([[0, 0], [0, 0]]), np.array([[0, 0], [0, 0]]))
    labels.add(np.array([[0, 1], [1, 1]]), np.array([[1, 1], [1, 1]]))
    assert labels.mean_iou == pytest.approx((4 / 5 + 3 / 4) / 2)


def test_a_score_that_is_no_number_is_of_no_class() -> None:
    ranking = ranked([math.nan] * 3, [1, math.nan, -math.inf])
    assert ranking.best.tolist() == [[-1] * 5, [0, 2, -1, -1, -1]]
