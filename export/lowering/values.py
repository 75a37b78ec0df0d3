"""The values of an ONNX graph as a lowering reads them: static shapes, types, constants."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.lowering.unsupported import UnknownShape, Unsupported

Array = NDArray[Any]

#: Where a target keeps what it computes.
Place = TypeVar("Place")

#: Types that become float32. Narrower ones do not: a network that has them wants the rounding.
_AS_FLOAT32 = {
    ir.DataType.BFLOAT16,
    ir.DataType.DOUBLE,
    ir.DataType.FLOAT,
    ir.DataType.FLOAT16,
}
_AS_THEY_ARE = {ir.DataType.BOOL, ir.DataType.INT32, ir.DataType.INT64}


class Values(Generic[Place]):
    """The constants of a graph, and what is known of all its values before running.

    Attributes:
        places: Where each value that has been lowered lies in the target.
    """

    def __init__(self) -> None:
        self.places: dict[ir.Value, Place] = {}
        self._folded: dict[ir.Value, Array] = {}

    def shape(self, value: ir.Value) -> Shape:
        """Return the static ONNX shape.

        Raises:
            UnknownShape: If a dimension is not known.
            Unsupported: If a dimension is zero.
        """
        shape = static_shape(value)
        if shape is None:
            raise UnknownShape(f"the shape of {value.name} is not known before running")
        if 0 in shape:
            raise Unsupported(f"{value.name} has no elements (shape {list(shape)})")
        return shape

    def constant(self, value: ir.Value | None) -> Array | None:
        """Return the data of a constant (floating types as float32), or None."""
        if value is None:
            return None
        if value in self._folded:
            return self._folded[value]
        return None if value.const_value is None else data_of(value.const_value)

    def required_constant(self, value: ir.Value | None, what: str) -> Array:
        """Return the data of a constant.

        Raises:
            Unsupported: If the value is computed by the graph.
        """
        data = self.constant(value)
        if data is None:
            raise Unsupported(f"{what} must be a constant")
        return data

    def fold(self, value: ir.Value, data: Array) -> None:
        """Make a value a constant."""
        self._folded[value] = data

    def knows(self, value: ir.Value) -> bool:
        """Return whether a value is a constant or has been lowered."""
        return value in self.places or value in self._folded or value.const_value is not None

    def progress(self) -> Any:
        """Return a mark of what the target holds so far, for `take_back`."""
        return None

    def take_back(self, progress: Any, node: ir.Node) -> None:
        """Forget what a lowering of ``node`` wrote since ``progress`` before it gave up."""
        for output in node.outputs:
            self.places.pop(output, None)
            self._folded.pop(output, None)

    def alias(self, value: ir.Value, source: ir.Value) -> None:
        """Record that a value is the same as another, ``source``."""
        data = self.constant(source)
        if data is not None:
            self.fold(value, data)
        else:
            self.places[value] = self.places[source]


def data_of(tensor: ir.TensorProtocol) -> Array:
    """Return the data of an ONNX tensor, floating types as float32."""
    data = tensor.numpy()
    return data.astype(np.float32, copy=False) if tensor.dtype.is_floating_point() else data


def dtype_of(value: ir.Value) -> np.dtype[Any]:
    """Return the type in which a value is stored; floating types of 16 bits or more become float32.

    Raises:
        Unsupported: The value is not a tensor, or neither of these types nor bool, int32 or int64.
    """
    if value.type is not None and not isinstance(value.type, ir.TensorType):
        raise Unsupported(f"{value.name} is not a tensor")
    if value.dtype is None or value.dtype in _AS_FLOAT32:
        return np.dtype(np.float32)
    if value.dtype in _AS_THEY_ARE:
        return np.dtype(value.dtype.numpy())
    raise Unsupported(f"{value.name} has type {value.dtype.name.lower()}")
