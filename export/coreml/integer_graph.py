"""What packages of 8 bits compute, by ONNX Runtime: the evaluator takes seconds for a package.

The values that a package rounds are rounded in the ONNX graph, in the same ranges. On CIFAR-10
checkpoints both leave the same SQNR, but for a few tenths of a decibel.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import onnx_ir as ir

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.coreml.activations import plan_rounding
from _edgeship.export.coreml.lowering import Lowered, lower
from _edgeship.export.coreml.ports import Adapted
from _edgeship.export.equalization.choice import equalized_if_better
from _edgeship.export.equalization.corrected_biases import corrected_if_better
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.parts import Part
from _edgeship.export.verification.rounded_values import rounded_at


@dataclass(frozen=True)
class IntegerGraph:
    """A graph whose activations are rounded.

    Attributes:
        adapted: It and its inputs and outputs.
        calibration: What ranges are measured on, as it takes them.
        given: Ranges that a file quantized before had.
        ios: As for `export.coreml.lowering.lower`.
        batches: Likewise.
        parts: What of the outputs is compared.
    """

    adapted: Adapted
    calibration: Sequence[Sample]
    given: Ranges
    ios: int
    batches: Sequence[int]
    parts: Sequence[Part]

    @cached_property
    def _lowered(self) -> Lowered:
        """The program, which is asked what it rounds and not converted."""
        return lower(self.adapted.graph, self.ios, self.batches)

    def run(self, samples: Sequence[Sample]) -> Outputs:
        """Return the outputs in float; scores where packages give probabilities."""
        return run_onnx(serialize(_scored(self.adapted.graph, self.adapted)), samples)

    def run_rounded(
        self, ranges: Ranges, samples: Sequence[Sample], keep: Collection[str] = ()
    ) -> Outputs:
        """Return the outputs of the package, with the biases that the graph has.

        Args:
            ranges: Of all activations.
            samples: As the package takes them.
            keep: Names of values that are computed in float.
        """
        graph = _scored(self.adapted.graph, self.adapted)
        rounded = rounded_at(graph, self._bounds(ranges, keep), keep)
        return run_onnx(rounded, samples, plain=True)

    def equal(self) -> IntegerGraph:
        """Return the one of equal channels, if more is left of that when it is rounded."""

        def rounded(graph: ir.Model, ranges: Ranges) -> bytes:
            own = self if graph is self.adapted.graph else self._with(graph)
            return rounded_at(graph, own._bounds(ranges))

        better = equalized_if_better(self.adapted.graph, self.calibration, rounded)
        return self if better is None else self._with(better)

    def corrected(self, ranges: Ranges, keep: Collection[str] = ()) -> ir.Model:
        """Return the graph with corrected biases, if more is left of that when it is rounded.

        Those of a file that was quantized before stay as they are.

        Args:
            ranges: As for `run_rounded`.
            keep: Likewise.
        """
        if self.given:
            return self.adapted.graph
        bounds = self._bounds(ranges, keep)

        def rounded(graph: ir.Model) -> bytes:
            return rounded_at(graph, bounds, keep)

        graph = self.adapted.graph
        found = corrected_if_better(graph, rounded, self.calibration, self.parts, keep)
        return graph if found is None else found

    def _with(self, graph: ir.Model) -> IntegerGraph:
        return replace(self, adapted=replace(self.adapted, graph=graph))

    def _bounds(self, ranges: Ranges, keep: Collection[str] = ()) -> Ranges:
        """Return the values that a package rounds, with their ranges there."""
        trace = self._lowered.trace
        plan = plan_rounding(self._lowered.program, ranges, trace, self.given, keep)
        return {
            trace[variable.name]: bounds
            for variable, bounds in plan.bounds.items()
            if variable.name in trace
        }


def _scored(graph: ir.Model, adapted: Adapted) -> ir.Model:
    """Return a graph that gives scores where the package gives probabilities made of them."""
    if not adapted.scores:
        return graph
    own = graph.clone()
    values = {value.name: value for node in own.graph for value in node.outputs}
    own.graph.outputs[:] = [
        values[adapted.scores] if value.name == adapted.probabilities else value
        for value in own.graph.outputs
    ]
    return own
