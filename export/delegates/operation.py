"""An operator of a .tflite file as plain values, for whoever judges it without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any


@dataclass(frozen=True)
class Operand:
    """A tensor that an operator reads or writes.

    Attributes:
        tensor: Its place among the file's tensors.
        shape: Extents as the file stores them.
        dtype: Name of its type in the schema, in lower case: ``float32``, ``int8``.
        constant: Whether the file holds its data.
        scales: How many scales it is quantized with; 0 if it is not.
        values: The data of a small constant of integers, flat; None of others.
    """

    tensor: int
    shape: tuple[int, ...]
    dtype: str
    constant: bool = False
    scales: int = 0
    values: tuple[int, ...] | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)


@dataclass(frozen=True)
class Operation:
    """An operator.

    Attributes:
        kind: Name in the schema, such as ``CONV_2D``.
        version: Of the operator in the file.
        inputs: What it reads; None for an optional one that is left out.
        outputs: What it writes.
        options: The fields of its options by their names in the schema's Python classes.
    """

    kind: str
    version: int
    inputs: tuple[Operand | None, ...]
    outputs: tuple[Operand, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def read(self) -> list[Operand]:
        """The inputs that are there."""
        return [one for one in self.inputs if one is not None]

    @property
    def computed(self) -> int:
        """How many inputs are no constants."""
        return sum(not one.constant for one in self.read)
