"""Non-maximum suppression against ONNX Runtime's, and what is said of results that are not it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from onnx import parser

from _edgeship.export.detection.nms import Found, Rules, pick, problem

RULES = Rules(least_score=0.3, most_overlap=0.5, most_boxes=8)


def oracle(boxes: np.ndarray, scores: np.ndarray, rules: Rules) -> Found:
    """Return what ONNX Runtime picks among the boxes, each with its best class."""
    text = f"""<ir_version: 8, opset_import: ["" : 17]>
    net (float[1,n,4] boxes, float[1,1,n] best) => (int64[k,3] kept)
    <int64 most = {{{rules.most_boxes}}}, float overlap = {{{rules.most_overlap}}},
     float least = {{{rules.least_score}}}> {{
       kept = NonMaxSuppression(boxes, best, most, overlap, least)
    }}"""
    session = onnxruntime.InferenceSession(parser.parse_model(text).SerializeToString())
    best = scores.max(1)
    [kept] = session.run(None, {"boxes": boxes[None], "best": best[None, None]})
    rows = kept[:, 2]
    return Found(boxes[rows], scores[rows].argmax(1), best[rows])


def scene(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes and scores of which many overlap."""
    random = np.random.default_rng(seed)
    middle, size = random.uniform(0, 60, (count, 2)), random.uniform(10, 40, (count, 2))
    boxes = np.concatenate([middle - size / 2, middle + size / 2], 1).astype(np.float32)
    return boxes, random.uniform(0, 1, (count, 4)).astype(np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_the_same_boxes_are_picked_as_by_onnx_runtime(seed):
    boxes, scores = scene(seed)
    expected = oracle(boxes, scores, RULES)
    found = pick(boxes, scores, RULES)
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert problem(boxes, scores, expected, RULES) == ""


def test_nothing_is_picked_where_nothing_is_good_enough():
    boxes, scores = scene(0)
    found = pick(boxes, scores * 0.1, RULES)
    assert len(found.scores) == 0
    assert problem(boxes, scores * 0.1, found, RULES) == ""
    assert "was left out" in problem(boxes, scores, found, RULES)


def test_equal_scores_may_come_in_any_order():
    boxes = np.array([[0, 0, 10, 10], [0, 1, 10, 11], [50, 50, 60, 60]], np.float32)
    scores = np.array([[0.5, 0.5], [0.5, 0], [0.5, 0]], np.float32)
    for rows, labels in (([0, 2], [0, 0]), ([2, 1], [0, 0]), ([0, 2], [1, 0])):
        found = Found(boxes[rows], np.array(labels), scores[rows, labels])
        assert problem(boxes, scores, found, RULES) == ""


def test_of_boxes_without_an_area_either_may_stay():
    boxes = np.array([[5, 0, 5, 10], [5, 0, 5, 10], [20, 20, 30, 30]], np.float32)
    scores = np.array([[0.9], [0.8], [0.7]], np.float32)
    for rows in ([0, 2], [0, 1, 2]):
        found = Found(boxes[rows], np.zeros(len(rows), np.int64), scores[rows, 0])
        assert problem(boxes, scores, found, RULES) == ""
    alone = Found(boxes[:2], np.zeros(2, np.int64), scores[:2, 0])
    assert "was left out" in problem(boxes, scores, alone, RULES)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda found: row(found, slice(1, None)), "was left out"),
        (lambda found: row(found, [0, 0, *range(1, len(found.scores))]), "overlaps"),
        (lambda found: replace(found, boxes=found.boxes + 5), "none of the network's"),
        (lambda found: replace(found, labels=(found.labels + 1) % 4), "not of that class"),
        (lambda found: replace(found, scores=found.scores * 0.9), "none of the network's"),
    ],
)
def test_what_is_no_suppression_is_found_out(change, sentence):
    boxes, scores = scene(1)
    rules = replace(RULES, most_boxes=60)
    found = pick(boxes, scores, rules)
    assert len(found.scores) > 3
    assert sentence in problem(boxes, scores, change(found), rules)


def row(found: Found, rows: object) -> Found:
    return Found(found.boxes[rows], found.labels[rows], found.scores[rows])


def test_scores_below_the_threshold_and_too_many_boxes_are_found_out():
    boxes, scores = scene(2)
    low = pick(boxes, scores, replace(RULES, most_boxes=60))
    strict = replace(RULES, least_score=0.8, most_boxes=60)
    assert "has the score" in problem(boxes, scores, low, strict)
    many = pick(boxes, scores, replace(RULES, most_boxes=9))
    assert "are the most" in problem(boxes, scores, many, RULES)
