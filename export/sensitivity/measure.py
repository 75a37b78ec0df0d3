"""Rounding each layer of a network alone, and all but each."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from _edgeship.errors import InputError
from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.observers import OBSERVERS, Observer
from _edgeship.export.equalization.equalize import equalized
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import onnx_session, run_session
from _edgeship.export.sensitivity.layers import Layer, layers_of
from _edgeship.export.sensitivity.results import LayerError, Sensitivity
from _edgeship.export.sensitivity.switches import positions, switched
from _edgeship.export.verification.metrics import compare

if TYPE_CHECKING:
    import onnx_ir as ir

    from _edgeship.export.calibration.ranges import Observed, Ranges
    from _edgeship.export.runtimes.values import Outputs, Sample
    from _edgeship.export.verification.parts import Part

#: Samples that layers are rounded on, by default.
SAMPLES = 16

#: Of so many layers that lose most, the weights are also rounded alone.
_DISTINGUISHED = 12

#: Told how many of the steps are done.
Count = Callable[[int], None]


@dataclass(frozen=True)
class _Switched:
    """An open session on a graph whose layers can be rounded.

    Attributes:
        session: What runs it; all threads use it.
        layers: Of the graph.
        samples: What it is run on.
        parts: Of the outputs.
        pool: Runs samples side by side.
    """

    session: Any
    layers: Sequence[Layer]
    samples: Sequence[Sample]
    parts: Sequence[Part]
    pool: ThreadPoolExecutor

    def outputs(self, weights: Collection[int], results: Collection[int]) -> Outputs:
        """Return the outputs with some weights and some results rounded."""
        fed = positions(self.layers, weights, results)
        return list(
            self.pool.map(lambda one: run_session(self.session, {**one, **fed}), self.samples)
        )

    def db(self, exact: Outputs, weights: Collection[int], results: Collection[int]) -> float:
        """Return the SQNR in dB of the worst part of the outputs."""
        parity = compare(exact, self.outputs(weights, results), parts=self.parts)
        return min(part.sqnr_db for part in parity.parts)


def steps(graph: ir.Model) -> int:
    """Return how many steps `measure` takes, at most."""
    return 2 * len(layers_of(graph)) + _DISTINGUISHED


def measure(
    graph: ir.Model,
    samples: Sequence[Sample],
    parts: Sequence[Part],
    observer: Observer | None = None,
    count: Count = lambda done: None,
    calibration: Sequence[Sample] = (),
) -> Sensitivity:
    """Round each layer of a graph alone, and all but each.

    ONNX Runtime computes it from one graph (`switches`), so that no target's quantizer has a part
    in it. What joins values of several layers is not asked to have one scale for all.

    Args:
        graph: The rewritten graph, with its constants as initializers.
        samples: What ranges are measured on and layers are rounded on.
        parts: Of the outputs.
        observer: How the ranges of results are chosen; None for the way that leaves most of the
            network with all layers rounded.
        count: Told how many of the steps are done.
        calibration: All samples of the calibration. On enough of them channels are brought to one
            size first, as in files, where that leaves more of the network.

    Raises:
        InputError: The network computes NaN or infinity from a sample, or no numbers that could be
            rounded.
        VerificationError: ONNX Runtime refuses the graph.
    """
    equal = equalized(graph, calibration)
    graphs = {False: graph} if equal is None else {False: graph, True: equal}
    seen = {own: observe_graph(serialize(each), samples) for own, each in graphs.items()}
    layers = layers_of(graph, seen[False].histograms)
    if not layers:
        raise InputError(
            "The network has no layers to round.", why="it computes nothing in floating point"
        )
    everything = range(len(layers))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = {}
        for own, each in graphs.items():
            for name, ranges in _ranges(seen[own], observer):
                session = onnx_session(switched(each, layers, ranges), threads=1)
                one = _Switched(session, layers, samples, parts, pool)
                exact = one.outputs((), ())
                found[own, name] = (one, exact, one.db(exact, everything, everything))
        chosen = max(found, key=lambda way: found[way][2])
        network, exact, all_db = found[chosen]
        errors = []
        for number, layer in enumerate(layers):
            others = set(everything) - {number}
            alone = network.db(exact, {number}, {number})
            without = network.db(exact, others, others)
            errors.append(LayerError(layer, number, alone, without))
            count(2 * number + 2)
        ranked = sorted(everything, key=lambda number: errors[number].alone_db)
        for place, number in enumerate(ranked[:_DISTINGUISHED]):
            if layers[number].weight:
                weights = network.db(exact, {number}, ())
                errors[number] = replace(errors[number], weights_db=weights)
            count(2 * len(layers) + place + 1)
    return Sensitivity(all_db, tuple(errors[k] for k in ranked), len(samples), chosen[1], chosen[0])


def _ranges(observed: Observed, observer: Observer | None) -> Iterator[tuple[Observer, Ranges]]:
    """Yield the ways to choose ranges that are tried, with what they choose."""
    for name in OBSERVERS if observer is None else (observer,):
        yield name, observed.ranges(name)
