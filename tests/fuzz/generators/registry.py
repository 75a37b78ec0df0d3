"""The table of the functions that make random nodes, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

if TYPE_CHECKING:
    from tests.fuzz.random_graphs import Builder


@dataclass(frozen=True)
class Value:
    """What a node may read."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def type(self) -> onnx.TypeProto:
        """Its type, as ONNX writes it."""
        element = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        return helper.make_tensor_type_proto(element, self.shape)

    @staticmethod
    def of(name: str, kind: onnx.TypeProto) -> Value | None:
        """Return a value of an inferred type, None if its shape is not known."""
        tensor = kind.tensor_type
        dims = tensor.shape.dim
        if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in dims):
            return None
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        return Value(name, tuple(dim.dim_value for dim in dims), str(dtype))


Generate = Callable[["Builder", Value], object]

GENERATORS: dict[str, Generate] = {}


def generates(
    *kinds: str, dtype: str = "float32", ranks: range = range(7)
) -> Callable[[Generate], Generate]:
    """Register a function for operators; it is called with values that they can read."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        for kind in kinds:

            def generate(b: Builder, x: Value, kind: str = kind) -> object:
                if x.dtype == dtype and x.rank in ranks:
                    return function(b, x, kind)
                return None

            GENERATORS[kind] = generate
        return function

    return register  # type: ignore[return-value]


def axis_of(b: Builder, x: Value) -> int:
    """Return a random axis of a value, counted from either end."""
    return int(b.rng.integers(-x.rank, x.rank))


def second_operand(b: Builder, x: Value) -> str:
    """Return another operand: a value of the same type, a constant that broadcasts, a number."""
    others = [v for v in b.values if v.dtype == x.dtype and v.shape == x.shape]
    way = b.rng.integers(4)
    if way == 0 and others:
        return str(b.pick(others).name)
    shape = [extent if b.rng.random() < 0.5 else 1 for extent in x.shape]
    shape = shape[int(b.rng.integers(len(shape) + 1)) :] if way == 1 else shape
    return b.floats(*shape, low=0.5, high=2.0)
