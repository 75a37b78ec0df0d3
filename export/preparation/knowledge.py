"""What is known of the values of a graph before it runs: types, shapes, some of the contents."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import Shape, static_shape

Array = NDArray[Any]


@dataclass
class Knowledge:
    """What the walk over a graph has found out so far.

    Attributes:
        arrays: Contents of the values that do not depend on what the network is fed.
        sequences: The tensors that a sequence consists of; a missing optional is an empty list.
    """

    arrays: dict[ir.Value, Array] = field(default_factory=dict)
    sequences: dict[ir.Value, list[ir.Value]] = field(default_factory=dict)

    def array(self, value: ir.Value | None) -> Array | None:
        """Return the contents of a value, or None if they depend on what the network is fed."""
        if value is None:
            return None
        if value in self.arrays:
            return self.arrays[value]
        if value.const_value is None:
            return None
        # Kept, since reading a tensor may unpack it.
        self.arrays[value] = value.const_value.numpy()
        return self.arrays[value]

    def integers(self, value: ir.Value | None) -> list[int] | None:
        """Return the contents of a value as a flat list of integers, or None as `array` does."""
        array = self.array(value)
        return None if array is None else [int(item) for item in array.reshape(-1)]

    def learn(self, value: ir.Value, array: Array) -> None:
        """Remember the contents of a value, and with them its type and shape."""
        self.arrays[value] = array
        value.shape = ir.Shape(array.shape)
        value.type = ir.TensorType(data_type(array))


def data_type(array: Array) -> ir.DataType:
    """Return the ONNX type of an array's elements; texts may be of NumPy's own kinds."""
    if array.dtype.kind in "OUS":
        return ir.DataType.STRING
    return ir.DataType.from_numpy(array.dtype)


def dtype_of(value: ir.Value | None) -> np.dtype[Any]:
    """Return NumPy's type of a value's elements; float32 where the graph does not say."""
    return np.dtype(np.float32 if value is None or value.dtype is None else value.dtype.numpy())


def bytes_of(value: ir.Value) -> int | None:
    """Return how many bytes a tensor takes, or None if its shape or type is not known."""
    shape = static_shape(value)
    if shape is None or value.dtype is None or value.dtype == ir.DataType.STRING:
        return None
    return int(math.prod(shape) * value.dtype.itemsize)


def text_of(shape: Shape) -> str:
    """Return a shape as messages show it: ``1x3x224x224``; a scalar is ``scalar``."""
    return "x".join(map(str, shape)) or "scalar"
