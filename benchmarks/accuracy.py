"""Test accuracy of the shipped CIFAR-10 checkpoints: PyTorch, and the file of each scheme.

Run: python benchmarks/accuracy.py cifar10.zip [MODEL ...] [--to tflite|coreml|onnx] [--limit N]

Prints top-1 in percent: of .tflite files as LiteRT runs them, of .mlpackage files as edgeship's
evaluator does, of .onnx files as ONNX Runtime does. int8 is calibrated on the pictures shipped with
edgeship, which are photographs scaled down to the input size, and for TFLite and ONNX Runtime once
more on training pictures: of a folder of 200, an export takes 48, evenly spaced, calibrates on 36
of them and verifies on the rest.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from _edgeship.device_bench.studies.accuracy import file_accuracy
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from _edgeship.models import zoo
from _edgeship.models.training.data import Split, read_split
from _edgeship.models.training.recipe import count_right, normalized
from _edgeship.models.weights.pretrained import find, shipped_names, spec_of

SCHEMES = {
    "tflite": ("none", "fp16", "dynamic", "int8", "int16x8"),
    "coreml": ("fp16", "int8-weights", "int8"),
    "onnx": ("none", "fp16", "int8"),
}
#: Those that are made once more, calibrated on training pictures.
AGAIN = {"tflite": ("int8",), "coreml": (), "onnx": ("int8",)}
CALIBRATION_PICTURES = 200
CLASSES = 10


def row(name: str, target: str, data: Path, limit: int) -> str:
    """Return a row of the Markdown table."""
    trained = find(name, "cifar10")
    entry = spec_of(name, trained)
    size = entry.input_size[1:]
    test = read_split(data, "test", size)
    chosen = torch.randperm(len(test.labels), generator=torch.Generator().manual_seed(0))[:limit]
    test = Split(test.images[chosen], test.labels[chosen], test.classes)
    module = zoo.create(name, weights=trained)
    right, _ = count_right(module, test, entry.mean, entry.std, torch.device("cpu"))
    cells = [f"{100 * right / len(test.labels):.2f}"]

    images = normalized(test.images, entry.mean, entry.std).numpy()
    labels = test.labels.numpy()
    with tempfile.TemporaryDirectory() as folder:
        train = read_split(data, "train", size).images
        every = len(train) // CALIBRATION_PICTURES
        np.save(Path(folder) / "train.npy", train[::every][:CALIBRATION_PICTURES].numpy())
        for calib, schemes in ((None, SCHEMES[target]), (f"{folder}/train.npy", AGAIN[target])):
            if not schemes:
                continue
            out = Path(folder) / f"out{len(cells)}"
            ios = 17 if target == "coreml" else None
            request = Request(
                name, (target,), schemes, weights="cifar10", calib=calib, ios=ios, out=out
            )
            for artifact in export(request).manifest.artifacts:
                cells.append(f"{ACCURACY[target](out / artifact.file, images, labels):.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def tflite_accuracy(path: Path, images: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the percentage of pictures (N, C, H, W) whose highest score is that of their class."""
    return file_accuracy(path, images.transpose(0, 2, 3, 1).copy(), labels, CLASSES)


def onnx_accuracy(path: Path, images: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the same of a .onnx file."""
    from _edgeship.export.onnx.file import open_onnx
    from _edgeship.export.onnx.optimized import run_optimized

    model = open_onnx(path)
    (name,) = model.inputs
    outputs = run_optimized(model.data, [{name: image[None]} for image in images])
    right = [scores.argmax() == label for (scores,), label in zip(outputs, labels, strict=True)]
    return 100 * float(np.mean(right))


def package_accuracy(path: Path, images: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the same of a package."""
    from _edgeship.export.coreml.evaluator import Evaluator, read_program
    from _edgeship.export.coreml.format.package import read_package

    program = read_program(read_package(path))
    evaluator = Evaluator(program)
    (port,) = program.inputs
    right = 0
    for image, label in zip(images, labels, strict=True):
        (scores,) = evaluator.run({port.name: image[None]}).values()
        right += int(scores.argmax()) == int(label)
    return 100 * right / len(labels)


ACCURACY = {"tflite": tflite_accuracy, "coreml": package_accuracy, "onnx": onnx_accuracy}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="*", default=shipped_names())
    parser.add_argument("--to", choices=SCHEMES, default="tflite")
    parser.add_argument("--limit", type=int, default=10_000, help="test pictures")
    arguments = parser.parse_args()
    again = [f"{scheme}, training pictures" for scheme in AGAIN[arguments.to]]
    columns = ["PyTorch", *SCHEMES[arguments.to], *again]
    print(f"| model | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    for name in arguments.models:
        print(row(name, arguments.to, arguments.data, arguments.limit), flush=True)


if __name__ == "__main__":
    main()
