"""What a lowering function works with: ONNX values in, TFLite tensors and operators out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from export.tflite import layout
from export.tflite.graph import Array, TfliteGraph, options
from export.tflite.layout import Perm, Shape


class Unsupported(Exception):  # noqa: N818 (it is collected, and becomes an UnsupportedError)
    """One node cannot be lowered; the message says why. All of a model's are reported at once."""


@dataclass(frozen=True)
class Stored:
    """Where an ONNX value lies in the TFLite graph.

    Attributes:
        tensor: Index of the TFLite tensor.
        perm: Axis ``k`` of the tensor holds ONNX axis ``perm[k]``.
        columns: None, or which ONNX index each index of the last axis holds: a flattened NHWC
            tensor is kept as it lies when a fully connected layer can permute its weights instead.
    """

    tensor: int
    perm: Perm
    columns: Array | None = None


class Context:
    """The TFLite graph under construction and the place of every ONNX value in it."""

    def __init__(self, graph: TfliteGraph) -> None:
        self.graph = graph
        self.stored: dict[ir.Value, Stored] = {}
        self._transposed: dict[tuple[int, Perm], int] = {}

    def shape(self, value: ir.Value) -> Shape:
        """Return the static ONNX shape.

        Raises:
            Unsupported: If a dimension is unknown.
        """
        if value.shape is None or not all(isinstance(extent, int) for extent in value.shape):
            raise Unsupported(f"the shape of {value.name} is not known before running")
        return tuple(int(str(extent)) for extent in value.shape)

    def constant(self, value: ir.Value | None) -> Array | None:
        """Return the data of a constant (floating types as float32), or None."""
        if value is None or value.const_value is None:
            return None
        data = value.const_value.numpy()
        return data.astype(np.float32) if data.dtype.kind == "f" else np.asarray(data)

    def required_constant(self, value: ir.Value | None, what: str) -> Array:
        """Return the data of a constant.

        Raises:
            Unsupported: If the value is computed by the graph.
        """
        data = self.constant(value)
        if data is None:
            raise Unsupported(f"{what} must be a constant")
        return data

    def perm(self, value: ir.Value) -> Perm:
        """Return the stored order of a value; a constant lies in ONNX's order."""
        found = self.stored.get(value)
        return layout.identity(len(self.shape(value))) if found is None else found.perm

    def preferred(self, *values: ir.Value) -> Perm:
        """Return the order in which operands of the same rank are best brought together.

        That is the order of the first computed one, but channels-last if any of them lies so.
        """
        computed = [value for value in values if self.constant(value) is None] or list(values)
        rank = max(len(self.shape(value)) for value in computed)
        perms = [self.perm(value) for value in computed if len(self.shape(value)) == rank]
        last = layout.channels_last(rank)
        return last if last in perms else perms[0]

    def read(self, value: ir.Value, perm: Perm | None = None) -> int:
        """Return a tensor that holds ``value`` in the order ``perm`` (ONNX's own by default).

        Emits a TRANSPOSE or RESHAPE where the stored order differs; constants are permuted here.
        """
        shape = self.shape(value)
        perm = layout.identity(len(shape)) if perm is None else perm
        data = self.constant(value)
        if data is not None and value not in self.stored:
            name = value.name or "constant"
            return self.graph.constant(name, self._emittable(data.transpose(perm)))
        stored = self.stored[value]
        if stored.columns is not None:
            raise AssertionError("a flattened value is read through flattened() first")
        return self._reorder(stored, perm, shape)

    def channels_last(self, value: ir.Value) -> int:
        """Return a tensor that holds ``value`` as NHWC (or its like for another rank)."""
        return self.read(value, layout.channels_last(len(self.shape(value))))

    def operand(self, value: ir.Value, perm: Perm) -> int:
        """Return an operand of a broadcast, brought to the rank and order of ``perm``."""
        shape = self.shape(value)
        missing = len(perm) - len(shape)
        data = self.constant(value)
        if data is not None and value not in self.stored:
            full = data.reshape((1,) * missing + shape).transpose(perm)
            if full.ndim and full.size == 1:
                full = full.reshape(())
            return self.graph.constant(value.name or "constant", self._emittable(full))
        if not missing:
            return self.read(value, perm)
        tensor = self.read(value)
        return self.reshape(tensor, layout.permuted((1,) * missing + shape, perm))

    def bind(self, value: ir.Value, tensor: int, perm: Perm, columns: Array | None = None) -> None:
        """Record where an ONNX value lies."""
        self.stored[value] = Stored(tensor, perm, columns)

    def emit(
        self,
        kind: str,
        inputs: list[int],
        output: ir.Value,
        perm: Perm | None = None,
        opts: Any = None,
    ) -> int:
        """Append an operator whose result is the ONNX value ``output``, stored as ``perm``."""
        shape = self.shape(output)
        perm = layout.channels_last(len(shape)) if perm is None else perm
        tensor = self.graph.tensor(
            output.name or "value", layout.permuted(shape, perm), dtype_of(output)
        )
        self.graph.add(kind, inputs, [tensor], opts)
        self.bind(output, tensor, perm)
        return tensor

    def temporary(
        self, kind: str, inputs: list[int], shape: Shape, name: str, opts: Any = None
    ) -> int:
        """Append an operator whose result has no ONNX name and return its tensor."""
        dtype = self.graph.tensors[inputs[0]].dtype
        tensor = self.graph.tensor(name, shape, dtype)
        self.graph.add(kind, inputs, [tensor], opts)
        return tensor

    def reshape(self, tensor: int, shape: Shape) -> int:
        """Return the tensor under another shape; no operator if it has that shape already."""
        source = self.graph.tensors[tensor]
        if source.shape == shape:
            return tensor
        if source.data is not None:
            return self.graph.constant(source.name, source.data.reshape(shape))
        target = self.ints("shape", shape)
        opts = options("ReshapeOptions", newShape=list(shape))
        return self.temporary("RESHAPE", [tensor, target], shape, f"{source.name}/reshape", opts)

    def floats(self, name: str, data: Any) -> int:
        """Return a float32 constant."""
        return self.graph.constant(name, np.asarray(data, np.float32))

    def ints(self, name: str, data: Any) -> int:
        """Return an int32 constant, as shapes, axes and paddings are."""
        return self.graph.constant(name, np.asarray(data, np.int32))

    def _reorder(self, stored: Stored, perm: Perm, shape: Shape) -> int:
        if stored.perm == perm:
            return stored.tensor
        key = (stored.tensor, perm)
        if key not in self._transposed:
            self._transposed[key] = self._emit_reorder(stored, perm, shape)
        return self._transposed[key]

    def _emit_reorder(self, stored: Stored, perm: Perm, shape: Shape) -> int:
        result_shape = layout.permuted(shape, perm)
        if layout.same_memory(stored.perm, perm, shape):
            return self.reshape(stored.tensor, result_shape)
        tensor = stored.tensor
        order = tuple(stored.perm.index(axis) for axis in perm)
        if len(shape) > 4:
            # Delegates take TRANSPOSE up to rank 4 only, and merged axes need no more than that.
            merged, order = layout.transpose_plan(stored.perm, perm, shape)
            tensor = self.reshape(tensor, merged)
        source = self.graph.tensors[tensor]
        tensor = self.temporary(
            "TRANSPOSE",
            [tensor, self.ints("perm", order)],
            layout.permuted(source.shape, order),
            f"{source.name}/transpose",
            options("TransposeOptions"),
        )
        return self.reshape(tensor, result_shape)

    @staticmethod
    def _emittable(data: Array) -> Array:
        if data.dtype.kind in "iu" and data.dtype != np.int64:
            return data.astype(np.int32)
        return data


def dtype_of(value: ir.Value) -> np.dtype[Any]:
    """Return the type in which a value is stored; all floating types become float32."""
    if value.dtype is None or value.dtype.is_floating_point():
        return np.dtype(np.float32)
    dtype = np.dtype(value.dtype.numpy())
    return np.dtype(np.int32) if dtype.kind in "iu" and dtype != np.int64 else dtype
