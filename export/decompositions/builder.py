"""What a decomposition writes its operators with: values of static shape, constants folded."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.lowering.unsupported import UnknownShape, Unsupported

Array = NDArray[Any]

#: What an operator may be given: a value, nothing, an array, a number (a scalar in the type of the
#: first value beside it), or integers (a list, such as axes).
Operand = ir.Value | None | Array | float | int | Sequence[int]

#: Only constants up to this size are shown to ONNX's shape inference: sizes, axes, scales.
_SMALL = 4096


class Builder:
    """Collects the operators that take the place of one node.

    Every value has a static shape and a type as soon as it is made, by ONNX's own inference. An
    operator that reads nothing but constants is computed at once.

    Attributes:
        nodes: The operators, in order of execution.
        opset: The version of the operator set that they are written in.
    """

    def __init__(self, prefix: str, opset: int, unique: Callable[[str], str]) -> None:
        self.nodes: list[ir.Node] = []
        self.opset = opset
        self._prefix = prefix
        self._unique = unique

    def shape(self, value: ir.Value) -> Shape:
        """Return the static shape of a value.

        Raises:
            UnknownShape: An extent is not known.
        """
        shape = static_shape(value)
        if shape is None:
            raise UnknownShape(f"the shape of {value.name} is not known before running")
        return shape

    def dtype(self, value: ir.Value) -> np.dtype[Any]:
        """Return the type of a value's elements.

        Raises:
            UnknownShape: It is not known.
        """
        if value.dtype is None:
            raise UnknownShape(f"the type of {value.name} is not known before running")
        return np.dtype(value.dtype.numpy())

    def data(self, value: ir.Value | None) -> Array | None:
        """Return the data of a constant, or None where the graph computes the value."""
        return None if value is None or value.const_value is None else value.const_value.numpy()

    def required_data(self, value: ir.Value | None, what: str) -> Array:
        """Return the data of a constant.

        Raises:
            Unsupported: The graph computes the value.
        """
        data = self.data(value)
        if data is None:
            raise Unsupported(f"{what} must be a constant")
        return data

    def constant(self, data: Array, name: str = "constant") -> ir.Value:
        """Return a new constant."""
        data = np.ascontiguousarray(data).reshape(np.shape(data))
        name = self.named(name)
        tensor = ir.tensor(data, name=name)
        value = ir.Value(name=name, const_value=tensor, shape=ir.Shape(data.shape))
        value.type = ir.TensorType(tensor.dtype)
        return value

    def named(self, name: str) -> str:
        """Return a name that nothing else has, behind that of what is taken apart."""
        return self._unique(f"{self._prefix}/{name}")

    def op(self, op_type: str, *operands: Operand, **attributes: Any) -> ir.Value:
        """Write an operator with one output, and return that."""
        (output,) = self.ops(1, op_type, *operands, **attributes)
        return output

    def ops(
        self, count: int, op_type: str, *operands: Operand, **attributes: Any
    ) -> list[ir.Value]:
        """Write an operator with several outputs, and return those.

        Raises:
            Unsupported: ONNX's shape inference rejects it.
            UnknownShape: The shape of an output depends on what the graph computes.
        """
        typed = operands[1:] if op_type == "Where" else operands  # a condition says no type
        like = next((each for each in typed if isinstance(each, ir.Value)), None)
        inputs = [self._value(each, like) for each in operands]
        given = {key: value for key, value in attributes.items() if value is not None}
        name = self.named(op_type)
        node = ir.node(op_type, inputs, attributes=given, num_outputs=count, name=name)
        for number, output in enumerate(node.outputs):
            output.name = name if number == 0 else self._unique(f"{name}_{number}")
        proto = ir.serde.serialize_node(node)
        if all(each is None or each.const_value is not None for each in inputs):
            return [self.constant(each, op_type) for each in self._computed(proto, inputs)]
        self._infer(node, proto)
        if op_type == "Shape":
            whole = np.array(self.shape(_first(inputs)), np.int64)
            return [self.constant(whole[given.get("start", 0) : given.get("end")], "Shape")]
        self.nodes.append(node)
        return list(node.outputs)

    def cast(self, value: ir.Value, dtype: Any) -> ir.Value:
        """Return a value in another type; itself if it has that type."""
        wanted = ir.DataType.from_numpy(np.dtype(dtype))
        return value if value.dtype == wanted else self.op("Cast", value, to=int(wanted))

    def reshape(self, value: ir.Value, shape: Sequence[int]) -> ir.Value:
        """Return a value in another shape (no -1 and 0 in it); itself if it has that shape."""
        if self.shape(value) == tuple(shape):
            return value
        if math.prod(self.shape(value)) != math.prod(shape):
            # The node's inputs do not fit one another, in a way that a runtime may overlook.
            raise Unsupported(f"{list(self.shape(value))} elements in a shape of {list(shape)}")
        return self.op("Reshape", value, np.array(shape, np.int64))

    def transpose(self, value: ir.Value, order: Sequence[int]) -> ir.Value:
        """Return a value with its axes in another order; itself if it is the order they have."""
        if list(order) == list(range(len(order))):
            return value
        return self.op("Transpose", value, perm=list(order))

    def slice(self, value: ir.Value, axis: int, start: int, stop: int, step: int = 1) -> ir.Value:
        """Return the elements ``start:stop:step`` of an axis, bounds from 0, step above 0."""
        if (start, step) == (0, 1) and stop >= self.shape(value)[axis]:
            return value
        return self.op("Slice", value, [start], [stop], [axis], [step])

    def concat(self, values: Sequence[ir.Value], axis: int) -> ir.Value:
        """Return values joined along an axis; a single one is itself."""
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=axis)

    def split(self, value: ir.Value, axis: int, sizes: Sequence[int]) -> list[ir.Value]:
        """Return the parts of a value along an axis; itself if there is one part."""
        if len(sizes) == 1:
            return [value]
        return self.ops(len(sizes), "Split", value, np.array(sizes, np.int64), axis=axis)

    def gather(self, value: ir.Value, indices: Sequence[int] | Array, axis: int) -> ir.Value:
        """Return the elements of an axis with these indices; itself if that changes nothing."""
        wanted = np.asarray(indices, np.int64)
        if wanted.ndim == 1 and np.array_equal(wanted, np.arange(self.shape(value)[axis])):
            return value
        return self.op("Gather", value, wanted, axis=axis)

    def reduce(
        self, kind: str, value: ir.Value, axes: Sequence[int], *, keep: bool = True
    ) -> ir.Value:
        """Return a reduction, such as ``ReduceSum``, over axes; no axes are no reduction."""
        if not axes:
            return value
        return self.op(kind, value, list(axes), keepdims=int(keep))

    def positions(self, axis: int, shape: Shape) -> ir.Value:
        """Return 0, 1, 2 ... along an axis, as int64 that broadcasts against ``shape``."""
        own = [shape[axis] if number == axis else 1 for number in range(len(shape))]
        return self.constant(np.arange(shape[axis], dtype=np.int64).reshape(own), "positions")

    def _value(self, operand: Operand, like: ir.Value | None) -> ir.Value | None:
        if operand is None or isinstance(operand, ir.Value):
            return operand
        if isinstance(operand, np.ndarray):
            return self.constant(operand)
        if isinstance(operand, int | float):
            if like is None:
                raise ValueError("a number stands beside no value whose type it could have")
            return self.constant(np.array(operand, self.dtype(like)))
        return self.constant(np.array(operand, np.int64))

    def _computed(self, proto: onnx.NodeProto, inputs: Sequence[ir.Value | None]) -> list[Array]:
        from onnx.reference import ReferenceEvaluator

        feeds = {each.name or "": self.data(each) for each in inputs if each is not None}
        types = {
            each.name or "": _type_proto(each.dtype, self.shape(each))
            for each in inputs
            if each is not None
        }
        graph = onnx.helper.make_graph(
            [proto],
            "constants",
            [onnx.ValueInfoProto(name=name, type=kind) for name, kind in types.items()],
            [onnx.ValueInfoProto(name=name) for name in proto.output],
        )
        opsets = [onnx.helper.make_opsetid("", self.opset)]
        model = onnx.helper.make_model(graph, opset_imports=opsets)
        return [np.asarray(each) for each in ReferenceEvaluator(model).run(None, feeds)]

    def _infer(self, node: ir.Node, proto: onnx.NodeProto) -> None:
        """Fill in the types and shapes of a node's outputs."""
        types, data = {}, {}
        for value in node.inputs:
            if value is None:
                continue
            name = value.name or ""
            types[name] = _type_proto(value.dtype, self.shape(value))
            if value.const_value is not None and math.prod(self.shape(value)) <= _SMALL:
                data[name] = onnx.numpy_helper.from_array(value.const_value.numpy(), name)
        try:
            schema = onnx.defs.get_schema(node.op_type, self.opset, "")
            found = onnx.shape_inference.infer_node_outputs(
                schema, proto, types, data, opset_imports=[onnx.helper.make_opsetid("", self.opset)]
            )
        except (
            onnx.checker.ValidationError,
            onnx.defs.SchemaError,
            onnx.shape_inference.InferenceError,
        ) as problem:
            raise Unsupported(f"as {node.op_type}: {problem}") from problem
        for output in node.outputs:
            kind = found[output.name or ""].tensor_type
            output.dtype = ir.DataType(kind.elem_type)
            extents = [
                each.dim_value if each.HasField("dim_value") else None for each in kind.shape.dim
            ]
            if not kind.HasField("shape") or None in extents:
                raise UnknownShape(f"the shape of {output.name} is not known before running")
            output.shape = ir.Shape(extents)


def _first(values: Sequence[ir.Value | None]) -> ir.Value:
    value = values[0]
    if value is None:
        raise ValueError("an operator lacks its first input")
    return value


def _type_proto(dtype: ir.DataType | None, shape: Shape) -> onnx.TypeProto:
    if dtype is None:
        raise UnknownShape("the type of a value is not known before running")
    return onnx.helper.make_tensor_type_proto(int(dtype), shape)
