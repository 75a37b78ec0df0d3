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
from _edgeship.export.detection.segments import Segments
from _edgeship.export.graph.shapes import shape_of, static_shape

#: How many numbers say where a box is.
_BOX = 4

#: Where the walk from a head to what computed it ends.
_LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Reading:
    """Where boxes and scores are among the outputs, and what their numbers mean.

    Attributes:
        boxes: Number of the output with the boxes.
        scores: Of that with the scores.
        boxes_axis: Axis along which the numbers of one box lie, 1 or 2; the boxes lie along the
            other.
        scores_axis: Likewise of the scores.
        corners: Whether a box is left, top, right, bottom; else its middle x, y, width and height.
        objectness: Whether the first score says how likely there is anything, and the classes'
            are on condition of that.
    """

    boxes: int
    scores: int
    boxes_axis: int
    scores_axis: int
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

        A box that ends before it begins is empty, and lies in its middle.

        Args:
            outputs: What the network gave for one picture.
        """
        boxes, scores = (
            array.T if axis == 1 else array
            for array, axis in (
                (np.asarray(outputs[self.boxes][0], np.float32), self.boxes_axis),
                (np.asarray(outputs[self.scores][0], np.float32), self.scores_axis),
            )
        )
        if self.objectness:
            scores = scores[:, :1] * scores[:, 1:]
        first, second = boxes[:, [1, 0]], boxes[:, [3, 2]]
        middle = (first + second) / 2 if self.corners else first
        half = np.maximum(second - first if self.corners else second, 0) / 2
        return np.concatenate([middle - half, middle + half], 1), scores


def read_head(
    graph: ir.Graph, heads: Sequence[Head], reference: Sequence[Sequence[Any]]
) -> Reading:
    """Return how a detector's outputs are to be read.

    Args:
        graph: The graph whose outputs are apart.
        heads: Where they were taken apart; none if they were apart before.
        reference: What the network gives for each sample, with the outputs apart.

    Raises:
        InputError: There are several joined outputs, or there are not both one box and its scores,
            for one picture.
    """
    boxes, scores, first = _of_head(graph, heads) if heads else _of_outputs(graph)
    ends = [graph.outputs[number] for number, _ in (boxes, scores)]
    shape = static_shape(ends[0]) or ()
    if len(shape) != 3 or shape[0] != 1:
        raise _unreadable(f"boxes of the shape {shape}; one picture, and boxes along one axis")
    shared = not set(_sigmoids(ends[0])).isdisjoint(_sigmoids(ends[1]))
    width = shape_of(ends[1])[scores[1]]
    objectness = width > 1 and (first == 1 or shared)
    found = np.concatenate([np.asarray(one[boxes[0]][0]) for one in reference], 2 - boxes[1])
    rows = found.T if boxes[1] == 1 else found
    corners = are_corners(ends[0], boxes[1], rows)
    return Reading(boxes[0], scores[0], boxes[1], scores[1], corners, objectness)


#: Number of an output, and the axis along which the numbers of one box lie.
_End = tuple[int, int]


def _of_head(graph: ir.Graph, heads: Sequence[Head]) -> tuple[_End, _End, int]:
    """Return boxes and scores of an output that was taken apart, and how many scores come first.

    Raises:
        InputError: There is not one box and its scores.
    """
    names = [value.name or "" for value in graph.outputs]
    if len(heads) != 1:
        raise _unreadable(f"{len(heads)} outputs join boxes and scores, and one is needed")
    [head] = heads
    if head.raw:
        raise _unreadable("its scores do not end in a Sigmoid, so that they have no threshold")
    boxes = [part.name for part in head.parts if part.kind == "" and part.width == _BOX]
    scores = [part for part in head.parts if part.kind == "scores"]
    if len(boxes) != 1 or len(scores) != 1:
        parts = ", ".join(f"{part.name} of {part.width}" for part in head.parts)
        raise _unreadable(f"one box of 4 numbers and its scores are needed; there are {parts}")
    ends = [(names.index(name), head.axis) for name in (boxes[0], scores[0].name)]
    return ends[0], ends[1], scores[0].first


def _of_outputs(graph: ir.Graph) -> tuple[_End, _End, int]:
    """Return boxes and scores that are outputs of their own, and how many scores come first.

    Raises:
        InputError: There is not one of each.
    """
    segments = Segments()
    boxes, scores = [], []
    for number, value in enumerate(graph.outputs):
        shape = static_shape(value) or ()
        for axis in (2, 1) if len(shape) == 3 else ():
            found = segments.of(value, axis)
            if {one.kind for one in found} == {"scores"}:
                scores.append((number, axis, shape[3 - axis], found[0].width))
            elif shape[axis] == _BOX:
                boxes.append((number, axis, shape[3 - axis]))
    pairs = [(one, two) for one in boxes for two in scores if one[2] == two[2]]
    if len(pairs) != 1:
        names = ", ".join(f"{one.name} {tuple(static_shape(one) or ())}" for one in graph.outputs)
        raise _unreadable(
            "one box of 4 numbers, and its scores that end in a Sigmoid, are needed; there are "
            f"{names}"
        )
    [(box, score)] = pairs
    return (box[0], box[1]), (score[0], score[1]), score[3]


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
