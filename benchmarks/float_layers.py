"""What is left of a network with ever more of its worst layers in float, and why not more.

Run: python benchmarks/float_layers.py MODEL [--weights W] [--calib DIR] [--steps 0,6,12,28]

Prints for some numbers of layers in float, in dB: what the noise of the others adds up to, of which
each was measured alone; what is left of the ONNX graph with the values of all others rounded, on 16
samples of the calibration and on those that it has not seen, there also with ranges measured on
these; and what is left of the .tflite file, whose tensors share ranges, on both.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job
from _edgeship.export.equalization.choice import equalized_if_better
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.preparing import load, make_ready
from _edgeship.export.range_choice import choose_ranges
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.sensitivity.layers import layers_of
from _edgeship.export.sensitivity.measure import measure
from _edgeship.export.tflite.target import TFLITE
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.rounded_values import in_8_bits

_SAMPLES = 16


def table(job: Job, steps: Sequence[int]) -> None:
    """Print a row for each number of layers.

    Args:
        job: An export to .tflite in int8.
        steps: The numbers of layers.
    """
    exact, scheme = TFLITE.schemes["none"], TFLITE.schemes["int8"]
    prepared = TFLITE.lower(replace(job, schemes=(exact, scheme)))
    choice = choose_ranges(prepared, prepared.calibrate(), scheme, exact, job)
    some = evenly_spaced(job.samples, _SAMPLES)
    found = measure(job.graph, some, job.parts, choice.observer, calibration=job.samples)
    graph = equalized_if_better(job.graph, job.samples) or job.graph
    seen = observe_graph(serialize(graph), job.samples).ranges(choice.observer)
    own = observe_graph(serialize(graph), job.checked).ranges(choice.observer)
    alone = {one.layer.name: one.alone_db for one in found.layers}
    sets = [frozenset[str]()]
    for one in found.layers:
        sets.append(sets[-1].union(one.repair))

    def graph_db(samples: Sequence[Sample], ranges: dict[str, tuple[float, float]]) -> float:
        reference = run_onnx(serialize(job.graph), samples)
        rounded = run_onnx(in_8_bits(graph, ranges, keep), samples, plain=True)
        return compare(reference, rounded).sqnr_db

    def file_db(samples: Sequence[Sample]) -> float:
        reference = prepared.rehearse(exact, {}, samples)
        outputs = prepared.rehearse(scheme, choice.ranges, samples, keep)
        return compare(reference or [], outputs or []).sqnr_db

    for count in steps:
        names = max((one for one in sets if len(one) <= count), key=len)
        layers = [layer for layer in layers_of(job.graph) if layer.name in names]
        keep = frozenset(value for layer in layers for value in layer.values)
        noise = sum(10 ** (-db / 10) for name, db in alone.items() if name not in names)
        figures = [
            -10 * np.log10(noise),
            graph_db(some, seen),
            graph_db(job.checked, own),
            graph_db(job.checked, seen),
            file_db(some),
            file_db(job.checked),
        ]
        cells = " | ".join(f"{one:.1f}" for one in figures)
        print(f"| {len(layers)} of {len(alone)} | {cells} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--weights", default=None)
    parser.add_argument("--calib", default=None)
    parser.add_argument("--steps", default="0,6,12,28")
    arguments = parser.parse_args()
    request = Request(
        arguments.model,
        schemes=("int8",),
        weights=arguments.weights,
        calib=arguments.calib,
        out=Path("unused"),
    )
    log = StageLog(lambda stage: None)
    print(
        "| layers in float | noise of the others | graph, calibration | graph, unseen, own ranges "
        "| graph, unseen | file, calibration | file, unseen |\n|--:|--:|--:|--:|--:|--:|--:|"
    )
    network = load(request, log)
    with network:
        job = make_ready(request, network, True, log).job
        table(job, [int(word) for word in arguments.steps.split(",")])


if __name__ == "__main__":
    main()
