"""A backend case of ONNX, and how its inputs are bound before it is compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

Data = tuple[Sequence[Any], Sequence[Any]]

#: Operators all of whose inputs are activations; of all others, only the first one is.
SYMMETRIC = {"Add", "Concat", "Div", "MatMul", "Max", "Min", "Mul", "Pow", "Sub", "Sum"}


@dataclass(frozen=True)
class Case:
    """A model, and inputs and outputs that belong together.

    Attributes:
        name: As ONNX names it: ``test_...``.
        model: With everything as an input, constants too.
        read: Returns the inputs and the outputs.
    """

    name: str
    model: onnx.ModelProto
    read: Callable[[], Data]

    @cached_property
    def data(self) -> Data:
        """Inputs and outputs; arrays, or tensors of types that NumPy does not have."""
        return self.read()

    @cached_property
    def operators(self) -> frozenset[str]:
        """ONNX operators, those of other domains with the domain in front."""
        return frozenset(
            f"{node.domain}.{node.op_type}" if node.domain else node.op_type
            for node in self.model.graph.node
        )

    @cached_property
    def identity(self) -> str:
        """Equal for two cases that have equal operators, operator sets, constants and inputs."""
        graph = self.model.graph
        versions = sorted((opset.domain, opset.version) for opset in self.model.opset_import)
        digest = hashlib.sha256(repr(versions).encode())
        for message in (*graph.node, *graph.initializer, *graph.input):
            digest.update(message.SerializeToString(deterministic=True))
        for value in self.data[0]:
            digest.update(_bytes(value))
        return digest.hexdigest()


def bound(case: Case) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """The case with weights, shapes and the like as initializers, and the activations' values.

    The cases pass everything as an input, which no network does, and read statistics that only
    training needs.
    """
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    constants = {tensor.name for tensor in model.graph.initializer}
    ports = [value for value in model.graph.input if value.name not in constants]
    if case.operators == {"LayerNormalization"}:
        del model.graph.output[1:]
    activations: dict[str, np.ndarray] = {}
    for port, value in zip(ports, case.data[0], strict=True):
        if _is_activation(port.name, model):
            activations[port.name] = array(value)
        else:
            tensor = (
                value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value)
            )
            tensor.name = port.name
            model.graph.initializer.append(tensor)
            model.graph.input.remove(port)
    return model, activations


def expected(case: Case) -> list[np.ndarray]:
    """The outputs, floating types as float32."""
    arrays = [np.asarray(array(value)) for value in case.data[1]]
    return [a if a.dtype.kind in "iub" else a.astype(np.float32) for a in arrays]


def within(cases: Collection[Case], operators: Collection[str]) -> list[Case]:
    """The cases that are made of these operators alone."""
    return [case for case in cases if case.operators <= set(operators)]


def array(value: Any) -> Any:
    """The value as an array, or as it is where it is not a tensor."""
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _is_activation(name: str, model: onnx.ModelProto) -> bool:
    return any(
        name in (node.input if node.op_type in SYMMETRIC else node.input[:1])
        for node in model.graph.node
    )


def _bytes(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(_bytes(item) for item in value)
    data = np.asarray(array(value))
    return f"{data.dtype}{data.shape}".encode() + data.tobytes()
