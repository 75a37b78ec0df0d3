"""The ONNX graph with weights as a scheme of packages stores them: the yardstick for palettes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from _edgeship.export.coreml.rounded_weights import rounded
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification import rounded_weights
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.parts import Part

if TYPE_CHECKING:
    import onnx_ir as ir


def rounded_weights_parity(
    graph: ir.Model,
    samples: Sequence[Sample],
    reference: Outputs,
    scheme: str,
    parts: Sequence[Part] | None = None,
    keep: Collection[str] = (),
) -> Parity:
    """Return how far the graph's outputs are off if nothing but the weights is rounded.

    Args:
        graph: The graph that was lowered, with its constants as initializers.
        samples: What it takes.
        reference: What the network computes from them.
        scheme: Its name; the weights are rounded to 8 bits where it has no palette.
        parts: What of the outputs to compare; the outputs themselves by default.
        keep: Values whose nodes keep the weights that they have.

    Returns:
        Its SQNR is infinite if rounding changed nothing.
    """
    rounding = partial(rounded, scheme=scheme)
    return rounded_weights.rounded_parity(graph, samples, reference, rounding, parts, keep)


def round_weights(graph: ir.Model, scheme: str) -> bytes:
    """Return the serialized graph with its weights rounded as a scheme stores them, in float32."""
    return rounded_weights.round_weights(graph, partial(rounded, scheme=scheme))
