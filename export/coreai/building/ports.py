"""The inputs and outputs of a program, and how they relate to those of the ONNX graph."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class PortSpec:
    """An input or output of a program; axes lie as in ONNX.

    Attributes:
        name: In the program, where names are identifiers.
        onnx_name: In the ONNX graph.
        shape: Static shape.
        dtype: NumPy's name of its type: float32 for all floating point numbers, int32 for int64,
            else the graph's own.
    """

    name: str
    onnx_name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class ProgramIO:
    """All inputs and outputs, in the order of the ONNX graph."""

    inputs: tuple[PortSpec, ...]
    outputs: tuple[PortSpec, ...]


def unique_name(name: str, taken: set[str]) -> str:
    """Return a name that a program can hold and that is not taken, and take it.

    Args:
        name: Of a value of the graph.
        taken: Names that other ports have; the new one is added.
    """
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not text or text[0].isdigit() or keyword.iskeyword(text):
        text = f"_{text}"
    candidate, number = text, 0
    while candidate in taken:
        number += 1
        candidate = f"{text}_{number}"
    taken.add(candidate)
    return candidate
