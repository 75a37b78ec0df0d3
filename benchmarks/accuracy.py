"""Test accuracy of the shipped CIFAR-10 checkpoints: PyTorch, and the .tflite file of each scheme.

Run: python benchmarks/accuracy.py cifar10.zip [--limit N]

Prints top-1 in percent. int8 is calibrated twice: on the pictures shipped with edgeship, which are
photographs scaled down to the input size, and on 200 training pictures.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

import models
from device_bench.accuracy import file_accuracy
from export.pipeline import Request, export
from models.pretrained import find, shipped_names, spec_of
from models.training.data import Split, read_split
from models.training.recipe import count_right, normalized

SCHEMES = ("none", "fp16", "dynamic", "int8", "int16x8")
CALIBRATION_PICTURES = 200


def row(name: str, data: Path, limit: int) -> str:
    """Return a row of the Markdown table."""
    trained = find(name, "cifar10")
    entry = spec_of(name, trained)
    size = entry.input_size[1:]
    test = read_split(data, "test", size)
    chosen = torch.randperm(len(test.labels), generator=torch.Generator().manual_seed(0))[:limit]
    test = Split(test.images[chosen], test.labels[chosen], test.classes)
    module = models.create(name, weights="cifar10")
    right, _ = count_right(module, test, entry.mean, entry.std, torch.device("cpu"))
    cells = [f"{100 * right / len(test.labels):.2f}"]

    images = normalized(test.images, entry.mean, entry.std).permute(0, 2, 3, 1).contiguous().numpy()
    with tempfile.TemporaryDirectory() as folder:
        train = read_split(data, "train", size).images
        every = len(train) // CALIBRATION_PICTURES
        np.save(Path(folder) / "train.npy", train[::every][:CALIBRATION_PICTURES].numpy())
        for calib, schemes in ((None, SCHEMES), (f"{folder}/train.npy", ("int8",))):
            out = Path(folder) / f"out{len(cells)}"
            request = Request(name, schemes=schemes, weights="cifar10", calib=calib, out=out)
            for artifact in export(request).manifest.artifacts:
                accuracy = file_accuracy(
                    out / artifact.file, images, test.labels.numpy(), len(test.classes)
                )
                cells.append(f"{accuracy:.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=10_000, help="test pictures")
    arguments = parser.parse_args()
    print(f"| model | PyTorch | {' | '.join(SCHEMES)} | int8, training pictures |")
    print("|---|" + "--:|" * (len(SCHEMES) + 2))
    for name in shipped_names():
        print(row(name, arguments.data, arguments.limit), flush=True)


if __name__ == "__main__":
    main()
