"""Whether a graph of equal channels is the better one to round."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.calibration.source import tried_on
from _edgeship.export.equalization.equalize import equalized
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.demand import demand
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.rounded_values import in_8_bits


def equalized_if_better(
    model: ir.Model,
    calibration: Sequence[Sample],
    rounded: Callable[[ir.Model, Ranges], bytes] = in_8_bits,
) -> ir.Model | None:
    """Return a graph of equal channels, if more of its outputs is left when it is rounded.

    Args:
        model: With static shapes, and its constants as initializers; it stays as it is.
        calibration: All samples of the calibration.
        rounded: Rounds a graph with ranges of its values, as files do; by default, each value is
            rounded by itself, as an ideal file of 8 bits would.

    Raises:
        InputError: The network computes NaN or infinity from a sample.
        VerificationError: ONNX Runtime refuses the graph, or the other one computes something else.
    """
    equal = equalized(model, calibration)
    if equal is None:
        return None
    some = tried_on(calibration)
    exact = run_onnx(serialize(model), some)
    demand(exact, run_onnx(serialize(equal), some), "float", "equalize channels")

    def left_db(graph: ir.Model) -> float:
        ranges = observe_graph(serialize(graph), some).ranges("mse")
        return compare(exact, run_onnx(rounded(graph, ranges), some, plain=True)).sqnr_db

    return equal if left_db(equal) > left_db(model) else None
