"""What an .aimodel holds, read back from its program."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.coreai.format.asset import Asset, write_asset
from _edgeship.export.coreai.format.library import demand_library
from _edgeship.export.runtimes.child import run_program
from _edgeship.work_folders import temporary_folder

#: Seconds that reading a program may take.
_LIMIT_S = 300.0

_PROGRAM = Path(__file__).with_name("runtime") / "reading.py"


@dataclass(frozen=True)
class Tensor:
    """An input or output of the program's function, or what an operator computes.

    Attributes:
        name: Of an input or output.
        shape: -1 where an extent is open.
        dtype: MLIR's name of the element type, such as ``f32`` or ``si8``.
        number: Which value of the program it is.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    number: int


@dataclass(frozen=True)
class Operation:
    """An operator of the program.

    Attributes:
        kind: Such as ``conv2d``.
        operands: The numbers of the values that it reads.
        results: What it computes.
        constant: The name of what a ``constant`` holds.
    """

    kind: str
    operands: tuple[int, ...]
    results: tuple[Tensor, ...]
    constant: str = ""


@dataclass(frozen=True)
class Summary:
    """A program that has been read.

    Attributes:
        function: What its first function is called.
        inputs: Of that function.
        outputs: Likewise.
        operations: In order of execution.
        constants: Name -> numbers, as they are stored; those of fewer than 8 bits packed.
    """

    function: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    constants: Mapping[str, np.ndarray]

    @property
    def operators(self) -> dict[str, int]:
        """Kind -> how many operators there are; constants do not count."""
        found = Counter(one.kind for one in self.operations if one.kind != "constant")
        return dict(sorted(found.items()))


def summarize(asset: Asset, where: str = "the .aimodel") -> Summary:
    """Read a program, in a process of its own: the reader may crash on damaged files.

    Args:
        asset: The files of the folder.
        where: What messages call it.

    Raises:
        InputError: coreai-core is not installed, or the program cannot be read.
    """
    demand_library()
    with temporary_folder() as folder:
        write_asset(asset, folder / "model.aimodel")
        problem = run_program(_PROGRAM, [str(folder)], folder / "log", _LIMIT_S, os.environ)
        if problem:
            raise InputError(f"The program in {where} cannot be read.", why=f"{problem}.")
        facts = json.loads((folder / "program.json").read_text())
        with np.load(folder / "constants.npz") as stored:
            constants = {key[1:]: stored[key] for key in stored.files}
    if not facts["functions"]:
        raise InputError(f"{where} holds no function.")
    return _summary(facts["functions"][0], constants)


def _summary(function: Mapping[str, Any], constants: Mapping[str, np.ndarray]) -> Summary:
    operations = tuple(
        Operation(
            kind=one["kind"],
            operands=tuple(one["operands"]),
            results=tuple(
                _tensor("", kind, number)
                for kind, number in zip(one["types"], one["results"], strict=True)
            ),
            constant=one.get("constant", ""),
        )
        for one in function["operations"]
    )
    return Summary(
        function=function["name"],
        inputs=tuple(_tensor(*one) for one in function["inputs"]),
        outputs=tuple(_tensor(*one) for one in function["outputs"]),
        operations=operations,
        constants=constants,
    )


def _tensor(name: str, kind: tuple[list[int], str], number: int) -> Tensor:
    shape, element = kind
    return Tensor(name, tuple(shape), element, number)
