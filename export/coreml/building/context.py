"""What a lowering function works with: ONNX values in, variables of an ML program out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.batches import following_batch, of_one
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array, Values, dtype_of

#: A variable of the program, or a constant that an operator takes as it is.
Operand = Any

_INT32 = np.iinfo(np.int32)

#: The most axes of a tensor in an ML program.
MOST_AXES = 5

_INTEGERS = {
    ir.DataType.INT8,
    ir.DataType.INT16,
    ir.DataType.INT32,
    ir.DataType.INT64,
    ir.DataType.UINT8,
    ir.DataType.UINT16,
    ir.DataType.UINT32,
    ir.DataType.UINT64,
}

#: Operators that move elements, but no booleans. Their operand -> MIL's name of it.
_NOT_OF_BOOLEANS = {
    "gather": "x",
    "gather_along_axis": "x",
    "gather_nd": "x",
    "scatter": "data",
    "scatter_along_axis": "data",
    "scatter_nd": "data",
}


class Context(Values[Any]):
    """The program under construction and the variable of every ONNX value in it.

    Axes lie as in ONNX: Core ML is channels first, too. Functions that use it run inside the
    ``with`` block of a ``coremltools.converters.mil.mil.Function``.

    Args:
        ios: The oldest iOS that the program is to run on: 15 to 18.
        function: The function, once it is there; nothing is appended before.
    """

    def __init__(self, ios: int, function: Any = None) -> None:
        super().__init__()
        self.ios = ios
        self.function = function
        self._names: set[str] = set()
        self._unshaped: set[ir.Value] = set()

    def progress(self) -> Any:
        """Return how many operators there are, and the names that are taken."""
        count = 0 if self.function is None else len(self.function.operations)
        return count, set(self._names)

    def take_back(self, progress: Any, node: ir.Node) -> None:
        """Remove the operators that a lowering appended before it gave up."""
        super().take_back(progress, node)
        self._unshaped.difference_update(node.outputs)
        count, self._names = progress
        if self.function is not None:
            appended = list(self.function.operations)[count:]
            for operator in appended:
                # coremltools appends what it then finds fault with, and cannot remove it so.
                operator._output_vars = operator.outputs or []
            self.function.remove_ops(appended[::-1])

    def read(self, value: ir.Value) -> Operand:
        """Return the variable of a value, or a constant's data: float32, int32 or bool.

        Raises:
            Unsupported: If a constant's integers need more than 32 bits, or there are too many
                axes.
        """
        data = self.constant(value)
        if data is not None or value in self._unshaped:
            demand_axes(len(self.shape(value)) if data is None else data.ndim)
        return self.places[value] if data is None else stored(data, value.name or "a constant")

    def bind(self, value: ir.Value, variable: Any) -> None:
        """Record the variable of an ONNX value."""
        self.places[value] = variable

    def bind_elements(self, value: ir.Value, variable: Any) -> None:
        """Record where the elements of a value of too many axes are, in another shape.

        Only what gives them another shape again can read them (`elements`).
        """
        self.places[value] = variable
        self._unshaped.add(value)

    def elements(self, value: ir.Value) -> Any:
        """Return a variable with the elements of a value in order, in whatever shape."""
        return self.places[value]

    def is_unshaped(self, value: ir.Value) -> bool:
        """Return whether the variable of a value has another shape than the value."""
        return value in self._unshaped

    def alias(self, value: ir.Value, source: ir.Value) -> None:
        """Record that a value is the same as another, ``source``."""
        super().alias(value, source)
        if source in self._unshaped:
            self._unshaped.add(value)

    def emit(self, kind: str, output: ir.Value, **inputs: Operand) -> Any:
        """Append an operator whose result is the ONNX value ``output``.

        Args:
            kind: The operator's name in MIL, such as ``conv``.
            output: What it computes.
            **inputs: Its inputs by MIL's names; None leaves one out.

        Raises:
            Unsupported: If the operator does not take such inputs, or computes another type or
                shape than ONNX says.
        """
        variable = self.temporary(kind, output.name or "value", **inputs)
        shape = of_one(tuple(variable.shape))
        if shape != self.shape(output):
            raise Unsupported(f"MIL's {kind} gives {list(shape)}, not {list(self.shape(output))}")
        self.bind(output, variable)
        return variable

    def temporary(self, kind: str, name: str, **inputs: Operand) -> Any:
        """Append an operator whose result has no ONNX name, and return its variable.

        An operator with several results gives a list of variables.

        Raises:
            Unsupported: If the operator does not take such inputs, or its result has too many axes.
        """
        from coremltools.converters.mil import Builder

        given = {key: value for key, value in inputs.items() if value is not None}
        given = following_batch(kind, given)
        if _is_boolean(given.get(_NOT_OF_BOOLEANS.get(kind, ""))):
            return self._moved_as_integers(kind, name, given)
        try:
            result = getattr(Builder, kind)(**given, name=self.unique(name))
        except _REFUSALS as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise Unsupported(f"MIL's {kind} does not take it: {reason[0]}") from error
        for variable in result if isinstance(result, (list, tuple)) else [result]:
            demand_axes(len(variable.shape))
        return result

    def _moved_as_integers(self, kind: str, name: str, inputs: dict[str, Operand]) -> Any:
        """Append an operator that takes no booleans, between two casts."""
        numbers = {
            key: self.temporary("cast", f"{name}/{key}", x=value, dtype="int32")
            for key, value in inputs.items()
            if _is_boolean(value) and key in ("x", "data", "updates")
        }
        moved = self.temporary(kind, f"{name}/integers", **{**inputs, **numbers})
        return self.temporary("cast", name, x=moved, dtype="bool")

    def rename(self, variable: Any, name: str) -> None:
        """Give a variable the identifier of ``name``, unless another variable has it."""
        if identifier(name) not in self._names:
            variable.name = self.unique(name)

    def unique(self, name: str) -> str:
        """Return an identifier like ``name`` that no variable has yet."""
        base = identifier(name)
        candidate, number = base, 0
        while candidate in self._names:
            number += 1
            candidate = f"{base}_{number}"
        self._names.add(candidate)
        return candidate


# What coremltools raises where an operator does not take its inputs.
_REFUSALS = (AssertionError, IndexError, NotImplementedError, TypeError, ValueError)


def _is_boolean(operand: Operand) -> bool:
    if isinstance(operand, np.ndarray):
        return bool(operand.dtype.kind == "b")
    from coremltools.converters.mil.mil import types

    return operand is not None and getattr(operand, "dtype", None) is types.bool


def identifier(name: str) -> str:
    """Return a name with all characters replaced that names in ML programs cannot hold."""
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{text}" if not text or text[0].isdigit() else text


def stored(data: Array, name: str) -> Array:
    """Return a constant in a type that ML programs compute with.

    Raises:
        Unsupported: If its integers need more than 32 bits, or its type has no counterpart.
    """
    if data.dtype.kind in "fb":
        return data
    if data.dtype.kind not in "iu":
        raise Unsupported(f"{name} has type {data.dtype.name}")
    if data.size and (data.min() < _INT32.min or data.max() > _INT32.max):
        raise Unsupported(f"{name} holds integers of more than 32 bits")
    return data.astype(np.int32)


def demand_axes(count: int) -> None:
    """Refuse a tensor of more axes than ML programs have.

    Raises:
        Unsupported: If there are more than `MOST_AXES`.
    """
    if count > MOST_AXES:
        raise Unsupported(f"a tensor of {count} axes; ML programs have at most {MOST_AXES}")


def mil_dtype(value: ir.Value) -> str:
    """Return MIL's name of the type in which a value is computed: fp32, int32 or bool.

    Integers of any width are computed in 32 bits; `ops/integers.py` is about narrower ones.

    Raises:
        Unsupported: If it is none of these.
    """
    if value.dtype in _INTEGERS and isinstance(value.type, ir.TensorType):
        return "int32"
    return {"f": "fp32", "i": "int32", "b": "bool"}[dtype_of(value).kind]


def is_float(value: ir.Value) -> bool:
    """Return whether a value is computed in floating point."""
    return mil_dtype(value) == "fp32"


def number(value: ir.Value, constant: float) -> Array:
    """Return a number in the type in which a value is computed; booleans count as integers."""
    return np.asarray(constant, np.float32 if is_float(value) else np.int32)
