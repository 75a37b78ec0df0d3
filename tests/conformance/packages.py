"""Many cases in one Core ML package, since coremltools takes nearly as long for one as for thirty.

Each case is prepared and lowered by itself, which tells what is refused. The others lie side by
side in one graph, in which all names begin with the case; it is lowered and converted, and what is
written is evaluated. Where that fails, each of them gets a package of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
from onnx import compose

from _edgeship.export.coreml.lowering import Lowered, lower
from tests.conformance.binding import Binding
from tests.conformance.preparing import Answer, Feeds, prepared

#: The oldest iOS that packages are written for here.
IOS = 15

#: Most cases in a package; more of them save nothing more.
MOST = 30

Opsets = tuple[tuple[str, int], ...]


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


def run_package(model: onnx.ModelProto, inputs: Feeds) -> list[np.ndarray]:
    """The outputs of a model that has a package of its own."""
    return _evaluated(lower(prepared(model, inputs), IOS), inputs)


def run_packages(ways: Sequence[Binding]) -> list[Answer]:
    """The outputs of each case, or what was raised where it is refused or fails."""
    answers: dict[int, Answer] = {}
    parts: dict[Opsets, dict[int, _Part]] = defaultdict(dict)
    for number, way in enumerate(ways):
        try:
            graph = prepared(way.model, way.inputs)
            lower(graph, IOS)
            parts[_opsets(graph)][number] = _part(way, graph, f"case_{number}/")
        except Exception as error:  # what it is for, the caller judges
            answers[number] = error
    for equal in parts.values():
        numbers = list(equal)
        for first in range(0, len(numbers), MOST):
            some = numbers[first : first + MOST]
            answers.update(zip(some, _answers([equal[n] for n in some]), strict=True))
    return [answers[number] for number in range(len(ways))]


def _opsets(graph: ir.Model) -> Opsets:
    """Which versions of the operators a graph is written in; those of a package are equal."""
    return tuple(sorted(graph.opset_imports.items()))


def _part(way: Binding, graph: ir.Model, prefix: str) -> _Part:
    named = compose.add_prefix(ir.to_proto(graph), prefix)
    return _Part(way, named, {f"{prefix}{name}": value for name, value in way.inputs.items()})


def _answers(parts: Sequence[_Part]) -> list[Answer]:
    """The outputs of cases that share a package, or each by itself where that fails."""
    feeds = {name: value for part in parts for name, value in part.feeds.items()}
    try:
        outputs = iter(_evaluated(lower(_side_by_side(parts), IOS), feeds))
    except Exception:  # one of them is the reason: it raises the same by itself
        return [_alone(part.way) for part in parts]
    return [[next(outputs) for _ in part.graph.graph.output] for part in parts]


def _alone(way: Binding) -> Answer:
    try:
        return run_package(way.model, way.inputs)
    except Exception as error:  # what it is for, the caller judges
        return error


def _side_by_side(parts: Sequence[_Part]) -> ir.Model:
    """One graph of all."""
    whole = onnx.ModelProto()
    whole.CopyFrom(parts[0].graph)
    for part in parts[1:]:
        for field in ("node", "initializer", "value_info", "input", "output"):
            getattr(whole.graph, field).extend(getattr(part.graph.graph, field))
    return ir.from_proto(whole)


def _evaluated(lowered: Lowered, inputs: Feeds) -> list[np.ndarray]:
    """The outputs of the package that is written of a program, in the graph's order."""
    from _edgeship.export.coreml.convert import convert
    from _edgeship.export.coreml.evaluator.reading import read_program
    from _edgeship.export.coreml.evaluator.running import run
    from _edgeship.export.coreml.format.package import package_of
    from _edgeship.export.coreml.judging import package_feeds

    feeds = package_feeds(lowered, inputs)
    results = run(read_program(package_of(convert(lowered, IOS, "float32"))), feeds)
    return [results[port.name] for port in lowered.io.outputs]
