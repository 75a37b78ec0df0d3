"""Many cases in one file, for targets that take nearly as long for one case as for thirty.

Each case is prepared and lowered by itself, which tells what is refused. The others lie side by
side in one graph, in which all names begin with the case; it is lowered, written and run. Where
that fails, each of them gets a file of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import onnx
import onnx_ir as ir
from onnx import compose

from tests.conformance.binding import Binding
from tests.conformance.preparing import Answer, Feeds, prepared

Opsets = tuple[tuple[str, int], ...]

Lowered = TypeVar("Lowered")


@dataclass(frozen=True)
class _Part:
    """A case that can be lowered.

    Attributes:
        way: As it is run by itself.
        graph: Prepared; its names are no other case's.
        feeds: Its inputs, by these names.
    """

    way: Binding
    graph: onnx.ModelProto
    feeds: Feeds


@dataclass(frozen=True)
class Together(Generic[Lowered]):
    """A way from graphs to their outputs.

    Attributes:
        lower: Lowers a graph that has been prepared.
        evaluate: Writes what was lowered, runs it, and returns the outputs in the graph's order.
        most: Most cases in a file; more of them save nothing more.
    """

    lower: Callable[[ir.Model], Lowered]
    evaluate: Callable[[Lowered, Feeds], list[np.ndarray]]
    most: int = 30

    def one(self, model: onnx.ModelProto, inputs: Feeds) -> list[np.ndarray]:
        """The outputs of a model that has a file of its own."""
        return self.evaluate(self.lower(prepared(model, inputs)), inputs)

    def all(self, ways: Sequence[Binding]) -> list[Answer]:
        """The outputs of each case, or what was raised where it is refused or fails."""
        answers: dict[int, Answer] = {}
        parts: dict[Opsets, dict[int, _Part]] = defaultdict(dict)
        for number, way in enumerate(ways):
            try:
                graph = prepared(way.model, way.inputs)
                self.lower(graph)
                parts[_opsets(graph)][number] = _part(way, graph, f"case_{number}/")
            except Exception as error:  # what it is for, the caller judges
                answers[number] = error
        for equal in parts.values():
            numbers = list(equal)
            for first in range(0, len(numbers), self.most):
                some = numbers[first : first + self.most]
                found = self._answers([equal[n] for n in some])
                answers.update(zip(some, found, strict=True))
        return [answers[number] for number in range(len(ways))]

    def _answers(self, parts: Sequence[_Part]) -> list[Answer]:
        """The outputs of cases that share a file, or each by itself where that fails."""
        feeds = {name: value for part in parts for name, value in part.feeds.items()}
        try:
            outputs = iter(self.evaluate(self.lower(_side_by_side(parts)), feeds))
        except Exception:  # one of them is the reason: it raises the same by itself
            return [self._alone(part.way) for part in parts]
        return [[next(outputs) for _ in part.graph.graph.output] for part in parts]

    def _alone(self, way: Binding) -> Answer:
        try:
            return self.one(way.model, way.inputs)
        except Exception as error:  # what it is for, the caller judges
            return error


def _opsets(graph: ir.Model) -> Opsets:
    """Which versions of the operators a graph is written in; those of a file are equal."""
    return tuple(sorted(graph.opset_imports.items()))


def _part(way: Binding, graph: ir.Model, prefix: str) -> _Part:
    named = compose.add_prefix(ir.to_proto(graph), prefix)
    return _Part(way, named, {f"{prefix}{name}": value for name, value in way.inputs.items()})


def _side_by_side(parts: Sequence[_Part]) -> ir.Model:
    """One graph of all."""
    whole = onnx.ModelProto()
    whole.CopyFrom(parts[0].graph)
    for part in parts[1:]:
        for field in ("node", "initializer", "value_info", "input", "output"):
            getattr(whole.graph, field).extend(getattr(part.graph.graph, field))
    return ir.from_proto(whole)
