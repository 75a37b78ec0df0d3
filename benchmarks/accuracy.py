"""Test accuracy of the shipped CIFAR-10 checkpoints: PyTorch, and the file of each scheme.

Run: python benchmarks/accuracy.py cifar10.zip [MODEL ...] [--to TARGET] [--limit N]

Prints top-1 in percent, and below each row the paired difference of each file from PyTorch in
points with its 95 % interval: of .tflite files as LiteRT runs them, of .mlpackage files as
edgeship's evaluator does, of .aimodel files as Apple's runtime does (some pictures a second), of
.onnx files as ONNX Runtime does. int8 is calibrated on the pictures
shipped with edgeship, which are photographs scaled down to the input size, and once more on 200
training pictures, as many of each class.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from _edgeship.export.contract.request import Request
from _edgeship.export.evaluation.candidates import Asked
from _edgeship.export.evaluation.data import open_data
from _edgeship.export.evaluation.evaluate import Question, evaluate
from _edgeship.export.pipeline import export
from _edgeship.models.weights.pretrained import shipped_names

SCHEMES = {
    "tflite": ("none", "fp16", "dynamic", "int8", "int16x8"),
    "coreml": ("fp16", "int8-weights", "int8"),
    "coreai": ("none",),
    "onnx": ("none", "fp16", "int8"),
}
#: Those that are made once more, calibrated on training pictures.
AGAIN = ("int8",)
CALIBRATION_PICTURES = 200


def rows(name: str, target: str, data: Path, limit: int) -> list[str]:
    """Return two rows of the Markdown table: accuracies, and differences from PyTorch."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "train"
        write_training_pictures(data, pictures)
        files: list[Path] = []
        for calib, schemes in ((None, SCHEMES[target]), (str(pictures), AGAIN)):
            out = Path(folder) / f"out{len(files)}"
            ios = 17 if target == "coreml" else None
            request = Request(
                name, (target,), schemes, weights="cifar10", calib=calib, ios=ios, out=out
            )
            files += [out / one.file for one in export(request).manifest.artifacts]
        names = (name, *map(str, files))
        found = evaluate(Question(names, data, Asked(weights="cifar10"), limit=limit))
    shares = [one.top1 for one in found.files]
    cells = [f"{100 * one.share:.2f}" for one in shares if one is not None]
    paired = [one.difference for one in found.comparisons]
    gaps = [
        f"{100 * one.difference:+.2f} ({100 * one.low:+.2f} to {100 * one.high:+.2f})"
        for one in paired
        if one is not None
    ]
    return [f"| {name} | {' | '.join(cells)} |", f"| | | {' | '.join(gaps)} |"]


def write_training_pictures(data: Path, folder: Path, count: int = CALIBRATION_PICTURES) -> None:
    """Write the pictures to calibrate on, each into the folder of its class."""
    with open_data(data, "train") as found:
        for picture in found.limited(count).pictures:
            path = folder / picture.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with picture.open() as stream:
                path.write_bytes(stream.read())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="*", default=shipped_names())
    parser.add_argument("--to", choices=SCHEMES, default="tflite")
    parser.add_argument("--limit", type=int, default=10_000, help="test pictures")
    arguments = parser.parse_args()
    again = [f"{scheme}, training pictures" for scheme in AGAIN]
    columns = ["PyTorch", *SCHEMES[arguments.to], *again]
    print(f"| model | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    for name in arguments.models:
        print("\n".join(rows(name, arguments.to, arguments.data, arguments.limit)), flush=True)


if __name__ == "__main__":
    main()
