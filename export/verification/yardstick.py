"""What rounding alone leaves of a network: the scale on which quantized files are judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from _edgeship.export.verification.parity import Parity

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.calibration.ranges import Ranges
    from _edgeship.export.runtimes.values import Outputs, Sample
    from _edgeship.export.verification.parts import Part

#: What an ideal file rounds all its values to.
Bits = Literal["8 bits", "float16"]


@dataclass(frozen=True)
class Yardstick:
    """What rounding leaves of each part of the outputs.

    Attributes:
        weights_db: Name of a part -> its SQNR in dB with rounded weights, and nothing else. The
            name "" stands for all parts that are not named.
        measure: Returns the same with all that is computed rounded: what an ideal file gives. It
            takes as long as two runs of the network on all samples, so it is called for files that
            would be refused otherwise. None where nothing can be measured.
        measured: What it returned so far.
    """

    weights_db: Mapping[str, float]
    measure: Callable[[Bits], Mapping[str, float]] | None = None
    measured: dict[Bits, Mapping[str, float]] = field(default_factory=dict)

    def rounded_db(self, part: str) -> float | None:
        """Return the SQNR in dB of a part with rounded weights; None if it was not measured."""
        return self.weights_db.get(part, self.weights_db.get(""))

    def ideal_db(self, bits: Bits) -> Mapping[str, float]:
        """Return name of a part -> its SQNR in dB with all that is computed rounded.

        Empty if it cannot be measured.
        """
        if bits not in self.measured and self.measure is not None:
            self.measured[bits] = self.measure(bits)
        return self.measured.get(bits, {})

    @property
    def worst_db(self) -> float | None:
        """The SQNR in dB of the worst part with rounded weights; None if there was no noise."""
        worst = min(self.weights_db.values(), default=math.inf)
        return worst if math.isfinite(worst) else None


def figures(parity: Parity) -> dict[str, float]:
    """Return name of a part -> its SQNR in dB."""
    return {part.name: part.sqnr_db for part in parity.parts}


@dataclass(frozen=True)
class Ideal:
    """Measures what an ideal file of few bits gives.

    Attributes:
        graph: The rewritten graph, with its constants as initializers.
        checked: The samples that files are verified on.
        reference: What the network computes from them.
        parts: Of the outputs.
        samples: What ranges are measured on, as many as ``checked`` has, since it takes long;
            ``checked`` itself if there are none. What lies outside of the ranges is clipped, so
            that fewer samples make the yardstick shorter and not longer.
    """

    graph: ir.Model
    checked: Sequence[Sample]
    reference: Outputs
    parts: Sequence[Part]
    samples: Sequence[Sample] = ()

    def __call__(self, bits: Bits) -> Mapping[str, float]:
        """Return name of a part -> its SQNR in dB.

        Raises:
            InputError: The network computes NaN or infinity from a sample.
            VerificationError: ONNX Runtime refuses the rounded graph.
        """
        from _edgeship.export.runtimes.running import run_onnx
        from _edgeship.export.verification.metrics import compare
        from _edgeship.export.verification.rounded_values import in_8_bits, in_halves

        graph = in_8_bits(self.graph, self._ranges()) if bits == "8 bits" else in_halves(self.graph)
        # As it stands: rewritten, weights would get one scale for all their channels.
        outputs = run_onnx(graph, self.checked, plain=True)
        return figures(compare(self.reference, outputs, parts=self.parts))

    def _ranges(self) -> Ranges:
        from _edgeship.export.calibration.graph_ranges import graph_ranges
        from _edgeship.export.graph.onnx_graph import serialize

        few = self.samples[: len(self.checked)] or self.checked
        return graph_ranges(serialize(self.graph), few)
