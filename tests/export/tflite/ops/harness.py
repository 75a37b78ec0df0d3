"""Lower an ONNX graph, run it with LiteRT, and demand what ONNX Runtime computes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.lowering import IoLayout, Lowered, lower
from _edgeship.export.tflite.ops import LOWERINGS
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.export.verification.metrics import compare

LAYOUTS: tuple[IoLayout, ...] = ("nhwc", "nchw")
Feeds = Mapping[str, np.ndarray]


def rand(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def node_model(
    op_type: str,
    inputs: Mapping[str, Any],
    *,
    outputs: Sequence[str] = ("y",),
    opset: int = 18,
    **attributes: Any,
) -> onnx.ModelProto:
    """A model of one node.

    ``inputs`` has a shape (a tuple) for each computed input, an array for each constant, and None
    for an optional input that is left out.
    """
    names = ["" if value is None else name for name, value in inputs.items()]
    node = helper.make_node(op_type, names, list(outputs), name=f"the_{op_type}", **attributes)
    return graph_model([node], inputs, outputs, opset=opset)


def graph_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Any],
    outputs: Sequence[str] = ("y",),
    *,
    opset: int = 18,
    dtype: int = onnx.TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A model of several nodes; ``inputs`` as above."""
    computed = {name: value for name, value in inputs.items() if isinstance(value, tuple)}
    constants = {name: value for name, value in inputs.items() if isinstance(value, np.ndarray)}
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(name, dtype, shape) for name, shape in computed.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    return typed(model)


def typed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the types of its outputs filled in, which ONNX Runtime wants."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for output in inferred.graph.output:
        assert output.type.WhichOneof("value"), f"nobody knows the type of {output.name}"
    return inferred


def parse(text: str, opset: int = 18) -> onnx.ModelProto:
    """A model written in ONNX's textual syntax: ``agraph (...) => (...) {...}``."""
    return onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]>\n{text}')


def lower_model(model: onnx.ModelProto, io_layout: IoLayout = "nhwc") -> Lowered:
    """Lower a model as the pipeline does."""
    folded, _ = fold_frames(infer_shapes(ir.from_proto(model)))
    return lower(folded, io_layout)


def beside(
    op_type: str,
    inputs: Mapping[str, Any],
    others: Mapping[str, tuple[int, ...]],
    dtype: int,
    **attributes: Any,
) -> onnx.ModelProto:
    """A model of one node; behind inputs as in `node_model` come computed ones of another type."""
    names = [*inputs, *others]
    node = helper.make_node(op_type, names, ["y"], name=f"the_{op_type}", **attributes)
    computed = [
        *(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
            if isinstance(shape, tuple)
        ),
        *(helper.make_tensor_value_info(name, dtype, shape) for name, shape in others.items()),
    ]
    constants = [
        numpy_helper.from_array(value, name)
        for name, value in inputs.items()
        if isinstance(value, np.ndarray)
    ]
    graph = helper.make_graph([node], "graph", computed, [onnx.ValueInfoProto(name="y")], constants)
    opset = [helper.make_opsetid("", 18)]
    return typed(helper.make_model(graph, opset_imports=opset, ir_version=10))


def feeds(model: onnx.ModelProto, low: int, high: int) -> Feeds:
    """Inputs of a model, with integers from ``low`` up to ``high``."""
    rng = np.random.default_rng(0)
    return {
        name: array
        if array.dtype.kind in "fb"
        else np.asarray(rng.integers(low, high, array.shape)).astype(array.dtype)
        for name, array in inputs_of(model).items()
    }


def lower_alone(model: onnx.ModelProto) -> TfliteGraph:
    """The graph of a model's nodes by their own lowerings, without simpler operators.

    Raises:
        Unsupported: From the first lowering that cannot express its node.
    """
    graph = infer_shapes(ir.from_proto(model)).graph
    ctx = Context(TfliteGraph())
    for value in graph.inputs:
        order = layout.channels_last(len(ctx.shape(value)))
        shape = layout.permuted(ctx.shape(value), order)
        ctx.bind(value, ctx.graph.tensor(value.name or "", shape, dtype_of(value)), order)
    for node in graph:
        LOWERINGS[node.op_type](ctx, node)
    return ctx.graph


def inputs_of(model: onnx.ModelProto, seed: int = 0, low: float | None = None) -> Feeds:
    """Seeded inputs: normal numbers (uniform above ``low`` if it is given), small integers."""
    rng = np.random.default_rng(seed)
    constants = {tensor.name for tensor in model.graph.initializer}
    feeds: dict[str, np.ndarray] = {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        shape = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        if dtype.kind == "f" and low is not None:
            feeds[value.name] = rng.uniform(low, low + 3, shape).astype(dtype)
        elif dtype.kind == "f":
            feeds[value.name] = rng.standard_normal(shape).astype(dtype)
        else:
            feeds[value.name] = np.asarray(rng.integers(-9, 9, shape)).astype(dtype)
    return feeds


def check(
    model: onnx.ModelProto,
    io_layout: IoLayout = "nhwc",
    *,
    feeds: Feeds | None = None,
    low: float | None = None,
    tolerance: float = 1e-5,
) -> list[str]:
    """Assert that LiteRT computes what ONNX Runtime computes, to ``tolerance`` of the range.

    Returns:
        The kinds of the operators in the file, in order.
    """
    lowered = lower_model(model, io_layout)
    feeds = inputs_of(model, low=low) if feeds is None else feeds
    expected = run_onnx(model.SerializeToString(), [feeds])
    found = run_lowered(lowered, feeds)
    for port, reference in zip(lowered.io.outputs, expected[0], strict=True):
        assert port.shape == tuple(reference.shape[axis] for axis in port.perm), port
    # A scalar comes back as an array of one element.
    found = [
        a.reshape(r.shape) if r.ndim == 0 else a for a, r in zip(found, expected[0], strict=True)
    ]
    parity = compare(expected, [found])
    assert parity.max_rel <= tolerance, f"{parity}\n{describe(lowered.graph)}"
    return kinds(lowered)


def check_both(model: onnx.ModelProto, **keywords: Any) -> list[str]:
    """Check both axis orders of the file; the operators returned are those of NHWC."""
    check(model, "nchw", **keywords)
    return check(model, "nhwc", **keywords)


def run_lowered(lowered: Lowered, feeds: Feeds) -> list[np.ndarray]:
    """The outputs of the written file in ONNX order."""
    samples = [{name: _stored(array) for name, array in feeds.items()}]
    data = to_bytes(to_model(lowered.graph, lowered.io, "test"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        (outputs,) = run_tflite(data, samples, lowered.io)
    return outputs


def kinds(lowered: Lowered) -> list[str]:
    """The kinds of the operators."""
    return [op.kind for op in lowered.graph.ops]


def ranks(lowered: Lowered) -> set[int]:
    """The numbers of axes of all tensors."""
    return {len(tensor.shape) for tensor in lowered.graph.tensors}


def describe(graph: TfliteGraph) -> str:
    """One line for each operator."""

    def tensors(indices: Iterable[int]) -> list[tuple[str, tuple[int, ...]]]:
        return [(graph.tensors[i].name, graph.tensors[i].shape) for i in indices]

    return "\n".join(f"{op.kind} {tensors(op.inputs)} -> {tensors(op.outputs)}" for op in graph.ops)


def _stored(array: np.ndarray) -> np.ndarray:
    """The array as the file takes it; types that NumPy itself does not have are floating ones."""
    return array if array.dtype.kind in "iub" else array.astype(np.float32)
