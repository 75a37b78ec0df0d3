"""The TFLite graph while it is being built: tensors, operators and their options as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import Shape

Array = NDArray[Any]

#: Numpy types that a TFLite tensor of this writer can have.
TENSOR_TYPES: dict[np.dtype[Any], int] = {
    np.dtype(np.bool_): schema.TensorType.BOOL,
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.uint16): schema.TensorType.UINT16,
    np.dtype(np.uint32): schema.TensorType.UINT32,
}


@dataclass
class Tensor:
    """One tensor: an activation when ``data`` is None, otherwise a constant.

    Attributes:
        name: Of no other tensor.
        shape: Its extents.
        dtype: Its type.
        data: Of a constant.
        signature: None, or the shape with -1 where an app may choose.
    """

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    data: Array | None = None
    signature: Shape | None = None


@dataclass
class Op:
    """One operator.

    Attributes:
        kind: Name in ``BuiltinOperator``, such as ``CONV_2D``.
        inputs: Tensor indices; -1 stands for an absent optional input.
        outputs: Tensor indices.
        options: An object of the schema's options union, or None.
    """

    kind: str
    inputs: list[int]
    outputs: list[int]
    options: Any = None


@dataclass
class TfliteGraph:
    """Tensors and operators in execution order."""

    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _constants: dict[tuple[str, Shape, bytes], int] = field(default_factory=dict)

    def tensor(self, name: str, shape: Shape, dtype: np.dtype[Any] | type = np.float32) -> int:
        """Add an activation and return its index; the name is made unique."""
        return self._add(Tensor(self._unique(name), tuple(shape), np.dtype(dtype)))

    def constant(self, name: str, data: Array) -> int:
        """Add a constant and return its index.

        Shapes, axes and other integers share one tensor; weights do not, since each reader
        quantizes its own.
        """
        data = np.array(data, order="C")
        if data.dtype.kind == "f":
            return self._add(Tensor(self._unique(name), data.shape, data.dtype, data))
        key = (data.dtype.str, data.shape, hashlib.sha256(data.tobytes()).digest())
        if key not in self._constants:
            self._constants[key] = self._add(
                Tensor(self._unique(name), data.shape, data.dtype, data)
            )
        return self._constants[key]

    def add(self, kind: str, inputs: list[int], outputs: list[int], options: Any = None) -> None:
        """Append an operator."""
        self.ops.append(Op(kind, inputs, outputs, options))

    def size(self) -> tuple[int, int]:
        """Return how many tensors and operators there are."""
        return len(self.tensors), len(self.ops)

    def shrink(self, size: tuple[int, int]) -> None:
        """Drop the tensors and operators that were added since `size` said so."""
        tensors, ops = size
        self._names.difference_update(tensor.name for tensor in self.tensors[tensors:])
        self._constants = {key: at for key, at in self._constants.items() if at < tensors}
        del self.tensors[tensors:]
        del self.ops[ops:]

    def keep(self, used: Collection[int]) -> dict[int, int]:
        """Drop all other tensors; return the new index of each that stays, for who names it."""
        number = {old: new for new, old in enumerate(sorted(used))}
        dropped = (tensor for i, tensor in enumerate(self.tensors) if i not in number)
        self._names.difference_update(tensor.name for tensor in dropped)
        self.tensors = [self.tensors[index] for index in sorted(used)]
        self._constants = {k: number[at] for k, at in self._constants.items() if at in number}
        return number

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _unique(self, name: str) -> str:
        candidate, count = name, 0
        while candidate in self._names:
            count += 1
            candidate = f"{name}_{count}"
        self._names.add(candidate)
        return candidate


def options(kind: str, **fields: Any) -> Any:
    """Return an options object of the schema, such as ``options("Conv2DOptions", strideW=2)``.

    Raises:
        AttributeError: If the schema has no such options or field; a misspelt field must not
            pass as a new attribute.
    """
    result = getattr(schema, kind + "T")()
    if hasattr(result, "potScaleInt16"):
        # The schema's default promises power-of-two scales, which int16x8 here does not have.
        result.potScaleInt16 = False
    for name, value in fields.items():
        if not hasattr(result, name):
            raise AttributeError(f"{kind} has no field {name}")
        setattr(result, name, value)
    return result
