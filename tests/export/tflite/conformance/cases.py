"""ONNX's own backend cases, as far as they are made of operators that have a lowering."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case import node as node_cases
from onnx.backend.test.loader import DATA_DIR

from export.tflite.ops import LOWERINGS

#: Operators all of whose inputs are activations; of all others, only the first one is.
SYMMETRIC = {"Add", "Concat", "Div", "MatMul", "Max", "Min", "Mul", "Pow", "Sub", "Sum"}

#: Their inputs are memory that nobody had written to, with numbers such as 9e223.
GARBAGE = {
    "test_operator_add_broadcast",
    "test_operator_add_size1_right_broadcast",
    "test_operator_add_size1_singleton_broadcast",
    "test_operator_addconstant",
}


@dataclass(frozen=True)
class Case:
    """A model, and inputs and outputs that belong together."""

    name: str
    model: onnx.ModelProto
    inputs: Sequence[Any]
    outputs: Sequence[Any]


def all_cases() -> list[Case]:
    """The cases of single operators and those converted from PyTorch, by name."""
    found = _node_cases()
    for kind in ("pytorch-converted", "pytorch-operator", "simple"):
        folders = sorted((Path(DATA_DIR) / kind).glob("*/model.onnx"))
        found += [case for path in folders if (case := _stored_case(path.parent)) is not None]
    return sorted((c for c in found if c.name not in GARBAGE), key=lambda case: case.name)


def _node_cases() -> list[Case]:
    """Import only the files about operators with a lowering: importing a file runs it."""
    wanted = {op.lower() for op in LOWERINGS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for module in pkgutil.iter_modules(node_cases.__path__):
            if module.name.replace("_", "") in wanted:
                importlib.import_module(f"{node_cases.__name__}.{module.name}")
    return [
        Case(case.name, case.model, inputs, outputs)
        for case in node_cases._NodeTestCases
        if is_lowered(case.model)
        for inputs, outputs in case.data_sets
    ]


def _stored_case(folder: Path) -> Case | None:
    model = onnx.load(folder / "model.onnx")
    if not is_lowered(model):
        return None
    data = folder / "test_data_set_0"
    inputs = [_load(path) for path in _numbered(data, "input")]
    outputs = [_load(path) for path in _numbered(data, "output")]
    return Case(folder.name, model, inputs, outputs)


def is_lowered(model: onnx.ModelProto) -> bool:
    """Whether every operator has a lowering (which may still refuse)."""
    return all(node.op_type in LOWERINGS and not node.domain for node in model.graph.node)


def bound(case: Case) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """The case with weights, shapes and the like as initializers, and the activations' values.

    The cases pass everything as an input, which no network does, and read statistics that only
    training needs.
    """
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    constants = {tensor.name for tensor in model.graph.initializer}
    ports = [value for value in model.graph.input if value.name not in constants]
    if {node.op_type for node in model.graph.node} == {"LayerNormalization"}:
        del model.graph.output[1:]
    activations: dict[str, np.ndarray] = {}
    for port, value in zip(ports, case.inputs, strict=True):
        if _is_activation(port.name, model):
            activations[port.name] = _array(value)
        else:
            array = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value)
            array.name = port.name
            model.graph.initializer.append(array)
            model.graph.input.remove(port)
    return model, activations


def expected(case: Case) -> list[np.ndarray]:
    """The outputs, floating types as float32."""
    arrays = [np.asarray(_array(value)) for value in case.outputs]
    return [a if a.dtype.kind in "iub" else a.astype(np.float32) for a in arrays]


def _is_activation(name: str, model: onnx.ModelProto) -> bool:
    return any(
        name in (node.input if node.op_type in SYMMETRIC else node.input[:1])
        for node in model.graph.node
    )


def _array(value: Any) -> Any:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _numbered(folder: Path, prefix: str) -> list[Path]:
    return [folder / f"{prefix}_{i}.pb" for i in range(len(list(folder.glob(f"{prefix}_*.pb"))))]


def _load(path: Path) -> np.ndarray:
    return numpy_helper.to_array(onnx.load_tensor(path))
