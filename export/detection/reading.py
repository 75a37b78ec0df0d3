"""How the boxes and scores of a detector are to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.detection.box_format import are_corners
from _edgeship.export.detection.heads import Head
from _edgeship.export.graph.shapes import static_shape

#: Where the walk from a head to what computed it ends.
_LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Reading:
    """Where boxes and scores are among the outputs, and what their numbers mean.

    Attributes:
        boxes: Number of the output with the boxes.
        scores: Of that with the scores.
        axis: Axis of both along which the numbers of one box lie, 1 or 2; the boxes lie along the
            other.
        corners: Whether a box is left, top, right, bottom; else its middle x, y, width and height.
        objectness: Whether the first score says how likely there is anything, and the classes'
            are on condition of that.
    """

    boxes: int
    scores: int
    axis: int
    corners: bool
    objectness: bool

    @property
    def in_words(self) -> str:
        """A sentence on it, for the user to check."""
        boxes = "left, top, right, bottom" if self.corners else "middle x, middle y, width, height"
        scores = (
            "the first score is taken for that of there being anything, which multiplies the others"
            if self.objectness
            else "every score is taken for that of a class"
        )
        return f"The boxes are read as {boxes}; {scores}."

    def read(
        self, outputs: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the corners (N, 4): top, left, bottom, right; and the scores of classes (N, C).

        Args:
            outputs: What the network gave for one picture.
        """
        arrays = [
            np.asarray(outputs[number][0], np.float32) for number in (self.boxes, self.scores)
        ]
        boxes, scores = (one.T if self.axis == 1 else one for one in arrays)
        if self.objectness:
            scores = scores[:, :1] * scores[:, 1:]
        if self.corners:
            return boxes[:, [1, 0, 3, 2]], scores
        middle, half = boxes[:, [1, 0]], boxes[:, [3, 2]] / 2
        return np.concatenate([middle - half, middle + half], 1), scores


def read_head(
    graph: ir.Graph, heads: Sequence[Head], reference: Sequence[Sequence[Any]]
) -> Reading:
    """Return how a detector's outputs are to be read.

    Args:
        graph: The graph whose outputs are apart.
        heads: Where they were taken apart.
        reference: What the network gives for each sample, with the outputs apart.

    Raises:
        InputError: There are several joined outputs; or one without both boxes and scores for one
            picture.
    """
    names = [value.name or "" for value in graph.outputs]
    if len(heads) != 1:
        raise _unreadable(f"{len(heads)} outputs join boxes and scores, and one is needed")
    [head] = heads
    if head.raw:
        raise _unreadable("its scores do not end in a Sigmoid, so that they have no threshold")
    boxes = [part.name for part in head.parts if part.kind == "" and part.width == 4]
    scores = [part for part in head.parts if part.kind == "scores"]
    if len(boxes) != 1 or len(scores) != 1:
        parts = ", ".join(f"{part.name} of {part.width}" for part in head.parts)
        raise _unreadable(f"one box of 4 numbers and its scores are needed; there are {parts}")
    numbers = [names.index(boxes[0]), names.index(scores[0].name)]
    shape = static_shape(graph.outputs[numbers[0]]) or ()
    if len(shape) != 3 or shape[0] != 1:
        raise _unreadable(f"boxes of the shape {shape}; one picture, and boxes along one axis")
    value = [graph.outputs[number] for number in numbers]
    shared = not set(_sigmoids(value[0])).isdisjoint(_sigmoids(value[1]))
    objectness = scores[0].width > 1 and (scores[0].first == 1 or shared)
    found = np.concatenate([np.asarray(one[numbers[0]][0]) for one in reference], 2 - head.axis)
    rows = found.T if head.axis == 1 else found
    corners = are_corners(value[0], head.axis, rows)
    return Reading(numbers[0], numbers[1], head.axis, corners, objectness)


def _sigmoids(value: ir.Value) -> Iterator[ir.Node]:
    """Yield the Sigmoids between a value and the layers that compute it.

    One of them for boxes and scores alike is what heads with anchors and an objectness have.
    """
    seen: set[ir.Value] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        node = one.producer()
        if one in seen or node is None or node.op_type in _LAYERS:
            continue
        seen.add(one)
        if node.op_type == "Sigmoid":
            yield node
        waiting += [operand for operand in node.inputs if operand is not None]


def _unreadable(why: str) -> InputError:
    return InputError(
        "The boxes of the network cannot be picked in the file.",
        why=why,
        todo="use --detection split, and pick the boxes in the application",
    )
