"""What a lowering function works with: ONNX values in, values of a Core AI program out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.constants import constant
from _edgeship.export.coreai.building.storage import Storage, as_it_is
from _edgeship.export.coreai.building.types import stored, type_of
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array, Values

#: A value of the program, or a constant that an operator takes as it is.
Operand = Any

#: What coreai-core raises where an operator does not take its operands.
_REFUSALS = (AssertionError, IndexError, RuntimeError, TypeError, ValueError)


class Context(Values[Any]):
    """The program under construction and the value in it of every ONNX value.

    Axes lie as in ONNX: Core AI is channels first, too. Functions that use it run inside of the
    body of a ``coreai.authoring.graph``. What a lowering appended before it gave up stays: nothing
    reads it, and Core AI's own passes remove it.

    Args:
        library: The module ``coreai.authoring``.
        real: The type in which floating point numbers are computed.
        storage: How weights are stored.
    """

    def __init__(
        self,
        library: Any,
        real: type[np.floating[Any]] = np.float32,
        storage: Storage = as_it_is,
    ) -> None:
        super().__init__()
        self.library = library
        self._storage = storage
        self.real = np.dtype(real)

    def read(self, value: ir.Value) -> Operand:
        """Return the program's value, or a constant's data in the type that it is computed in.

        Raises:
            Unsupported: A constant's integers need more than 32 bits.
        """
        data = self.constant(value)
        if data is None:
            return self.places[value]
        return stored(data, self.real, value.name or "a constant")

    def weight(self, value: ir.Value, axis: int, data: Array | None = None) -> Operand:
        """Return the weight of a layer as the scheme stores it.

        Args:
            value: Of the graph.
            axis: Along which the layer's output channels lie.
            data: What is stored instead of the value's own data: the same, scaled or turned.
        """
        data = self.constant(value) if data is None else data
        if data is None:
            return self.read(value)
        return self._storage(self.library, data, axis, value.name or "weight", self.real)

    def parameter(self, value: ir.Value, shape: Sequence[int]) -> Operand:
        """Return what a layer adds, in another shape; a constant is stored under its own name."""
        operand = self.reshape(self.read(value), shape)
        if isinstance(operand, np.ndarray):
            return constant(operand, value.name or "bias")
        return operand

    def dtype(self, value: ir.Value) -> np.dtype[Any]:
        """Return the type in which a value is computed.

        Raises:
            Unsupported: Core AI has none for it.
        """
        return type_of(value, self.real)

    def is_float(self, value: ir.Value) -> bool:
        """Return whether a value is computed in floating point."""
        return self.dtype(value).kind == "f"

    def number(self, value: ir.Value, constant: float) -> Array:
        """Return a number in the type in which a value is computed."""
        return np.asarray(constant, self.dtype(value))

    def emit(self, kind: str, output: ir.Value, *operands: Operand, **options: Any) -> Any:
        """Append an operator whose result is the ONNX value ``output``.

        Args:
            kind: The function of ``coreai.authoring`` that appends it, such as ``conv2d``.
            output: What it computes.
            *operands: What that function takes.
            **options: Likewise.

        Raises:
            Unsupported: The operator does not take such operands, or computes another shape or
                type than ONNX says.
        """
        return self.bind(output, self.temporary(kind, *operands, **options), kind)

    def bind(self, output: ir.Value, value: Any, kind: str = "operator") -> Any:
        """Record the program's value of an ONNX value.

        Raises:
            Unsupported: It has another shape or type than ONNX says.
        """
        found, wanted = shape_of(value), self.shape(output)
        if found != wanted:
            raise Unsupported(f"Core AI's {kind} gives {list(found)}, not {list(wanted)}")
        if dtype_of(value) != self.dtype(output):
            raise Unsupported(f"Core AI's {kind} gives {dtype_of(value)}, not {self.dtype(output)}")
        self.places[output] = value
        return value

    def temporary(self, kind: str, *operands: Operand, **options: Any) -> Any:
        """Append an operator whose result has no ONNX name, and return its value or values.

        Raises:
            Unsupported: The operator does not take such operands.
        """
        try:
            given = [self.variable(one) if _is_large(one) else one for one in operands]
            return getattr(self.library, kind)(*given, **options)
        except _REFUSALS as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise Unsupported(f"Core AI's {kind} does not take it: {reason[:200]}") from error

    def cast(self, operand: Operand, dtype: Any) -> Operand:
        """Return an operand in another type; nothing is appended where it has that already."""
        if isinstance(operand, np.ndarray | np.generic):
            return np.asarray(operand).astype(dtype)
        if dtype_of(operand) == np.dtype(dtype):
            return operand
        return self.temporary("cast", operand, np.dtype(dtype).type)

    def reshape(self, operand: Operand, shape: Sequence[int]) -> Operand:
        """Return an operand in another shape; nothing is appended where it has that already.

        Raises:
            Unsupported: It has another number of elements.
        """
        found = shape_of(operand)
        if math.prod(found) != math.prod(shape):
            raise Unsupported(f"Core AI gives {list(found)} where {list(shape)} is wanted")
        if isinstance(operand, np.ndarray | np.generic):
            return np.asarray(operand).reshape(shape)
        if shape_of(operand) == tuple(shape):
            return operand
        return self.temporary("reshape", operand, np.asarray(shape, np.uint32))

    def transpose(self, operand: Operand, order: Sequence[int]) -> Operand:
        """Return an operand with its axes in another order."""
        if isinstance(operand, np.ndarray):
            return operand.transpose(order)
        if list(order) == sorted(order):
            return operand
        return self.temporary("transpose", operand, np.asarray(order, np.uint32))

    def variable(self, operand: Operand) -> Any:
        """Return an operand as a value of the program; a constant becomes one."""
        if isinstance(operand, np.ndarray | np.generic):
            return constant(np.asarray(operand))
        return operand


def _is_large(operand: Operand) -> bool:
    return isinstance(operand, np.ndarray) and operand.ndim > 0


def integers(numbers: Sequence[int]) -> Array:
    """Return extents, axes or places as operators take them: int32, one axis."""
    return np.asarray(numbers, np.int32).reshape(-1)


def shape_of(value: Operand) -> Shape:
    """Return the shape of a value of the program, or of a constant."""
    if isinstance(value, np.ndarray | np.generic):
        return tuple(value.shape)
    return tuple(value.type.shape)


def dtype_of(value: Operand) -> np.dtype[Any]:
    """Return the element type of a value of the program, or of a constant."""
    if isinstance(value, np.ndarray | np.generic):
        return np.dtype(value.dtype)
    found: np.dtype[Any] = np.dtype(value.type.dtype.numpy)
    return found
