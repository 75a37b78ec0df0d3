"""Small graphs for the tests of the ONNX target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample

Shapes = Mapping[str, Sequence[int]]


def graph(
    nodes: Sequence[NodeProto],
    inputs: Shapes,
    outputs: Shapes,
    constants: Mapping[str, NDArray[Any]] | None = None,
) -> ir.Model:
    """Return a graph of opset 18 as the stages before the target leave it."""
    made = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in inputs.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in outputs.items()],
        [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()],
    )
    proto = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return infer_shapes(ir.from_proto(proto))


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> NodeProto:
    """Return a node; names are separated by blanks."""
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Return bell-shaped numbers, the same at every call."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def samples(shapes: Shapes, count: int = 4) -> list[Sample]:
    """Return bell-shaped inputs."""
    return [
        {name: normal(*shape, seed=100 * k + n) for n, (name, shape) in enumerate(shapes.items())}
        for k in range(count)
    ]


def int8_file(model: ir.Model, fed: Sequence[Sample]) -> bytes:
    """Return the int8 file of a graph, calibrated on the samples."""
    ready = deployable(model)
    return to_bytes(quantize(ready, graph_ranges(serialize(ready), fed)))


def expected(model: ir.Model, fed: Sequence[Sample]) -> Outputs:
    """Return what a graph computes."""
    return run_onnx(serialize(model), fed)
