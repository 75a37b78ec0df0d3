"""What a lowering function works with: ONNX values in, TFLite tensors and operators out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Values
from _edgeship.export.tflite.building import kernels, layout
from _edgeship.export.tflite.building.graph import TENSOR_TYPES, Array, TfliteGraph, options
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.building.types import dtype_of


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


class Context(Values[Stored]):
    """The TFLite graph under construction and the place of every ONNX value in it."""

    def __init__(self, graph: TfliteGraph) -> None:
        super().__init__()
        self.graph = graph
        self._transposed: dict[tuple[int, Perm], int] = {}

    def progress(self) -> tuple[int, int]:
        """Return how many tensors and operators there are."""
        return self.graph.size()

    def take_back(self, progress: tuple[int, int], node: ir.Node) -> None:
        """Forget what a lowering of ``node`` wrote since ``progress`` before it gave up."""
        super().take_back(progress, node)
        self.graph.shrink(progress)
        tensors, _ = progress
        self._transposed = {key: at for key, at in self._transposed.items() if at < tensors}

    def perm(self, value: ir.Value) -> Perm:
        """Return the stored order of a value; a constant lies in ONNX's order."""
        found = self.places.get(value)
        return layout.identity(len(self.shape(value))) if found is None else found.perm

    def common_order(self, values: Sequence[ir.Value]) -> Perm:
        """Return the order in which operands are best brought together.

        That is the order of the first computed one of the highest rank, but channels-last if any
        of them lies so.
        """
        rank = max(len(self.shape(value)) for value in values)
        perms = [
            self.perm(value)
            for value in values
            if self.constant(value) is None and len(self.shape(value)) == rank
        ]
        last = layout.channels_last(rank)
        return last if last in perms else (*perms, layout.identity(rank))[0]

    def read(self, value: ir.Value, perm: Perm | None = None) -> int:
        """Return a tensor that holds ``value`` in the order ``perm`` (ONNX's own by default).

        Emits a TRANSPOSE or RESHAPE where the stored order differs; constants are permuted here.
        """
        perm = layout.identity(len(self.shape(value))) if perm is None else perm
        data = self.constant(value)
        if data is not None:
            return self._constant(value, data.transpose(perm))
        stored = self.places[value]
        if stored.columns is not None:
            raise AssertionError("only a product with constants reads a value without its order")
        return self.transpose(stored.tensor, tuple(stored.perm.index(axis) for axis in perm))

    def operand(self, value: ir.Value, perm: Perm) -> int:
        """Return an operand of a broadcast, brought to the rank and order of ``perm``."""
        shape = self.shape(value)
        missing = len(perm) - len(shape)
        data = self.constant(value)
        if data is not None:
            return self.constant_operand(value, data, perm)
        own = tuple(axis - missing for axis in perm if axis >= missing)
        return self.reshape(self.read(value, own), layout.permuted((1,) * missing + shape, perm))

    def constant_operand(self, value: ir.Value, data: Array, perm: Perm) -> int:
        """Return ``data``, which stands for the constant ``value``, as such an operand."""
        if data.size == 1:
            return self._constant(value, data.reshape(()))
        missing = len(perm) - data.ndim
        return self._constant(value, data.reshape((1,) * missing + data.shape).transpose(perm))

    def bind(self, value: ir.Value, tensor: int, perm: Perm, columns: Array | None = None) -> None:
        """Record where an ONNX value lies."""
        self.places[value] = Stored(tensor, perm, columns)

    def emit(
        self,
        kind: str,
        inputs: list[int],
        output: ir.Value,
        perm: Perm | None = None,
        opts: Any = None,
    ) -> int:
        """Append an operator whose result is the ONNX value ``output``, stored as ``perm``.

        Raises:
            Unsupported: If no kernel takes its type or rank.
        """
        (tensor,) = self.emit_all(kind, inputs, [output], perm, opts)
        return tensor

    def emit_all(
        self,
        kind: str,
        inputs: list[int],
        outputs: Sequence[ir.Value],
        perm: Perm | None = None,
        opts: Any = None,
    ) -> list[int]:
        """Append an operator with several results, all stored as ``perm``."""
        tensors = []
        for output in outputs:
            shape = self.shape(output)
            order = layout.channels_last(len(shape)) if perm is None else perm
            name = output.name or "value"
            tensor = self.graph.tensor(name, layout.permuted(shape, order), dtype_of(output))
            self.bind(output, tensor, order)
            tensors.append(tensor)
        self.append(kind, inputs, tensors, opts)
        return tensors

    def temporary(
        self,
        kind: str,
        inputs: list[int],
        shape: Shape,
        name: str,
        opts: Any = None,
        dtype: np.dtype[Any] | None = None,
    ) -> int:
        """Append an operator whose result has no ONNX name and return its tensor.

        Its type is that of the first input unless another is given.
        """
        tensor = self.graph.tensor(name, shape, dtype or self.graph.tensors[inputs[0]].dtype)
        self.append(kind, inputs, [tensor], opts)
        return tensor

    def reshape(self, tensor: int, shape: Shape) -> int:
        """Return the tensor under another shape; no operator if it has that shape already."""
        source = self.graph.tensors[tensor]
        if source.shape == shape:
            return tensor
        target = self.ints("shape", shape)
        opts = options("ReshapeOptions", newShape=list(shape))
        return self.temporary("RESHAPE", [tensor, target], shape, f"{source.name}/reshape", opts)

    def transpose(self, tensor: int, order: Perm) -> int:
        """Return the transposed tensor; axis ``k`` of the result is axis ``order[k]``."""
        if order == layout.identity(len(order)):
            return tensor
        if (tensor, order) not in self._transposed:
            self._transposed[tensor, order] = self._transpose(tensor, order)
        return self._transposed[tensor, order]

    def floats(self, name: str, data: Any) -> int:
        """Return a float32 constant."""
        return self.graph.constant(name, np.asarray(data, np.float32))

    def ints(self, name: str, data: Any) -> int:
        """Return an int32 constant, as shapes, axes and paddings are."""
        return self.graph.constant(name, np.asarray(data, np.int32))

    def cast(self, tensor: int, dtype: np.dtype[Any]) -> int:
        """Return the tensor as another type; a constant is cast here."""
        source = self.graph.tensors[tensor]
        if source.dtype == dtype:
            return tensor
        if source.data is not None:
            return self.graph.constant(source.name, source.data.astype(dtype))
        result = self.graph.tensor(f"{source.name}/{dtype.name}", source.shape, dtype)
        self._cast(tensor, result)
        return result

    def append(self, kind: str, inputs: list[int], outputs: list[int], opts: Any) -> None:
        """Append an operator, between casts where no kernel takes the type of its operands.

        Raises:
            Unsupported: If no kernel takes their rank, or any type that would hold them.
        """
        tensors = self.graph.tensors
        operands = kernels.operands(kind, len(inputs))
        dtype = tensors[inputs[operands[0]]].dtype
        rank = max(len(tensors[index].shape) for index in (inputs[operands[0]], *outputs))
        problem = kernels.problem(kind, dtype, rank)
        carrier = kernels.carrier(kind, dtype)
        if problem is not None or carrier is None:
            raise Unsupported(f"{problem}")
        if carrier == dtype:
            self.graph.add(kind, inputs, outputs, opts)
            return
        inputs = [
            self.cast(tensor, carrier) if index in operands else tensor
            for index, tensor in enumerate(inputs)
        ]
        carried = {
            tensor: self.graph.tensor(
                f"{tensors[tensor].name}/wide", tensors[tensor].shape, carrier
            )
            for tensor in outputs
            if tensors[tensor].dtype == dtype and not kind.startswith("ARG_")
        }
        self.graph.add(kind, inputs, [carried.get(tensor, tensor) for tensor in outputs], opts)
        for tensor, wide in carried.items():
            self._cast(wide, tensor)

    def _cast(self, source: int, result: int) -> None:
        types = [TENSOR_TYPES[self.graph.tensors[index].dtype] for index in (source, result)]
        opts = options("CastOptions", inDataType=types[0], outDataType=types[1])
        self.graph.add("CAST", [source], [result], opts)

    def _constant(self, value: ir.Value, data: Array) -> int:
        if data.dtype not in TENSOR_TYPES:
            raise Unsupported(f"{value.name} has type {data.dtype.name}")
        return self.graph.constant(value.name or "constant", data)

    def _transpose(self, tensor: int, order: Perm) -> int:
        shape = self.graph.tensors[tensor].shape
        result_shape = layout.permuted(shape, order)
        # Delegates take TRANSPOSE up to rank 4 only.
        steps = layout.transpose_steps(shape, order) if layout.moves(shape, order) else []
        if len(steps) == 1 and len(shape) <= 4:
            steps = [(shape, order)]
        for view, step in steps:
            tensor = self.reshape(tensor, view)
            source = self.graph.tensors[tensor]
            tensor = self.temporary(
                "TRANSPOSE",
                [tensor, self.ints("perm", step)],
                layout.permuted(view, step),
                f"{source.name}/transpose",
                options("TransposeOptions"),
            )
        return self.reshape(tensor, result_shape)
