"""The types and shapes of one node's outputs, by ONNX's own rules."""

from __future__ import annotations

import onnx
import onnx_ir as ir
from onnx import helper, numpy_helper

from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.lowering import attributes
from _edgeship.export.preparation.knowledge import Knowledge

#: Shapes, axes and sizes have no more elements; rules look at the contents of nothing else.
_MOST_ELEMENTS = 4096

#: The rules of onnx 1.23 count 16 bins for it where there are 9.
_DISTRUSTED = {"STFT"}

#: Slide windows, and with ``ceil_mode`` round the number of windows up.
_POOLS = ("AveragePool", "LpPool", "MaxPool")

#: Inputs that broadcast to the first output, and must not make it larger.
_FITTED = {"Gemm": (2,), "LayerNormalization": (1, 2), "PRelu": (1,), "RMSNormalization": (1,)}

#: The newest operator set that ONNX Runtime 1.31 takes.
NEWEST_RUN = 26


def schema_of(node: ir.Node, imports: dict[str, int]) -> onnx.defs.OpSchema | None:
    """Return the definition of a node's operator, or None if ONNX does not define it."""
    version = imports.get(node.domain)
    if version is None or not onnx.defs.has(node.op_type, version, node.domain):
        return None
    return onnx.defs.get_schema(node.op_type, version, node.domain)


def version_of(schema: onnx.defs.OpSchema) -> int:
    """Return the operator set that a node needs: an older one where a newest form only adds types.

    A file may name an operator set that ONNX Runtime does not take yet, and use nothing of it.
    """
    while schema.since_version > NEWEST_RUN:
        previous = (schema.name, schema.since_version - 1, schema.domain)
        if not onnx.defs.has(*previous):
            break
        older = onnx.defs.get_schema(*previous)
        if _form(older) != _form(schema):
            break
        schema = older
    return schema.since_version


def _form(schema: onnx.defs.OpSchema) -> tuple[object, ...]:
    attributes = {
        name: (attribute.type, attribute.default_value.SerializeToString())
        for name, attribute in schema.attributes.items()
    }
    ports = [
        [(port.name, port.option) for port in ports] for ports in (schema.inputs, schema.outputs)
    ]
    return attributes, *ports


def misuse(node: ir.Node, schema: onnx.defs.OpSchema) -> str:
    """Return what a node lacks by the definition of its operator; empty if it has all.

    ONNX Runtime does not always look, and can end the process.
    """
    option = onnx.defs.OpSchema.FormalParameterOption
    count = len(node.inputs)
    if not schema.min_input <= count <= schema.max_input:
        return f"it takes {schema.min_input} to {schema.max_input} inputs, not {count}"
    for index, value in enumerate(node.inputs):
        port = schema.inputs[min(index, len(schema.inputs) - 1)]
        if value is None and port.option != option.Optional:
            return f"its input {port.name} is left out"
    for name, attribute in schema.attributes.items():
        if attribute.required and name not in node.attributes:
            return f"its attribute {name} is left out"
        given, kind = node.attributes.get(name), str(attribute.type).rpartition(".")[2]
        if given is not None and given.type.name != kind:
            found = given.type.name.lower()
            return f"its attribute {name} is of the type {found}, and not {kind.lower()}"
    return ""


def infer(node: ir.Node, knowledge: Knowledge, imports: dict[str, int]) -> str:
    """Fill in what ONNX's rules say about the outputs of a node; nothing where they say nothing.

    Args:
        node: Its inputs have types and static shapes.
        knowledge: Contents of values, which shapes may depend on.
        imports: Versions of the operator sets.

    Returns:
        Why the inputs do not fit the operator; empty where they do.
    """
    schema = schema_of(node, imports)
    if schema is None or node.op_type in _DISTRUSTED:
        return ""
    if misfit := _channels_differ(node):
        return misfit
    types, data = {}, {}
    for value in node.inputs:
        shape = static_shape(value)
        if value is None or value.name is None or value.dtype is None or shape is None:
            continue
        types[value.name] = helper.make_tensor_type_proto(value.dtype.value, shape)
        array = knowledge.array(value)
        if array is not None and array.ndim <= 1 and array.size <= _MOST_ELEMENTS:
            data[value.name] = numpy_helper.from_array(array)
    opsets = [helper.make_opsetid(domain, version) for domain, version in imports.items()]
    try:
        found = onnx.shape_inference.infer_node_outputs(
            schema, ir.serde.serialize_node(node), types, data, opset_imports=opsets
        )
    except Exception as error:  # its own class, and others from its bindings
        return str(error)
    for output in node.outputs:
        if output.name in found:
            _fill_in(output, found[output.name])
    if node.op_type in _POOLS:
        _leave_out_last_windows(node)
        return _is_wider(node)
    return _is_stretched(node)


def _channels_differ(node: ir.Node) -> str:
    """Return what is wrong with a convolution's channels, which ONNX's rules do not look at."""
    if node.op_type not in ("Conv", "ConvTranspose") or len(node.inputs) < 2:
        return ""
    x, weight = (static_shape(value) for value in node.inputs[:2])
    if x is None or weight is None or len(x) < 3 or len(x) != len(weight):
        return ""
    group = node.attributes["group"].as_int() if "group" in node.attributes else 1
    wanted = weight[1] * group if node.op_type == "Conv" else weight[0]
    return "" if x[1] == wanted else f"the weights are for {wanted} channels, not {x[1]}"


def _is_wider(node: ir.Node) -> str:
    """Return what is wrong with a pooling node whose window is larger than image and pads.

    The number of its windows is then 0 or 1, by how a division of a negative number is rounded.
    With ``ceil_mode`` it is 1 everywhere.
    """
    x = static_shape(node.inputs[0])
    auto = attributes.text(node, "auto_pad", "NOTSET")
    if x is None or auto.startswith("SAME") or attributes.integer(node, "ceil_mode", 0):
        return ""
    kernel = attributes.integers(node, "kernel_shape", [])
    dilations = attributes.integers(node, "dilations", [1] * len(kernel))
    pads = attributes.integers(node, "pads", [0] * 2 * len(kernel))
    both = zip(pads, pads[len(kernel) :], strict=False)
    for extent, taps, step, sides in zip(x[2:], kernel, dilations, both, strict=False):
        if (taps - 1) * step + 1 > extent + sum(sides):
            return f"a window of {taps} is larger than {extent} with pads of {sum(sides)}"
    return ""


def _is_stretched(node: ir.Node) -> str:
    """Return which input would stretch the output, though the operator does not allow that.

    ONNX's rules do not look at it, and ONNX Runtime gives outputs of another shape than they say.
    """
    wanted = static_shape(node.outputs[0])
    for index in _FITTED.get(node.op_type, ()):
        value = node.inputs[index] if index < len(node.inputs) else None
        shape = static_shape(value)
        if value is None or shape is None or wanted is None:
            continue
        if not _fits(shape, wanted):
            return f"{value.name} does not broadcast to {wanted}"
    return ""


def _fits(shape: Shape, wanted: Shape) -> bool:
    """Return whether a shape broadcasts to another one and leaves that as it is."""
    behind = wanted[len(wanted) - len(shape) :]
    return len(shape) <= len(wanted) and all(
        one in (1, other) for one, other in zip(shape, behind, strict=True)
    )


def _leave_out_last_windows(node: ir.Node) -> None:
    """Correct the shape of a pooling node whose last window would begin behind the image.

    Runtimes leave such windows out, and the specification does; ONNX's rules count them.
    """
    x, y = static_shape(node.inputs[0]), static_shape(node.outputs[0])
    auto = attributes.text(node, "auto_pad", "NOTSET")
    if not attributes.integer(node, "ceil_mode", 0) or x is None or y is None:
        return
    if auto.startswith("SAME"):
        return
    rank = len(y) - 2
    strides = attributes.integers(node, "strides", [1] * rank)
    pads = [0] * rank if auto == "VALID" else attributes.integers(node, "pads", [0] * rank)
    windows = [
        count - 1 if (count - 1) * stride >= extent + before else count
        for count, stride, extent, before in zip(y[2:], strides, x[2:], pads, strict=False)
    ]
    for output in node.outputs:
        output.shape = ir.Shape([*y[:2], *windows])


def _fill_in(output: ir.Value, proto: onnx.TypeProto) -> None:
    if not proto.HasField("tensor_type"):
        return
    tensor = proto.tensor_type
    if tensor.elem_type:
        output.type = ir.TensorType(ir.DataType(tensor.elem_type))
    if tensor.HasField("shape"):
        extents = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
        output.shape = ir.Shape(extents)
