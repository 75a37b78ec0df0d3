"""Small ONNX models; prepared ones are compared with ONNX Runtime's run of the original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.graph.onnx_graph import operator_counts, serialize
from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.preparation.prepare import Prepared, prepare

Feeds = Mapping[str, np.ndarray]


def int64(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """A node; names are separated by spaces, and ``_`` is an input that is left out."""
    read = ["" if name == "_" else name for name in inputs.split()]
    name = f"the_{outputs.split()[0]}"
    return helper.make_node(op, read, outputs.split(), name=name, **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: str,
    constants: Mapping[str, np.ndarray] | None = None,
    opset: int = 18,
    dtype: int = TensorProto.FLOAT,
    dtypes: Mapping[str, int] | None = None,
    domains: Sequence[str] = (),
    ir_version: int = 8,
) -> onnx.ModelProto:
    """A model whose outputs have no declared shape."""
    ports = [
        helper.make_tensor_value_info(name, (dtypes or {}).get(name, dtype), shape)
        for name, shape in inputs.items()
    ]
    results = [helper.make_empty_tensor_value_info(name) for name in outputs.split()]
    values = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    graph = helper.make_graph(nodes, "graph", ports, results, values)
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version)


def run(data: bytes, feeds: Feeds) -> list[np.ndarray]:
    """The outputs, by ONNX Runtime without its optimizations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {name: np.asarray(array) for name, array in feeds.items()})


def checked(
    proto: onnx.ModelProto, feeds: Feeds, shapes: Sequence[Shape] = (), atol: float = 1e-5
) -> Prepared:
    """Prepare a model and compare it with the original, both run by ONNX Runtime."""
    expected = run(proto.SerializeToString(), feeds)
    prepared = prepare(proto, shapes)
    compare(prepared, feeds, expected, atol)
    return prepared


def compare(
    prepared: Prepared, feeds: Feeds, expected: Sequence[np.ndarray], atol: float = 1e-5
) -> None:
    """Check what is promised of a prepared graph, and that it gives the expected outputs."""
    graph = prepared.model.graph
    data = serialize(prepared.model)
    onnx.checker.check_model(onnx.load_from_string(data))
    for each in graph:
        for value in each.outputs:
            assert not value.name or static_shape(value) is not None, value
            assert not value.name or value.dtype is not None, value
    wanted = {value.name: value.dtype.numpy() for value in graph.inputs}
    found = run(data, {name: np.asarray(array, wanted[name]) for name, array in feeds.items()})
    for value, one, other in zip(graph.outputs, found, expected, strict=True):
        assert static_shape(value) == one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=atol)


def operators(prepared: Prepared) -> dict[str, int]:
    return operator_counts(prepared.model)
