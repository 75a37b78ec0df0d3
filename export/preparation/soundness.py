"""Whether a graph hangs together: what is read exists, and data are as large as shapes say."""

from __future__ import annotations

import math

import onnx
import onnx_ir as ir
from google.protobuf.message import Message  # type: ignore[import-untyped]

from _edgeship.errors import InputError

#: TFLite and protocol buffers count the bytes of a tensor in 31 bits.
MOST_BYTES = 2**31


def check_texts(message: Message) -> None:
    """Check that texts are texts: protobuf gives bytes where a file holds no UTF-8.

    Raises:
        InputError: One is not.
    """
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            for text in [value] if isinstance(value, (str, bytes)) else value:
                if isinstance(text, bytes):
                    raise unsound(f"its {field.name} {text!r} is no text in UTF-8")
        elif field.type == field.TYPE_MESSAGE and field.name != "external_data":
            for part in [value] if isinstance(value, Message) else value:
                check_texts(part)


def check_names(proto: onnx.ModelProto) -> None:
    """Check that every value which a graph reads is given once, in it or around it.

    Raises:
        InputError: Nothing gives it, or two nodes do.
    """
    _check_graph(proto.graph, frozenset())


def _check_graph(graph: onnx.GraphProto, around: frozenset[str]) -> None:
    known = set(around)
    known.update(value.name for value in graph.input)
    known.update(tensor.name for tensor in graph.initializer)
    known.update(tensor.values.name for tensor in graph.sparse_initializer)
    for node in graph.node:
        for name in filter(None, node.output):
            if name in known and name not in around:
                raise unsound(f"{name} is given twice")
            known.add(name)
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                raise unsound(f"{node.op_type} reads {name}, which nothing gives")
        for attribute in node.attribute:
            for body in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                _check_graph(body, frozenset(known))
    for output in graph.output:
        if output.name not in known:
            raise unsound(f"nothing gives its output {output.name}")


def check(model: ir.Model) -> None:
    """Check a model and put its nodes into an order in which they can run.

    Raises:
        InputError: The graph goes round in a circle, gives nothing, or holds data that are no
            tensor of their shape.
    """
    if not model.graph.outputs:
        raise unsound("it has no outputs")
    for graph in (model.graph, *model.graph.subgraphs()):
        for value in graph.initializers.values():
            if value.const_value is not None:
                _check_tensor(value.name or "", value.const_value)
    try:
        model.graph.sort()
    except ValueError as error:
        raise unsound("its nodes read one another in a circle") from error


def unreadable(error: BaseException) -> InputError:
    """Return the error for a part of a file that ONNX does not define, such as an unknown type."""
    while error.__cause__ is not None:
        error = error.__cause__
    return unsound(str(error).splitlines()[0] if str(error) else type(error).__name__)


def explain(proto: onnx.ModelProto, error: Exception) -> InputError | None:
    """Return what ONNX's own checker says against a file that preparation tripped over, or None.

    Args:
        proto: The file.
        error: What preparation raised: a defect of ours if the file is sound.
    """
    typed = onnx.ModelProto()
    typed.CopyFrom(proto)
    for output in typed.graph.output:
        # The checker wants what is left out here, and by many writers.
        output.type.tensor_type.shape.SetInParent()
        output.type.tensor_type.elem_type = output.type.tensor_type.elem_type or 1
    try:
        onnx.checker.check_model(typed)
    except Exception as found:  # the checker's errors differ by what they are about
        why = str(found).strip().splitlines()
        refused = unsound(why[0] if why else type(found).__name__)
        refused.__cause__ = error
        return refused
    return None


def _check_tensor(name: str, tensor: ir.TensorProtocol) -> None:
    shape = [int(str(extent)) for extent in tensor.shape]
    if any(extent < 0 for extent in shape):
        raise unsound(f"the tensor {name} has the shape {shape}")
    if tensor.dtype == ir.DataType.STRING:
        return
    size = math.ceil(math.prod(shape) * tensor.dtype.bitwidth / 8)
    if size >= MOST_BYTES:
        raise unsound(f"the tensor {name} has the shape {shape}")
    try:
        found = len(tensor.tobytes())
    except Exception as error:  # what its data raise depends on how the file stores them
        raise unsound(f"the data of the tensor {name} cannot be read: {error}") from error
    if found != size:
        raise unsound(f"the tensor {name} of shape {shape} has {found} bytes instead of {size}")


def unsound(why: str) -> InputError:
    """Return the error for a file that contradicts itself."""
    return InputError(
        "The ONNX file does not hang together.",
        why=why,
        todo="export it again, or see what onnx.checker.check_model says of it",
    )
