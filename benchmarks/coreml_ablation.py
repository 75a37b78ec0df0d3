"""What each step of int8 earns in packages, on CIFAR-10 checkpoints.

Run: python benchmarks/coreml_ablation.py cifar10.zip MODEL ... [--limit N]

Makes the int8 package of a checkpoint in several ways, all calibrated on the same 200 training
pictures, and runs each with edgeship's evaluator on N test pictures, as many of each class. Prints
the difference of its top-1 from the network's in points with the 95 % interval of pairs, the share
of pictures with the same class, and the SQNR of its outputs; beside it the SQNR of the ONNX graph
in which ONNX Runtime rounds what the package rounds, by which the export chooses.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
from int8_ablation import pictures_of
from numpy.typing import NDArray
from spread import graph_of

from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.observers import OBSERVERS
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.integer_graph import IntegerGraph
from _edgeship.export.coreml.judging import evaluate
from _edgeship.export.coreml.lowering import lower
from _edgeship.export.coreml.ports import Adapted
from _edgeship.export.coreml.schemes import SCHEMES
from _edgeship.export.equalization.equalize import equalized
from _edgeship.export.evaluation.statistics import paired_difference
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.models.weights.pretrained import find, spec_of

CALIBRATED = 200
_IOS = 17


@dataclass(frozen=True)
class Way:
    """One way to make a package.

    Attributes:
        title: For the table.
        graph: The graph that is rounded.
        ranges: Of its values.
        biases: The same with corrected biases, if they are.
    """

    title: str
    graph: IntegerGraph
    ranges: Ranges
    biases: ir.Model | None = None


def ways(graph: IntegerGraph) -> Iterator[Way]:
    """Yield the ways to make the package of a graph."""
    equal = equalized(graph.adapted.graph, graph.calibration)
    forms = {"": graph}
    if equal is not None:
        forms["equal channels, "] = replace(graph, adapted=replace(graph.adapted, graph=equal))
    for title, form in forms.items():
        seen = observe_graph(serialize(form.adapted.graph), form.calibration)
        for name in OBSERVERS:
            ranges = seen.ranges(name)
            yield Way(f"{title}{name}", form, ranges)
            if name == "mse":
                corrected = form.corrected(ranges)
                if corrected is not form.adapted.graph:
                    yield Way(f"{title}{name}, corrected biases", form, ranges, corrected)


def by_package(way: Way, samples: Sequence[Sample]) -> Outputs:
    """Return what the package computes, in edgeship's evaluator."""
    lowered = lower(way.biases or way.graph.adapted.graph, _IOS)
    plan = plan_rounding(lowered.program, way.ranges, lowered.trace)
    quantize_activations(lowered.program, plan)
    model = compress(convert(lowered, _IOS, "float16"), SCHEMES["int8"])
    package = Evaluator(read_program(package_of(model)))
    return evaluate(package, lowered, way.graph.adapted, samples)


def by_graph(way: Way, samples: Sequence[Sample]) -> Outputs:
    """Return what ONNX Runtime computes with the same values rounded."""
    own = way.graph
    if way.biases is not None:
        own = replace(own, adapted=replace(own.adapted, graph=way.biases))
    return own.run_rounded(way.ranges, samples)


def show(name: str, data: Path, limit: int) -> None:
    """Print the rows of a checkpoint."""
    entry = spec_of(name, find(name, "cifar10"))
    preprocess = Preprocess(entry.mean, entry.std, entry.crop)
    size = entry.input_size[1], entry.input_size[2]
    test, labels = pictures_of(data, "test", limit, size, preprocess)
    training, _ = pictures_of(data, "train", CALIBRATED, size, preprocess)
    graph = graph_of(name)
    fed = str(graph.graph.inputs[0].name)
    samples = [{fed: image[None]} for image in test]
    calibration = [{fed: image[None]} for image in training]
    adapted = Adapted(graph, samples, samples, {})
    whole = IntegerGraph(adapted, calibration, {}, _IOS, (), ())
    exact = _scores(whole.run(samples))
    right = exact.argmax(axis=1) == labels
    print(f"| {name} | float | {100 * right.mean():.2f} | | | | |", flush=True)
    for way in ways(whole):
        found, simulated = _scores(by_package(way, samples)), _scores(by_graph(way, samples))
        own = found.argmax(axis=1) == labels
        gap = paired_difference(int((own & ~right).sum()), int((right & ~own).sum()), len(labels))
        cells = [
            f"{100 * own.mean():.2f}",
            f"{100 * gap.difference:+.2f} ({100 * gap.low:+.2f} to {100 * gap.high:+.2f})",
            f"{100 * (found.argmax(axis=1) == exact.argmax(axis=1)).mean():.2f} %",
            f"{_db(exact, found):.1f}",
            f"{_db(exact, simulated):.1f}",
        ]
        print(f"| | {way.title} | {' | '.join(cells)} |", flush=True)


def _scores(outputs: Outputs) -> NDArray[np.float64]:
    return np.stack([one[0].reshape(-1) for one in outputs]).astype(np.float64)


def _db(exact: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    noise = np.square(found - exact).sum()
    return float(10 * np.log10(np.square(exact).sum() / noise))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--limit", type=int, default=300, help="test pictures")
    arguments = parser.parse_args()
    print(
        "| model | way | top-1 | points from float | same class | SQNR, dB | by ONNX Runtime |\n"
        "|---|---|--:|--:|--:|--:|--:|"
    )
    for name in arguments.models:
        show(name, arguments.data, arguments.limit)


if __name__ == "__main__":
    main()
