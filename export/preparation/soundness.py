"""Whether a graph hangs together: what is read exists, and data are as large as shapes say."""

from __future__ import annotations

import math

import onnx
import onnx_ir as ir

from _edgeship.errors import InputError

#: TFLite and protocol buffers count the bytes of a tensor in 31 bits.
MOST_BYTES = 2**31


def check(model: ir.Model) -> None:
    """Check a model and put its nodes into an order in which they can run.

    Raises:
        InputError: The graph reads a value that nothing gives, goes round in a circle, gives a
            value twice or nothing at all, or holds data that are no tensor of their shape.
    """
    if not model.graph.outputs:
        raise _unsound("it has no outputs")
    _check_names(model.graph)
    for graph in (model.graph, *model.graph.subgraphs()):
        for value in graph.initializers.values():
            if value.const_value is not None:
                _check_tensor(value.name or "", value.const_value)
    try:
        model.graph.sort()
    except ValueError as error:
        raise _unsound("its nodes read one another in a circle") from error


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
        refused = _unsound(why[0] if why else type(found).__name__)
        refused.__cause__ = error
        return refused
    return None


def _check_names(graph: ir.Graph) -> None:
    known = {value.name for value in graph.inputs} | set(graph.initializers)
    for node in graph:
        for output in node.outputs:
            if output.name and output.name in known:
                raise _unsound(f"{output.name} is given twice")
            known.add(output.name)
    for node in graph.all_nodes():
        for value in node.inputs:
            if value is not None and value.producer() is None and not _is_given(value):
                raise _unsound(f"{node.op_type} reads {value.name}, which nothing gives")
    for output in graph.outputs:
        if output.producer() is None and not _is_given(output):
            raise _unsound(f"nothing gives its output {output.name}")


def _is_given(value: ir.Value) -> bool:
    return value.is_graph_input() or value.is_initializer()


def _check_tensor(name: str, tensor: ir.TensorProtocol) -> None:
    shape = [int(str(extent)) for extent in tensor.shape]
    if any(extent < 0 for extent in shape):
        raise _unsound(f"the tensor {name} has the shape {shape}")
    if tensor.dtype == ir.DataType.STRING:
        return
    size = math.ceil(math.prod(shape) * tensor.dtype.bitwidth / 8)
    if size >= MOST_BYTES:
        raise _unsound(f"the tensor {name} has the shape {shape}")
    try:
        found = len(tensor.tobytes())
    except Exception as error:  # what its data raise depends on how the file stores them
        raise _unsound(f"the data of the tensor {name} cannot be read: {error}") from error
    if found != size:
        raise _unsound(f"the tensor {name} of shape {shape} has {found} bytes instead of {size}")


def _unsound(why: str) -> InputError:
    return InputError(
        "The ONNX file does not hang together.",
        why=why,
        todo="export it again, or see what onnx.checker.check_model says of it",
    )
