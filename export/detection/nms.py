"""Non-maximum suppression in NumPy, and whether what a runtime picked is that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Relative rounding of float32 that a box, a score or an overlap may have gone through.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Rules:
    """When a box is kept.

    Attributes:
        least_score: Of a box that is looked at.
        most_overlap: Intersection over union that two boxes may have, of whatever classes.
        most_boxes: How many are kept.
    """

    least_score: float = 0.25
    most_overlap: float = 0.45
    most_boxes: int = 100


@dataclass(frozen=True)
class Found:
    """The boxes of one picture, best first.

    Attributes:
        boxes: Their corners (K, 4): top, left, bottom, right.
        labels: Numbers of their classes (K,).
        scores: (K,).
    """

    boxes: Floats
    labels: NDArray[np.int64]
    scores: Floats


def pick(boxes: Floats, scores: Floats, rules: Rules) -> Found:
    """Return the best boxes that do not overlap with better ones, each with its best class.

    Args:
        boxes: Corners (N, 4): top, left, bottom, right.
        scores: Of each box and class (N, C).
        rules: When a box is kept.
    """
    best = scores.max(1)
    waiting = np.flatnonzero(best >= rules.least_score)
    waiting = waiting[np.argsort(-best[waiting], kind="stable")]
    kept: list[int] = []
    while len(waiting) and len(kept) < rules.most_boxes:
        kept.append(int(waiting[0]))
        overlaps = overlap(boxes[waiting[0]], boxes[waiting[1:]])
        waiting = waiting[1:][overlaps <= rules.most_overlap]
    rows = np.array(kept, np.int64)
    return Found(boxes[rows], scores[rows].argmax(1), best[rows])


def overlap(box: Floats, others: Floats) -> Floats:
    """Return the intersection over union of a box (4,) with others (N, 4)."""
    top, left = (np.maximum(box[side], others[..., side]) for side in (0, 1))
    bottom, right = (np.minimum(box[side], others[..., side]) for side in (2, 3))
    common = np.clip(bottom - top, 0, None) * np.clip(right - left, 0, None)
    both = _area(box) + _area(others) - common
    shares: Floats = np.where(both > 0, common / np.where(both > 0, both, 1), 0)
    return shares


def problem(boxes: Floats, scores: Floats, found: Found, rules: Rules) -> str:
    """Return what is wrong with boxes that a runtime picked, or "".

    The order of equal scores is nobody's rule, and integer scores are often equal. So this asks for
    what makes a result one of non-maximum suppression, whichever of the equal ones came first:
    what was picked is there and good enough, no two overlap, and whatever was left out overlaps
    with one that is at least as good, or came too late. Of boxes without an area only the first is
    asked.

    Args:
        boxes: Corners of all boxes (N, 4).
        scores: Theirs (N, C).
        found: What was picked.
        rules: By which.
    """
    count = len(found.scores)
    if count > rules.most_boxes:
        return f"{count} boxes were picked, and {rules.most_boxes} are the most"
    best = scores.max(1)
    for number in range(count):
        here = np.isclose(boxes, found.boxes[number], _ROUNDING, _size(boxes)).all(1)
        near = np.isclose(scores[:, found.labels[number]], found.scores[number], _ROUNDING, 1e-6)
        if not (here & near & np.isclose(best, found.scores[number], _ROUNDING, 1e-6)).any():
            return f"box {number} of those picked is none of the network's, or not of that class"
        if found.scores[number] < rules.least_score * (1 - _ROUNDING):
            return f"box {number} of those picked has the score {found.scores[number]:.3g}"
        later = overlap(found.boxes[number], found.boxes[number + 1 :])
        if not _thin(boxes, found.boxes[number]) and (later > rules.most_overlap + _ROUNDING).any():
            return f"box {number} of those picked overlaps with a later one"
    return _left_out(boxes, best, found, rules)


def _left_out(boxes: Floats, best: Floats, found: Found, rules: Rules) -> str:
    """Return which box should have been picked and was not, or ""."""
    full = len(found.scores) == rules.most_boxes
    least = max(rules.least_score, float(found.scores.min()) if full else 0.0)
    for row in np.flatnonzero(best > least * (1 + _ROUNDING)):
        better = found.boxes[found.scores >= best[row] * (1 - _ROUNDING)]
        covered = (overlap(boxes[row], better) > rules.most_overlap - _ROUNDING).any()
        picked = np.isclose(better, boxes[row], _ROUNDING, _size(boxes)).all(1).any()
        if not covered and not picked and not _thin(boxes, boxes[row]):
            return f"the box {boxes[row]} of score {best[row]:.3g} was left out"
    return ""


def _thin(boxes: Floats, box: Floats) -> bool:
    """Return whether a box is so thin that rounding decides with what it overlaps."""
    return float(np.minimum(box[2] - box[0], box[3] - box[1])) <= _size(boxes)


def _size(boxes: Floats) -> float:
    """Return how far apart equal corners may be, for boxes of such a size."""
    return _ROUNDING * float(np.abs(boxes).max(initial=0))


def _area(boxes: Floats) -> Floats:
    area: Floats = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return area
