"""The outputs of a detector that join boxes and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import onnx_ir as ir

from _edgeship.errors import InputError
from _edgeship.export.detection.segments import Segment, Segments
from _edgeship.export.graph.shapes import static_shape

#: More parts than this are no boxes beside scores, but numbers in turns.
_MOST_PARTS = 6

#: More raw tensors than this are no box, its score and its classes.
_MOST_RAW = 3

#: How many numbers say where a box is.
_BOX = 4


@dataclass(frozen=True)
class Part:
    """Numbers of one kind in a joined output.

    Attributes:
        name: Of the output that they become.
        width: How many they are along the axis.
    """

    name: str
    width: int


@dataclass(frozen=True)
class Head:
    """An output that joins numbers of several kinds.

    Attributes:
        output: Its name.
        axis: Along which they are joined.
        parts: In the order of the axis.
    """

    output: str
    axis: int
    parts: tuple[Part, ...]


def find_heads(graph: ir.Graph) -> list[Head]:
    """Return the outputs that join numbers of different kinds, and where to take them apart.

    An output is one if, along one of its axes, some numbers end in a Sigmoid or Softmax (scores)
    and others do not (boxes). Where none does, tensors of which one is four wide are taken for
    boxes and their raw scores.

    Args:
        graph: All its values have static shapes.

    Raises:
        InputError: There is no such output.
    """
    segments = Segments()
    taken = {value.name for value in graph.outputs}
    heads: list[Head] = []
    for value in graph.outputs:
        axis, groups = _joined(segments, value)
        if groups:
            name = value.name or "output"
            heads.append(Head(name, axis, _named(name, groups, taken)))
    if not heads:
        raise _nothing_joined(graph)
    return heads


def _joined(segments: Segments, value: ir.Value) -> tuple[int, list[Segment]]:
    """Return the axis along which an output joins numbers, and what they are; nothing if none."""
    rank = len(static_shape(value) or ())
    axes = (rank - 1, *range(1, rank - 1)) if rank > 1 else ()
    for groups_of in (_groups, _raw_groups):
        for axis in axes:
            groups = groups_of(segments.of(value, axis))
            if 1 < len(groups) <= _MOST_PARTS:
                return axis, groups
    return 0, []


def _groups(found: Sequence[Segment]) -> list[Segment]:
    """Return segments with neighbours of one kind joined."""
    runs = [(kind, list(run)) for kind, run in groupby(found, key=lambda one: one.kind)]
    return [Segment(sum(one.width for one in run), kind) for kind, run in runs]


def _raw_groups(found: Sequence[Segment]) -> list[Segment]:
    """Return the box and what lies beside it where the application takes the Sigmoid itself."""
    widths = [one.width for one in found]
    if _BOX not in widths or len(widths) > _MOST_RAW:
        return []
    box = widths.index(_BOX)
    return [replace(one, kind="" if place == box else "scores") for place, one in enumerate(found)]


def _nothing_joined(graph: ir.Graph) -> InputError:
    names = ", ".join(str(one.name) for one in graph.outputs)
    if len(graph.outputs) > 1:
        why = f"its outputs are apart already: {names}"
        todo = "export without --detection"
    else:
        why = (
            f"the output {names} is not a Concat of scores, which end in Sigmoid or Softmax, and "
            "of other numbers"
        )
        todo = "name the tensors to export: --outputs A,B"
    what = "--detection finds no output that joins boxes and scores."
    return InputError(what, why=why, todo=todo)


def _named(output: str, groups: Sequence[Segment], taken: set[str | None]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for one in groups:
        word = one.kind or (
            "boxes" if not any(p.name.endswith("_boxes") for p in parts) else "extra"
        )
        name, count = f"{output}_{word}", 1
        while name in taken:
            count += 1
            name = f"{output}_{word}_{count}"
        taken.add(name)
        parts.append(Part(name, one.width))
    return tuple(parts)
