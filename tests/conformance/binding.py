"""Which inputs of a case stay inputs, and which become constants of the file.

The cases pass everything as an input: weights, axes, shapes, numbers of repetitions. A file for a
phone has most of these inside, so a case is tried in several ways, from all inputs to as few as the
networks that people bring have. It is computed right if one of them is and none is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.conformance.cases import Case, array

#: Operators all of whose inputs are activations; of all others, only the first one is.
SYMMETRIC = {"Add", "Concat", "Div", "MatMul", "Max", "Min", "Mul", "Pow", "Sub", "Sum"}

#: Operators all of whose inputs say how large their output is: in a network they are constants.
SHAPES = {
    "BlackmanWindow",
    "ConstantOfShape",
    "HammingWindow",
    "HannWindow",
    "MelWeightMatrix",
    "Range",
}

#: Operators whose first inputs say how often, or whether, others run.
CONTROL = {"If": 1, "Loop": 2}

_FLOATS = {TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.FLOAT, TensorProto.FLOAT16}

#: What goes through a file beside a case that computes nothing from inputs.
BESIDE = "beside"


@dataclass(frozen=True)
class Binding:
    """A case with some of its inputs bound.

    Attributes:
        model: With the bound inputs as initializers.
        inputs: Value of each input that is left, in the model's order.
        beside: Whether an input and an output were added that the case knows nothing of.
    """

    model: onnx.ModelProto
    inputs: Mapping[str, np.ndarray]
    beside: bool = False


def bindings(case: Case) -> list[Binding]:
    """All ways of binding a case, the one with the most inputs first."""
    constants = {tensor.name for tensor in case.model.graph.initializer}
    ports = [port for port in case.model.graph.input if port.name not in constants]
    values = dict(zip((port.name for port in ports), case.data[0], strict=True))
    free = [
        [port.name for port in ports],
        [port.name for port in ports if port.type.tensor_type.elem_type in _FLOATS],
        [port.name for port in ports if _is_activation(port.name, case.model)],
    ]
    ways = []
    for number, names in enumerate(free):
        if names not in free[:number] and (names or _makes_shapes(case)):
            ways.append(names)
    if not ways:
        ways.append([])
    return [_bound(case, names, values) for names in ways]


def _bound(case: Case, free: list[str], values: Mapping[str, Any]) -> Binding:
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for port in list(model.graph.input):
        if port.name in values and port.name not in free:
            tensor = _tensor(values[port.name], port.name)
            if tensor is not None:
                model.graph.initializer.append(tensor)
                model.graph.input.remove(port)
    inputs = {
        port.name: array(values[port.name]) for port in model.graph.input if port.name in values
    }
    if inputs:
        return Binding(model, inputs)
    return Binding(*_with_something_beside(model), beside=True)


def _with_something_beside(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """Return a model with one input and one output more, since no file computes constants alone."""
    result = f"{BESIDE}_result"
    model.graph.node.append(helper.make_node("Neg", [BESIDE], [result], name=f"the_{BESIDE}"))
    model.graph.input.append(helper.make_tensor_value_info(BESIDE, TensorProto.FLOAT, [1, 2]))
    model.graph.output.append(helper.make_tensor_value_info(result, TensorProto.FLOAT, [1, 2]))
    return model, {BESIDE: np.array([[1.0, -2.0]], np.float32)}


def _tensor(value: Any, name: str) -> onnx.TensorProto | None:
    """Return a value as an initializer, or None if it is a sequence or an optional value."""
    if isinstance(value, onnx.TensorProto):
        tensor = onnx.TensorProto()
        tensor.CopyFrom(value)
    elif isinstance(value, np.ndarray | np.generic):
        values = np.asarray(value)
        tensor = numpy_helper.from_array(
            values.astype(object) if values.dtype.kind in "SU" else values
        )
    else:
        return None
    tensor.name = name
    return tensor


def _is_activation(name: str, model: onnx.ModelProto) -> bool:
    return any(
        name in node.input[first:last]
        for node in model.graph.node
        for first, last in [_activations(node)]
    )


def _activations(node: onnx.NodeProto) -> tuple[int, int]:
    """Return the first input that is an activation, and the one behind the last."""
    if node.op_type in SHAPES:
        return 0, 0
    if node.op_type in CONTROL:
        return CONTROL[node.op_type], len(node.input)
    return 0, len(node.input) if node.op_type in SYMMETRIC or node.op_type == "Scan" else 1


def _makes_shapes(case: Case) -> bool:
    return bool(case.operators & (SHAPES | set(CONTROL)))
