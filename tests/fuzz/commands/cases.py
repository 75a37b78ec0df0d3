"""The cases of all kinds: hostile files, each made of a number, and the command that reads them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.fuzz.commands import tflite_mutations
from tests.fuzz.commands.case import Case, Shares, drawn, other
from tests.fuzz.commands.package_cases import package_case
from tests.fuzz.commands.seeds import onnx_seeds, tflite_seeds
from tests.fuzz.data.cases import data_case
from tests.fuzz.mutations import mutated

#: How often each command is tried on ONNX files, in hundredths.
_ONNX_COMMANDS: Shares = (
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
#: A comparison runs both files in processes of their own, which takes longest.
_READERS: Shares = (
    (34, ("inspect", "FILE")),
    (12, ("inspect", "FILE", "--tensors")),
    (40, ("verify", "FILE")),
    (4, ("diff", "OTHER", "FILE")),
    (10, ("evaluate", "FILE", "--data", "PICTURES")),
)

#: Likewise on .tflite files. OTHER is the file that it was made of.
_TFLITE_COMMANDS: Shares = (
    (34, ("inspect", "FILE")),
    (12, ("inspect", "FILE", "--delegates")),
    (40, ("verify", "FILE")),
    (4, ("diff", "OTHER", "FILE")),
    (10, ("evaluate", "FILE", "--data", "PICTURES")),
)


def onnx_case(number: int) -> Case:
    """Return an ONNX file and its command."""
    rng = np.random.default_rng((1, number))
    seeds = onnx_seeds()
    data = mutated(seeds[int(rng.integers(len(seeds)))], rng)
    return Case("net.onnx", {"net.onnx": data}, drawn(_ONNX_COMMANDS, rng))


def read_case(number: int) -> Case:
    """Return an ONNX file and a command that only reads or runs it."""
    rng = np.random.default_rng((3, number))
    seeds = onnx_seeds()
    model = seeds[int(rng.integers(len(seeds)))]
    words = drawn(_READERS, rng)
    return _single("net.onnx", mutated(model, rng), model.SerializeToString(), words)


def tflite_case(number: int) -> Case:
    """Return a .tflite file and its command."""
    rng = np.random.default_rng((2, number))
    seeds = tflite_seeds()
    data = seeds[int(rng.integers(len(seeds)))]
    words = drawn(_TFLITE_COMMANDS, rng)
    return _single("net.tflite", tflite_mutations.mutated(data, rng), data, words)


def _single(name: str, data: bytes, sound: bytes, words: tuple[str, ...]) -> Case:
    beside = {other(name): sound} if "OTHER" in words else {}
    return Case(name, {name: data, **beside}, words)


KINDS: dict[str, Callable[[int], Case]] = {
    "onnx": onnx_case,
    "read": read_case,
    "tflite": tflite_case,
    "package": package_case,
    "data": data_case,
}
