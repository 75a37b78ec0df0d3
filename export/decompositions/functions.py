"""Operators that ONNX itself defines by simpler ones: its definition is written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.lowering.unsupported import Unsupported

#: Where the operators of ONNX are; the second holds those that are tried out.
DOMAINS = ("", "ai.onnx.preview")


def has_function(node: ir.Node, opset: int) -> bool:
    """Return whether ONNX defines an operator by others."""
    version = _version(node, opset)
    if node.domain not in DOMAINS or not onnx.defs.has(node.op_type, version, node.domain):
        return False
    schema: Any = onnx.defs.get_schema(node.op_type, version, node.domain)
    return bool(schema.has_function or schema.has_context_dependent_function)


def expanded(b: Builder, node: ir.Node) -> list[ir.Value | None]:
    """Return the outputs of a node, written as ONNX defines its operator.

    Raises:
        Unsupported: The definition has loops or branches that are decided while running.
    """
    body = _body(b, node)
    # A definition can take in what a graph in an attribute computes, and reads its constants, too.
    outside = {} if node.graph is None else node.graph.initializers
    values: dict[str, ir.Value | None] = {**outside, "": None}
    values.update(dict.fromkeys(body.input))
    values.update(zip(body.input, node.inputs, strict=False))
    schema = onnx.defs.get_schema(node.op_type, _version(node, b.opset), node.domain)
    defaults = [item.default_value for item in schema.attributes.values()]
    given = {item.name: item for item in defaults if item.name}
    given.update({item.name: item for item in body.attribute_proto})
    given.update({name: ir.to_proto(item) for name, item in node.attributes.items()})
    _write(b, body.node, values, given)
    return [values.get(name) for name in body.output[: len(node.outputs)]]


def _version(node: ir.Node, opset: int) -> int:
    return opset if node.domain == "" else 1


def _body(b: Builder, node: ir.Node) -> onnx.FunctionProto:
    version = _version(node, b.opset)
    if not onnx.defs.has(node.op_type, version, node.domain):
        raise Unsupported(f"operator set {version} has no such operator")
    schema: Any = onnx.defs.get_schema(node.op_type, version, node.domain)
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
    if not body.node:
        raise Unsupported("ONNX has no definition of it for these inputs")
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
        if proto.op_type == "Scan":
            _unroll(b, proto, values, given)
            continue
        attributes = _attributes(proto, given)
        results: Sequence[ir.Value | None]
        if proto.op_type == "Constant":
            results = [_constant(b, attributes)]
        elif any(isinstance(item, ir.Graph) for item in attributes.values()):
            raise Unsupported(f"ONNX defines it by a {proto.op_type}")
        else:
            inputs = [_given(values, name) for name in proto.input]
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


def _unroll(
    b: Builder,
    proto: onnx.NodeProto,
    values: dict[str, ir.Value | None],
    given: Mapping[str, onnx.AttributeProto],
) -> None:
    """Write every step of a Scan along first axes, forwards.

    Raises:
        Unsupported: It goes along other axes, or backwards.
    """
    settings = {item.name: item for item in proto.attribute}
    body, count = settings["body"].g, settings["num_scan_inputs"].i
    if any(any(item.ints) for name, item in settings.items() if name != "body"):
        raise Unsupported("ONNX defines it by a Scan that does not go forwards along first axes")
    inputs = [_known(values, name) for name in proto.input]
    states, scanned = inputs[: len(inputs) - count], inputs[len(inputs) - count :]
    length = b.shape(scanned[0])[0]
    rows = [b.split(value, 0, [1] * length) for value in scanned]
    results: list[list[ir.Value]] = []
    for step in range(length):
        inner = dict(values)
        now = [b.reshape(row[step], b.shape(row[step])[1:]) for row in rows]
        names = [value.name for value in body.input]
        inner.update(zip(names, [*states, *now], strict=True))
        for tensor in body.initializer:
            inner[tensor.name] = b.constant(onnx.numpy_helper.to_array(tensor))
        _write(b, body.node, inner, given)
        made = [_known(inner, value.name) for value in body.output]
        states = made[: len(states)]
        results.append([b.reshape(value, [1, *b.shape(value)]) for value in made[len(states) :]])
    whole = [b.concat(parts, 0) for parts in zip(*results, strict=True)]
    values.update(zip(proto.output, [*states, *whole], strict=True))


def _given(values: Mapping[str, ir.Value | None], name: str) -> ir.Value | None:
    if name not in values:
        raise Unsupported(f"ONNX's definition reads {name}, which is not in it")
    return values[name]


def _known(values: Mapping[str, ir.Value | None], name: str) -> ir.Value:
    value = _given(values, name)
    if value is None:
        raise Unsupported(f"ONNX's definition reads {name}, which is left out")
    return value


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
