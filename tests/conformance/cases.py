"""A backend case of ONNX: a model, inputs, and the outputs that ONNX expects."""

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


#: Cases whose outputs ONNX Runtime, which every file is compared with, computes in another way.
#: They are compared with what it computes.
DISPUTED = {
    # A scale of 0.6 of 4 pixels makes 2.4 of them: ONNX takes the 2.4 for the last corner's
    # position, ONNX Runtime the 2 that there are.
    "test_resize_downsample_scales_cubic_align_corners",
    "test_resize_downsample_scales_linear_align_corners",
}


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

    @property
    def subject(self) -> str:
        """What the case is about: its operator, or what it has several of them for."""
        if len(self.operators) == 1:
            return next(iter(self.operators))
        if "_expanded" in self.name:
            return "functions written out"
        return "several operators" if self.operators else "no operator"

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


def expected(case: Case, disputed: Collection[str] = ()) -> list[np.ndarray]:
    """The outputs, floating types as float32; values that are no tensors as they are.

    Args:
        case: With its data.
        disputed: Further cases to compare with what ONNX Runtime computes.
    """
    by_runtime = case.name in DISPUTED or case.name in disputed
    values = _by_onnx_runtime(case) if by_runtime else case.data[1]
    arrays = [np.asarray(array(value)) for value in values]
    return [a if a.dtype.kind in "iubOUS" else a.astype(np.float32) for a in arrays]


def _by_onnx_runtime(case: Case) -> Sequence[Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        case.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feeds = zip(session.get_inputs(), case.data[0], strict=True)
    outputs: Sequence[Any] = session.run(None, {port.name: array(value) for port, value in feeds})
    return outputs


def array(value: Any) -> Any:
    """The value as an array, or as it is where it is not a tensor."""
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _bytes(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(_bytes(item) for item in value)
    data = np.asarray(array(value))
    return f"{data.dtype}{data.shape}".encode() + data.tobytes()
