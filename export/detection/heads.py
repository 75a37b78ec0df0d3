"""The outputs of a detector that join boxes and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import onnx_ir as ir

from _edgeship.errors import InputError
from _edgeship.export.detection.segments import Kind, Segment, Segments
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
        kind: What they are.
        first: How many of them come from one place, the first ones.
    """

    name: str
    width: int
    kind: Kind
    first: int


@dataclass(frozen=True)
class Head:
    """An output that joins numbers of several kinds.

    Attributes:
        output: Its name.
        axis: Along which they are joined.
        parts: In the order of the axis.
        raw: Whether the scores do not end in a Sigmoid or Softmax, which the application takes.
    """

    output: str
    axis: int
    parts: tuple[Part, ...]
    raw: bool = False

    def renamed(self, names: Mapping[str, str]) -> Head:
        """Return it where outputs are called otherwise; names that are missing stay."""
        parts = (replace(part, name=names.get(part.name, part.name)) for part in self.parts)
        return replace(self, parts=tuple(parts))


#: Neighbours of one kind.
_Run = tuple[Segment, ...]


def find_heads(graph: ir.Graph, *, needed: bool = True) -> list[Head]:
    """Return the outputs that join numbers of different kinds, and where to take them apart.

    An output is one if, along one of its axes, some numbers end in a Sigmoid or Softmax (scores)
    and others do not (boxes). Where none does, tensors of which one is four wide are taken for
    boxes and their raw scores.

    Args:
        graph: All its values have static shapes.
        needed: Whether there must be one.

    Raises:
        InputError: There is no such output, and one is needed.
    """
    segments = Segments()
    taken = {value.name for value in graph.outputs}
    heads: list[Head] = []
    for value in graph.outputs:
        axis, runs, raw = _joined(segments, value)
        if runs:
            name = value.name or "output"
            heads.append(Head(name, axis, _named(name, runs, taken), raw))
    if needed and not heads:
        raise _nothing_joined(graph)
    return heads


def _joined(segments: Segments, value: ir.Value) -> tuple[int, list[_Run], bool]:
    """Return the axis along which an output joins numbers, what they are, and if scores are raw.

    There are no runs if it joins none.
    """
    rank = len(static_shape(value) or ())
    axes = (rank - 1, *range(1, rank - 1)) if rank > 1 else ()
    for raw, runs_of in ((False, _runs), (True, _raw_runs)):
        for axis in axes:
            runs = runs_of(segments.of(value, axis))
            if 1 < len(runs) <= _MOST_PARTS:
                return axis, runs, raw
    return 0, [], False


def _runs(found: Sequence[Segment]) -> list[_Run]:
    """Return neighbours of one kind together."""
    return [tuple(run) for _, run in groupby(found, key=lambda one: one.kind)]


def _raw_runs(found: Sequence[Segment]) -> list[_Run]:
    """Return the box and what lies beside it where the application takes the Sigmoid itself."""
    widths = [one.width for one in found]
    if _BOX not in widths or len(widths) > _MOST_RAW:
        return []
    box = widths.index(_BOX)
    return [
        (replace(one, kind="" if place == box else "scores"),) for place, one in enumerate(found)
    ]


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


def _named(output: str, runs: Sequence[_Run], taken: set[str | None]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for run in runs:
        kind = run[0].kind
        boxes = any(part.kind == "" for part in parts)
        word = kind or ("extra" if boxes else "boxes")
        name, count = f"{output}_{word}", 1
        while name in taken:
            count += 1
            name = f"{output}_{word}_{count}"
        taken.add(name)
        parts.append(Part(name, sum(one.width for one in run), kind, run[0].width))
    return tuple(parts)
