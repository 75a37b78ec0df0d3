"""The cases: a hostile file, made of a number alone, and the command that it is given to."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx

from tests.export.command_line import write_network
from tests.fuzz.commands import tflite_mutations
from tests.fuzz.commands.endings import Kind, Verdict
from tests.fuzz.commands.forks import EXPORT, run_command
from tests.fuzz.mutations import mutated

#: How often each command is tried on ONNX files, in hundredths.
_ONNX_COMMANDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (58, ("FILE", "--to", "tflite")),
    (10, ("FILE", "--to", "tflite,coreml,onnx")),
    (6, ("FILE", "--to", "tflite", "--quant", "int8", "--calib", "random")),
    (6, ("FILE", "--to", "tflite", "--quant", "fp16,dynamic")),
    (8, ("inspect", "FILE")),
    (3, ("inspect", "FILE", "--tensors")),
    (6, ("verify", "FILE")),
    (3, ("advise", "FILE")),
)

#: The commands that read a file and take nothing of it on trust, since they do not prepare it.
_READERS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (30, ("inspect", "FILE")),
    (10, ("inspect", "FILE", "--tensors")),
    (40, ("verify", "FILE")),
    (10, ("diff", "OTHER", "FILE")),
    (10, ("evaluate", "FILE", "--data", "PICTURES")),
)

#: Likewise on .tflite files. OTHER is the file that it was made of.
_TFLITE_COMMANDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (30, ("inspect", "FILE")),
    (10, ("inspect", "FILE", "--delegates")),
    (40, ("verify", "FILE")),
    (10, ("diff", "OTHER", "FILE")),
    (10, ("evaluate", "FILE", "--data", "PICTURES")),
)


@dataclass(frozen=True)
class Case:
    """A hostile file and what it is given to.

    Attributes:
        name: Of the file.
        data: Of the file.
        words: The command; FILE, OTHER and PICTURES stand for paths.
        other: The file that it was made of.
    """

    name: str
    data: bytes
    words: tuple[str, ...]
    other: bytes = b""


def onnx_case(number: int) -> Case:
    """Return an ONNX file and its command."""
    rng = np.random.default_rng((1, number))
    seeds = _onnx_seeds()
    data = mutated(seeds[int(rng.integers(len(seeds)))], rng)
    return Case("net.onnx", data, _drawn(_ONNX_COMMANDS, rng))


def read_case(number: int) -> Case:
    """Return an ONNX file and a command that only reads or runs it."""
    rng = np.random.default_rng((3, number))
    seeds = _onnx_seeds()
    model = seeds[int(rng.integers(len(seeds)))]
    words = _drawn(_READERS, rng)
    return Case("net.onnx", mutated(model, rng), words, model.SerializeToString())


def tflite_case(number: int) -> Case:
    """Return a .tflite file and its command."""
    rng = np.random.default_rng((2, number))
    seeds = _tflite_seeds()
    data = seeds[int(rng.integers(len(seeds)))]
    words = _drawn(_TFLITE_COMMANDS, rng)
    return Case("net.tflite", tflite_mutations.mutated(data, rng), words, data)


KINDS: dict[str, Callable[[int], Case]] = {
    "onnx": onnx_case,
    "read": read_case,
    "tflite": tflite_case,
}


def laid_out(case: Case, folder: Path) -> list[str]:
    """Write what a case needs into an empty folder, and return the words of its command."""
    file = folder / case.name
    file.write_bytes(case.data)
    paths = {"FILE": case.name, "OTHER": f"other{file.suffix}", "PICTURES": "pictures"}
    if "OTHER" in case.words:
        (folder / paths["OTHER"]).write_bytes(case.other)
    if "PICTURES" in case.words:
        (folder / "pictures").symlink_to(pictures())
    return [paths.get(word, word) for word in case.words]


def left_behind(folder: Path) -> str:
    """Return the name of a temporary file that an export left, or ""."""
    return next((path.name for path in folder.glob("build/*/.export-*")), "")


def judge_export(file: Path, written: Path) -> Verdict:
    """Judge the files that an export wrote."""
    from tests.fuzz.commands.rightness import OutsideError, wrong_file

    try:
        found = wrong_file(file, written)
    except OutsideError as error:
        return Verdict(Kind.OUTSIDE, "", str(error))
    return Verdict(Kind.WRONG, "", found) if found else Verdict(Kind.DONE)


@cache
def _onnx_seeds() -> list[onnx.ModelProto]:
    """Return the onnx wheel's cases, random graphs, and a small classifier, several times."""
    from tests.fuzz.files import _valid

    network = onnx.load(write_network(_scratch() / "network.onnx"))
    return [*_valid(), *[network] * 40]


@cache
def _tflite_seeds() -> list[bytes]:
    """Return files that exports wrote, of all schemes and of several operators."""
    from tests.fuzz.files import graph_file

    folder = _scratch() / "seeds"
    folder.mkdir(exist_ok=True)
    write_network(folder / "network.onnx")
    words = ["--to", "tflite", "--quant", "none,fp16,dynamic,int8", "--calib", "random"]
    run_command(EXPORT, ["network.onnx", *words], folder, 60)
    for number in range(24):
        (folder / f"graph{number}.onnx").write_bytes(graph_file(number))
        run_command(EXPORT, [f"graph{number}.onnx", "--to", "tflite"], folder, 60)
    found = [path.read_bytes() for path in sorted(folder.glob("build/*/*.tflite"))]
    assert len(found) > 20, "exports of seeds fail"
    return found


@cache
def pictures() -> Path:
    """Return a folder with two pictures of each of ten classes."""
    from PIL import Image

    folder = _scratch() / "pictures"
    rng = np.random.default_rng(0)
    for label in range(10):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"class{label}" / f"{number}.png")
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


def _drawn(
    commands: Sequence[tuple[int, tuple[str, ...]]], rng: np.random.Generator
) -> tuple[str, ...]:
    shares = np.array([share for share, _ in commands])
    return commands[int(rng.choice(len(commands), p=shares / shares.sum()))][1]
