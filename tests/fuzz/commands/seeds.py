"""Sound files that hostile ones are made of, each made once in the process that all forks have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnx

from tests.export.command_line import write_network
from tests.fuzz.commands.forks import EXPORT, run_command

#: Seconds that the exports of a seed may take.
_SEED_S = 120.0

#: How many random graphs become files beside the classifier.
_GRAPHS = 24


@cache
def onnx_seeds() -> list[onnx.ModelProto]:
    """Return the onnx wheel's cases, random graphs, and a small classifier, several times."""
    from tests.fuzz.files import _valid

    network = onnx.load(write_network(scratch() / "network.onnx"))
    return [*_valid(), *[network] * 40]


@cache
def tflite_seeds() -> list[bytes]:
    """Return files that exports wrote, of all schemes and of several operators."""
    from tests.fuzz.files import graph_file

    folder = exported("seeds", "tflite", "none,fp16,dynamic,int8")
    for number in range(_GRAPHS):
        (folder / f"graph{number}.onnx").write_bytes(graph_file(number))
        run_command(EXPORT, [f"graph{number}.onnx", "--to", "tflite"], folder, _SEED_S)
    found = [path.read_bytes() for path in sorted(folder.glob("build/*/*.tflite"))]
    assert len(found) > 20, "exports of seeds fail"
    return found


@cache
def package_seeds() -> list[dict[str, bytes]]:
    """Return the files of packages that exports wrote, by their paths in the package."""
    from tests.fuzz.files import graph_file

    folder = exported("packages", "coreml", "none,fp16,int8,int8-weights,palette4")
    options = ["--io", "image", "--out", "build/pictures"]
    run_command(EXPORT, ["network.onnx", "--to", "coreml", *options], folder, _SEED_S)
    for number in range(_GRAPHS // 2):
        (folder / f"graph{number}.onnx").write_bytes(graph_file(number))
        run_command(EXPORT, [f"graph{number}.onnx", "--to", "coreml"], folder, _SEED_S)
    found = [_read(path) for path in sorted(folder.glob("build/*/*.mlpackage"))]
    assert len(found) > 10, "exports of seeds fail"
    return found


@cache
def asset_seeds() -> list[dict[str, bytes]]:
    """Return the files of Core AI assets likewise; none where its package is not installed."""
    folder = exported("assets", "coreai", "none,int8-weights")
    return [_read(path) for path in sorted(folder.glob("build/*/*.aimodel"))]


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@cache
def whole_export() -> dict[str, bytes]:
    """Return all files of an export with names of classes, by their paths."""
    folder = scratch() / "whole"
    folder.mkdir()
    write_network(folder / "net.onnx")
    (folder / "labels.txt").write_text("".join(f"class{number}\n" for number in range(10)))
    words = ["net.onnx", "--to", "tflite,onnx", "--labels", "labels.txt"]
    run_command(EXPORT, words, folder, _SEED_S)
    found = _read(folder / "build" / "net")
    assert "manifest.json" in found, "the export of a seed fails"
    return found


def exported(name: str, target: str, schemes: str) -> Path:
    """Return a folder with a classifier and, in build/, its files of a target."""
    folder = scratch() / name
    folder.mkdir()
    write_network(folder / "network.onnx")
    words = ["--to", target, "--quant", schemes, "--calib", "random"]
    run_command(EXPORT, ["network.onnx", *words], folder, _SEED_S)
    return folder


@cache
def pictures() -> Path:
    """Return a folder with two pictures of each of ten classes."""
    from PIL import Image

    folder = scratch() / "pictures"
    rng = np.random.default_rng(0)
    for label in range(10):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"class{label}" / f"{number}.png")
    return folder


@cache
def scratch() -> Path:
    """Return a temporary folder that ends with this process."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="edgeship-fuzz-"))
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))
    return folder


def chosen(seeds: Sequence[dict[str, bytes]], rng: np.random.Generator) -> dict[str, bytes]:
    """Return one of several folders of files."""
    return dict(seeds[int(rng.integers(len(seeds)))])
