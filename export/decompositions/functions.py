"""Operators that ONNX itself defines by simpler ones: its definition is written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.lowering.unsupported import Unsupported


def has_function(op_type: str, opset: int) -> bool:
    """Return whether ONNX defines an operator by others."""
    if not onnx.defs.has(op_type, opset, ""):
        return False
    schema: Any = onnx.defs.get_schema(op_type, opset, "")
    return bool(schema.has_function or schema.has_context_dependent_function)


def expanded(b: Builder, node: ir.Node) -> list[ir.Value | None]:
    """Return the outputs of a node, written as ONNX defines its operator.

    Raises:
        Unsupported: The definition has loops or branches that are decided while running.
    """
    body = _body(b, node)
    values: dict[str, ir.Value | None] = {"": None}
    values.update(dict.fromkeys(body.input))
    values.update(zip(body.input, node.inputs, strict=False))
    schema = onnx.defs.get_schema(node.op_type, b.opset, "")
    defaults = [item.default_value for item in schema.attributes.values()]
    given = {item.name: item for item in defaults if item.name}
    given.update({item.name: item for item in body.attribute_proto})
    given.update({name: ir.to_proto(item) for name, item in node.attributes.items()})
    _write(b, body.node, values, given)
    return [values.get(name) for name in body.output[: len(node.outputs)]]


def _body(b: Builder, node: ir.Node) -> onnx.FunctionProto:
    schema: Any = onnx.defs.get_schema(node.op_type, b.opset, "")
    if schema.has_context_dependent_function:
        proto = ir.to_proto(node)
        types = [
            b""
            if value is None or value.dtype is None
            else onnx.helper.make_tensor_type_proto(
                int(value.dtype), b.shape(value)
            ).SerializeToString()
            for value in node.inputs
        ]
        text = schema.get_context_dependent_function(proto.SerializeToString(), types)
    else:
        text = schema.function_body.SerializeToString()
    body: onnx.FunctionProto = onnx.FunctionProto.FromString(text)
    return body


def _write(
    b: Builder,
    nodes: Iterable[onnx.NodeProto],
    values: dict[str, ir.Value | None],
    given: Mapping[str, onnx.AttributeProto],
) -> None:
    for proto in nodes:
        if proto.op_type == "If":
            _branch(b, proto, values, given)
            continue
        attributes = _attributes(proto, given)
        results: Sequence[ir.Value | None]
        if proto.op_type == "Constant":
            results = [_constant(b, attributes)]
        elif any(isinstance(item, ir.Graph) for item in attributes.values()):
            raise Unsupported(f"ONNX defines it by a {proto.op_type}")
        else:
            inputs = [values[name] for name in proto.input]
            if _changes_nothing(b, proto.op_type, inputs, attributes):
                results = [inputs[0]]
            else:
                results = b.ops(len(proto.output), proto.op_type, *inputs, **attributes)
        values.update(zip(proto.output, results, strict=True))


def _changes_nothing(
    b: Builder,
    op_type: str,
    inputs: Sequence[ir.Value | None],
    attributes: Mapping[str, Any],
) -> bool:
    """Return whether an operator of a definition that is written for every case is needed here."""
    x = inputs[0] if inputs else None
    if x is None:
        return False
    if op_type == "Cast":
        return bool(x.dtype == attributes["to"])
    if op_type in ("Reshape", "Expand"):
        shape = b.data(inputs[1])
        return shape is not None and b.shape(x) == tuple(shape.tolist())
    return op_type == "Identity"


def _branch(
    b: Builder,
    proto: onnx.NodeProto,
    values: dict[str, ir.Value | None],
    given: Mapping[str, onnx.AttributeProto],
) -> None:
    """Write the branch that a constant condition takes."""
    condition = b.data(values[proto.input[0]])
    if condition is None:
        raise Unsupported("ONNX defines it by a branch that is decided while running")
    name = "then_branch" if condition.item() else "else_branch"
    (graph,) = (item.g for item in proto.attribute if item.name == name)
    inner = dict(values)
    _write(b, graph.node, inner, given)
    outputs = [inner[output.name] for output in graph.output]
    values.update(zip(proto.output, outputs, strict=True))


def _attributes(proto: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in proto.attribute:
        source = given.get(item.ref_attr_name) if item.ref_attr_name else item
        if source is not None:
            found[item.name] = ir.serde.deserialize_attribute(source).value
    return found


def _constant(b: Builder, attributes: Mapping[str, Any]) -> ir.Value:
    ((name, value),) = attributes.items()
    if name == "value":
        return b.constant(value.numpy())
    kinds = {"value_float": "float32", "value_floats": "float32"}
    kinds |= {"value_int": "int64", "value_ints": "int64"}
    if name not in kinds:
        raise Unsupported(f"ONNX defines it with a constant of the kind {name}")
    return b.constant(np.array(value, kinds[name]))
