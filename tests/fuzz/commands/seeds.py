"""Sound files that hostile ones are made of, each made once in the process that all forks have."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
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


#: Where sound files are kept; None for a folder that ends with this process.
_kept: Path | None = None

#: The last file of a folder: it is whole then.
_WHOLE = ".whole"


def keep_in(folder: Path) -> None:
    """Keep the sound files in a folder, and take those that are there."""
    global _kept
    _kept = folder.resolve()


@cache
def onnx_seeds() -> list[onnx.ModelProto]:
    """Return the onnx wheel's cases, random graphs, and a small classifier, several times."""
    from tests.fuzz.files import _valid

    folder = _made("onnx", lambda folder: _write(folder, "network.onnx"))
    network = onnx.load(folder / "network.onnx")
    return [*_valid(), *[network] * 40]


@cache
def tflite_seeds() -> list[bytes]:
    """Return files that exports wrote, of all schemes and of several operators."""

    def make(folder: Path) -> None:
        _export(folder, "network.onnx", "tflite", "none,fp16,dynamic,int8")
        for number in range(_GRAPHS):
            _export(folder, f"graph{number}.onnx", "tflite", "none")

    found = sorted(_made("tflite", make).glob("build/*/*.tflite"))
    assert len(found) > 20, "exports of seeds fail"
    return [path.read_bytes() for path in found]


@cache
def package_seeds() -> list[dict[str, bytes]]:
    """Return the files of packages that exports wrote, by their paths in the package."""

    def make(folder: Path) -> None:
        _export(folder, "network.onnx", "coreml", "none,fp16,int8,int8-weights,palette4")
        _export(folder, "network.onnx", "coreml", "none", "--io", "image", "--out", "build/image")
        for number in range(_GRAPHS // 2):
            _export(folder, f"graph{number}.onnx", "coreml", "none")

    found = sorted(_made("packages", make).glob("build/*/*.mlpackage"))
    assert len(found) > 10, "exports of seeds fail"
    return [read_folder(path) for path in found]


@cache
def asset_seeds() -> list[dict[str, bytes]]:
    """Return the files of Core AI assets likewise; none where its package is not installed."""
    folder = _made(
        "assets", lambda folder: _export(folder, "network.onnx", "coreai", "none,int8-weights")
    )
    return [read_folder(path) for path in sorted(folder.glob("build/*/*.aimodel"))]


@cache
def whole_export() -> dict[str, bytes]:
    """Return all files of an export with names of classes, by their paths."""

    def make(folder: Path) -> None:
        names = "".join(f"class{number}\n" for number in range(10))
        (folder / "labels.txt").write_text(names)
        _export(folder, "net.onnx", "tflite,onnx", "none", "--labels", "labels.txt")

    found = read_folder(_made("whole", make) / "build" / "net")
    assert "manifest.json" in found, "the export of a seed fails"
    return found


@cache
def pictures() -> Path:
    """Return a folder with two pictures of each of ten classes."""
    return _made("pictures", _draw)


def _draw(folder: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in range(10):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"class{label}" / f"{number}.png")


def _export(folder: Path, name: str, target: str, schemes: str, *options: str) -> None:
    """Export a network of a folder: a random graph, or else a classifier."""
    _write(folder, name)
    words = [name, "--to", target, "--quant", schemes, "--calib", "random", *options]
    run_command(EXPORT, words, folder, _SEED_S)


def _write(folder: Path, name: str) -> None:
    from tests.fuzz.files import graph_file

    if name.startswith("graph"):
        (folder / name).write_bytes(graph_file(int(Path(name).stem.removeprefix("graph"))))
    else:
        write_network(folder / name)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the content of all files in a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _made(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that a function has filled, now or at another time."""
    import shutil

    folder = (_kept or _scratch()) / name
    if not (folder / _WHOLE).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / _WHOLE).touch()
    return folder


@cache
def _scratch() -> Path:
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
