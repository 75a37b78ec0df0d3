"""Exports made by hand: a small .onnx file, and a manifest of it that says what a test wants."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _edgeship.export.bundle.sums import sums_of
from _edgeship.export.contract.manifest import Artifact, Manifest, Port
from _edgeship.export.differences.compare import Asked, compare_deliveries
from _edgeship.export.differences.results import Change, Differences
from tests.export.evaluation.colours import SIDE, write_scores

PREPROCESS = {
    "color_order": "RGB",
    "resize": "bilinear with antialiasing, shorter side to round(size / 1) pixels, then ...",
    "crop": 1.0,
    "scale": 1 / 255,
    "mean": [0.0, 0.0, 0.0],
    "std": [1.0, 1.0, 1.0],
}


def write_export(
    folder: Path,
    factors: Sequence[float] = (1, 1, 1),
    artifact: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    labels: Sequence[str] = (),
    **manifest: Any,
) -> Path:
    """Write the folder of an export: scores of three colours.

    Args:
        folder: Where.
        factors: Its weights.
        artifact: Fields of the file's entry that are not as usual.
        output: Fields of its output.
        labels: Names of its classes; none are recorded where there are none.
        manifest: Fields of the manifest.
    """
    folder.mkdir(parents=True)
    file = write_scores(folder / "colours.onnx", factors)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if labels:
        text = "".join(f"{name}\n" for name in labels).encode()
        (folder / "labels.txt").write_bytes(text)
        listed = {"file": "labels.txt", "sha256": hashlib.sha256(text).hexdigest()}
        manifest["labels"] = [{**listed, "count": len(labels), "output": "scores"}]
        output = {"labels": "labels.txt", **(output or {})}
    port = {"name": "scores", "shape": [1, 3], "layout": "", "dtype": "float32", **(output or {})}
    entry = {
        "file": file.name,
        "target": "onnx",
        "scheme": "none",
        "size": file.stat().st_size,
        "sha256": digest,
        "inputs": [
            Port(name="image", shape=[1, 3, SIDE, SIDE], layout="NCHW", dtype="float32"),
        ],
        "outputs": [Port(**port)],
        "operators": {"ReduceMean": 1, "Mul": 1},
        **(artifact or {}),
    }
    record = {
        "versions": {"edgeship": "1"},
        "model": {"name": "colours"},
        "weights": {"source": "by hand", "sha256": None, "untrained": False},
        "preprocess": PREPROCESS,
        "calibration": None,
        "verification": {"reference": "torch"},
        "onnx": {"file": "graph.onnx", "sha256": "0" * 64},
        "stages": [],
        "artifacts": [Artifact(**entry)],
        **manifest,
    }
    (folder / "manifest.json").write_text(Manifest(**record).model_dump_json())
    return folder


def pack(folder: Path, **others: str) -> Path:
    """Make a bundle of an export: other files in it, digests of all, and a zip file, returned.

    Args:
        folder: The export.
        others: Path in the bundle, with _ for / -> content.
    """
    for name, text in others.items():
        path = folder / name.replace("_", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    (folder / "SHA256SUMS").write_bytes(sums_of(sums))
    return Path(shutil.make_archive(str(folder), "zip", folder))


def difference(before: Path, after: Path) -> Differences:
    """Compare two deliveries without running them."""
    return compare_deliveries(before, after, Asked(run=False))


def changes_in(found: Differences) -> list[Change]:
    """Return all changes, of one file as of all."""
    return [*found.changes, *(one for file in found.files for one in file.changes)]
