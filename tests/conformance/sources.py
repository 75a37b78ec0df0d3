"""Where ONNX's backend cases come from: Debian's libonnx-testdata, and the onnx wheel."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper
from onnx.backend.test.case import node as node_cases
from onnx.backend.test.loader import DATA_DIR

from tests.conformance.cases import Case, Data

DEBIAN = Path("/usr/share/libonnx-testdata/data/node")
MISSING = "Debian's libonnx-testdata is not here: apt-get install libonnx-testdata"

#: Their inputs are memory that nobody had written to, with numbers such as 9e223.
GARBAGE = {
    "test_operator_add_broadcast",
    "test_operator_add_size1_right_broadcast",
    "test_operator_add_size1_singleton_broadcast",
    "test_operator_addconstant",
}


@dataclass(frozen=True)
class Source:
    """Cases that come together, by name."""

    name: str
    cases: tuple[Case, ...]


@cache
def libonnx_testdata() -> Source | None:
    """Debian's node cases, or None where the package is not installed."""
    if not DEBIAN.is_dir():
        return None
    return Source("libonnx-testdata, node", tuple(_stored_cases(DEBIAN)))


@cache
def onnx_wheel() -> Source:
    """The cases of the onnx package: of single operators, and those converted from PyTorch."""
    found = _node_cases()
    for kind in ("pytorch-converted", "pytorch-operator", "simple"):
        found += _stored_cases(Path(DATA_DIR) / kind)
    kept = [case for case in found if case.name not in GARBAGE]
    return Source(f"onnx {onnx.__version__} wheel", tuple(sorted(kept, key=lambda c: c.name)))


def all_sources() -> list[Source]:
    """The sources that are here."""
    debian = libonnx_testdata()
    return [onnx_wheel()] if debian is None else [debian, onnx_wheel()]


def _node_cases() -> list[Case]:
    """Import every file about operators: importing one makes its cases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for module in pkgutil.iter_modules(node_cases.__path__):
            importlib.import_module(f"{node_cases.__name__}.{module.name}")
    cases = []
    for case in node_cases._NodeTestCases:
        [data] = case.data_sets
        cases.append(Case(case.name, case.model, partial(tuple, data)))
    return cases


def _stored_cases(folder: Path) -> list[Case]:
    return [_stored_case(path.parent) for path in sorted(folder.glob("*/model.onnx"))]


def _stored_case(folder: Path) -> Case:
    model = onnx.load(folder / "model.onnx")
    return Case(folder.name, model, partial(_read, folder, model.graph))


def _read(folder: Path, graph: onnx.GraphProto) -> Data:
    [data] = folder.glob("test_data_set_*")
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [port for port in graph.input if port.name not in constants]
    return (
        [_load(data / f"input_{i}.pb", port.type) for i, port in enumerate(inputs)],
        [_load(data / f"output_{i}.pb", port.type) for i, port in enumerate(graph.output)],
    )


def _load(path: Path, kind: onnx.TypeProto) -> Any:
    content = path.read_bytes()
    if kind.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(content))
    if kind.HasField("optional_type"):
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(content))
    tensor = onnx.TensorProto.FromString(content)
    if kind.tensor_type.elem_type == onnx.TensorProto.BFLOAT16:
        # Older cases store its bits as uint16.
        tensor.data_type = onnx.TensorProto.BFLOAT16
    return tensor
