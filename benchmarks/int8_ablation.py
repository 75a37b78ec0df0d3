"""What each step of int8 quantization earns, alone and taken away, on the CIFAR-10 checkpoints.

Run: python benchmarks/int8_ablation.py cifar10.zip [MODEL ...] [--limit N] [--spread 1000]
     [--dead] [--calib N]

Prints for each way to make the .tflite file the difference of its top-1 from the float file's in
points, with the 95 % interval of pairs, and the SQNR of its outputs in dB. All are calibrated on
the same 200 training pictures, and run on N test pictures, as many of each class. The first way is
litert-quantizer itself with its own calibration, on the graph as it was captured.

--spread multiplies the channels that can be scaled by random factors, and the weights that read
them by the inverse: the float network stays what it is, its channels differ by that much.
--dead makes one channel of each tensor 1e9 times smaller in the same way.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from int8_accuracy import by_the_quantizer
from numpy.typing import NDArray

from _edgeship.export import passes
from _edgeship.export.calibration.observers import OBSERVERS
from _edgeship.export.calibration.preprocess import Preprocess, load_image
from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.evaluation.data import open_data
from _edgeship.export.evaluation.statistics import paired_difference
from _edgeship.export.network.source import load_network
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.absorb_scales import absorb_scales
from _edgeship.export.tflite.bias_correction import corrected_if_better
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.calibrate import observe_activations
from _edgeship.export.tflite.channel_classes import FIXED, channel_classes
from _edgeship.export.tflite.equalize import channel_sizes, equalize
from _edgeship.export.tflite.integer_layout import integer_layout
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.models.weights.pretrained import find, shipped_names, spec_of


@dataclass(frozen=True)
class Way:
    """One way to make an int8 file.

    Attributes:
        title: For the table.
        ranges: A name of `OBSERVERS`, or auto.
        equalizes: Whether channels are equalized.
        corrects: Whether biases are corrected.
    """

    title: str
    ranges: str
    equalizes: bool = False
    corrects: bool = False


WAYS = (
    *(Way(name, name) for name in OBSERVERS),
    Way("auto", "auto"),
    Way("auto + equalization", "auto", equalizes=True),
    Way("auto + bias correction", "auto", corrects=True),
    Way("min-max + both", "min-max", equalizes=True, corrects=True),
    Way("all, the default", "auto", equalizes=True, corrects=True),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="*", default=shipped_names())
    parser.add_argument("--limit", type=int, default=10_000, help="test pictures")
    parser.add_argument("--calib", type=int, default=200, help="training pictures")
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--dead", action="store_true")
    arguments = parser.parse_args()
    print("| model | way | top-1 | points from float | SQNR, dB |\n|---|---|--:|--:|--:|")
    for name in arguments.models:
        entry = spec_of(name, find(name, "cifar10"))
        preprocess = Preprocess(entry.mean, entry.std, entry.crop)
        size = entry.input_size[1], entry.input_size[2]
        test, labels = pictures_of(arguments.data, "test", arguments.limit, size, preprocess)
        training, _ = pictures_of(arguments.data, "train", arguments.calib, size, preprocess)
        _ablate(name, training, test, labels, arguments.spread, arguments.dead)


def pictures_of(
    data: Path, part: str, count: int, size: tuple[int, int], preprocess: Preprocess
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return pictures (N, 3, H, W) of a part of the data, as many of each class, and labels."""
    with open_data(data, part) as found:
        names = sorted({str(one.label) for one in found.pictures})
        arrays, labels = [], []
        for picture in found.limited(count).pictures:
            with picture.open() as stream:
                arrays.append(load_image(stream, size, 3, preprocess, name=picture.name))
            labels.append(names.index(str(picture.label)))
    return np.stack(arrays), np.array(labels)


def _ablate(
    name: str,
    training: NDArray[np.float32],
    test: NDArray[np.float32],
    labels: NDArray[np.int64],
    spread: float,
    dead: bool,
) -> None:
    network = load_network(name, weights="cifar10")
    captured = simplify(network.definition.capture(network.shapes))
    plain = lower(captured)
    rewritten = lower(passes.rewrite(captured)[0])
    samples = [{rewritten.io.inputs[0].name: image[None]} for image in training]
    graphs = [_scaled(one.graph, spread, dead) for one in (plain, rewritten)]
    graph, io = graphs[1], rewritten.io
    expected = _scores(_file(graph, io), io, test)
    right = expected.argmax(axis=1) == labels
    print(f"| {name} | float | {100 * right.mean():.2f} | | |", flush=True)

    def show(title: str, data: bytes) -> None:
        scores = _scores(data, io, test)
        own = scores.argmax(axis=1) == labels
        gap = paired_difference(int((own & ~right).sum()), int((right & ~own).sum()), len(labels))
        points = f"{100 * gap.difference:+.2f} ({100 * gap.low:+.2f} to {100 * gap.high:+.2f})"
        sqnr = 10 * np.log10(np.square(expected).sum() / np.square(scores - expected).sum())
        print(f"| | {title} | {100 * own.mean():.2f} | {points} | {sqnr:.1f} |", flush=True)

    show("litert-quantizer, min-max", by_the_quantizer(graphs[0], plain, samples))
    for way in WAYS:
        show(way.title, _made(way, graph, io, samples))


def _scaled(graph: TfliteGraph, spread: float, dead: bool) -> TfliteGraph:
    """Return a graph that computes the same, with channels of other sizes."""
    classes, rng = channel_classes(graph), np.random.default_rng(0)
    count = 1 + max(int(found.max()) for found in classes.values())
    factors = spread ** rng.uniform(-0.5, 0.5, count)
    if dead:
        factors[[int(found[0]) for found in classes.values()]] = 1e-9
    factors[FIXED] = 1.0
    return absorb_scales(
        graph, {index: factors[found].astype(np.float32) for index, found in classes.items()}
    )


def _made(way: Way, graph: TfliteGraph, io: FileIO, samples: Sequence[Sample]) -> bytes:
    if way.equalizes:
        sizes = channel_sizes(_file(graph, io), evenly_spaced(samples, 50), io)
        graph = equalize(graph, sizes).graph
    observed = observe_activations(_file(graph, io), samples, io)
    layout = integer_layout(graph, io, "")
    names = OBSERVERS if way.ranges == "auto" else (way.ranges,)
    files = [
        quantize(layout.data, "int8", layout.ranges(observed.ranges(name, 8))) for name in names
    ]
    tried = np.concatenate([sample[io.inputs[0].name] for sample in evenly_spaced(samples, 16)])
    expected = _scores(layout.data, io, tried)
    best = min(files, key=lambda data: np.square(_scores(data, io, tried) - expected).sum())
    return corrected_if_better(best, layout.data, samples, io, ()) if way.corrects else best


def _file(graph: TfliteGraph, io: FileIO) -> bytes:
    return to_bytes(to_model(graph, io, ""))


def _scores(data: bytes, io: FileIO, images: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the outputs for images (N, C, H, W): (N, classes)."""
    session, name = TFLiteSession(data, io, threads=1), io.inputs[0].name
    rows = [session.run_beside_others({name: image[None]})[0][0] for image in images]
    return np.stack(rows).astype(np.float64)


if __name__ == "__main__":
    main()
