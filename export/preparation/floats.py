"""Files in float16, bfloat16 or double are computed in float32, which every target has."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer

HALF = frozenset({ir.DataType.FLOAT16, ir.DataType.BFLOAT16})
DOUBLE = frozenset({ir.DataType.DOUBLE})

#: Attributes that name a type.
_TYPES = ("to", "dtype", "output_dtype", "precision")


def to_float32(model: ir.Model, types: Collection[ir.DataType]) -> list[ir.DataType]:
    """Make float32 of other floating types, in place, and return those that there were.

    Attributes and the bodies of loops are changed as well. A Cast from one of the types to another
    is left as a Cast from float32 to float32.
    """
    found: set[ir.DataType] = set()
    graphs = [model.graph, *model.graph.subgraphs(), *(f.graph for f in model.functions.values())]
    for graph in graphs:
        for value in graph.initializers.values():
            if value.const_value is not None and value.const_value.dtype in types:
                found.add(value.const_value.dtype)
                value.const_value = _as_float32(value.const_value)
                value.type = ir.TensorType(ir.DataType.FLOAT)
        for value in (*graph.inputs, *(output for node in graph for output in node.outputs)):
            found |= _retype(value, types)
        for node in graph:
            for attribute in list(node.attributes.values()):
                found |= _change(node, attribute, types)
    return sorted(found, key=lambda dtype: dtype.name)


def drop_casts(graph: ir.Graph) -> None:
    """Remove every Cast to the type that its input has, but where an output would have no name."""
    for node in list(graph):
        value = node.inputs[0] if node.op_type == "Cast" else None
        if value is None or value.dtype != ir.DataType(integer(node, "to", 0)):
            continue
        output = node.outputs[0]
        if output.is_graph_output():
            if value.producer() is None or value.is_graph_output():
                node.op_type = "Identity"
                node.attributes.clear()
                continue
            name, output.name = output.name, f"{output.name}_cast"
            value.name = name
        ir.convenience.replace_all_uses_with(output, value, replace_graph_outputs=True)
        graph.remove(node, safe=True)


def _retype(value: ir.Value, types: Collection[ir.DataType]) -> set[ir.DataType]:
    if not isinstance(value.type, ir.TensorType) or value.type.dtype not in types:
        return set()
    found = {value.type.dtype}
    value.type = ir.TensorType(ir.DataType.FLOAT)
    return found


def _change(node: ir.Node, attribute: ir.Attr, types: Collection[ir.DataType]) -> set[ir.DataType]:
    if attribute.is_ref():
        return set()
    name = attribute.name
    if attribute.type == ir.AttributeType.TENSOR and attribute.as_tensor().dtype in types:
        tensor = attribute.as_tensor()
        node.attributes[name] = ir.AttrTensor(name, _as_float32(tensor))
        return {tensor.dtype}
    if name in _TYPES and attribute.type == ir.AttributeType.INT and attribute.as_int() in types:
        dtype = ir.DataType(attribute.as_int())
        node.attributes[name] = ir.AttrInt64(name, ir.DataType.FLOAT.value)
        return {dtype}
    return set()


def _as_float32(tensor: ir.TensorProtocol) -> ir.TensorProtocol:
    with np.errstate(over="ignore"):  # a double that is none in float32 is infinite there
        data = np.ascontiguousarray(tensor.numpy().astype(np.float32))
    return ir.tensor(data.reshape(tuple(tensor.shape.numpy())), name=tensor.name)
