"""Take one node apart, and demand what ONNX Runtime computes for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from _edgeship.export.decompositions import decompose
from _edgeship.export.graph.onnx_graph import infer_shapes

Array = NDArray[Any]

#: What both targets lower themselves; decompositions must end in these.
CORE = frozenset(
    [
        "Abs",
        "Add",
        "And",
        "ArgMax",
        "ArgMin",
        "AveragePool",
        "Cast",
        "Ceil",
        "Clip",
        "Concat",
        "Conv",
        "ConvTranspose",
        "Cos",
        "CumSum",
        "Div",
        "Equal",
        "Erf",
        "Exp",
        "Expand",
        "Floor",
        "Gather",
        "GatherElements",
        "GatherND",
        "Gemm",
        "Greater",
        "GreaterOrEqual",
        "Identity",
        "Less",
        "LessOrEqual",
        "Log",
        "MatMul",
        "Max",
        "MaxPool",
        "Min",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "Pad",
        "Pow",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceProd",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Resize",
        "Round",
        "Sigmoid",
        "Sign",
        "Sin",
        "Slice",
        "Softmax",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Tanh",
        "Tile",
        "TopK",
        "Transpose",
        "Unsqueeze",
        "Where",
        "Xor",
    ]
)


@dataclass(frozen=True)
class Case:
    """One node and what it reads.

    Attributes:
        op_type: Its operator.
        inputs: Its inputs, in order; None where one is left out.
        attributes: Its attributes.
        constants: Numbers of the inputs that are constants.
        outputs: How many outputs it has; a tuple names those that exist by number.
        opset: The version of the operator set.
        tolerance: The largest error allowed, as a share of the output's range.
        reference: Whether ONNX's reference evaluator says what is right: ONNX Runtime lacks it.
    """

    op_type: str
    inputs: Sequence[Array | None]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: Sequence[int] = ()
    outputs: int | Sequence[int] = 1
    opset: int = 18
    tolerance: float = 1e-5
    reference: bool = False


def case(op_type: str, *inputs: Any, **given: Any) -> Case:
    """Return a case; what is not a field of it is an attribute of the node."""
    own = {"constants", "outputs", "opset", "tolerance", "reference"}
    fields = {key: value for key, value in given.items() if key in own}
    attributes = {key: value for key, value in given.items() if key not in own}
    return Case(op_type, inputs, attributes, **fields)


def model_of(case: Case) -> onnx.ModelProto:
    """Return the model that holds the node."""
    names = ["" if each is None else f"in{number}" for number, each in enumerate(case.inputs)]
    numbers = range(case.outputs) if isinstance(case.outputs, int) else case.outputs
    outputs = [f"out{k}" if k in numbers else "" for k in range(max(numbers) + 1)]
    node = onnx.helper.make_node(case.op_type, names, outputs, "node", **case.attributes)
    given = [(n, name, case.inputs[n]) for n, name in enumerate(names) if name]
    graph = onnx.helper.make_graph(
        [node],
        "case",
        [
            onnx.helper.make_tensor_value_info(name, typed(data), data.shape)
            for n, name, data in given
            if n not in case.constants
        ],
        [onnx.ValueInfoProto(name=name) for name in outputs if name],
        [
            onnx.numpy_helper.from_array(data, name)
            for n, name, data in given
            if n in case.constants
        ],
    )
    opsets = [onnx.helper.make_opsetid("", case.opset)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def typed(data: Array) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(data.dtype))


def decomposed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its node taken apart until only core operators are left."""
    graph = infer_shapes(ir.from_proto(model))
    decompose(graph, lambda node: node.op_type in CORE and node.name != "node")
    left = {node.op_type for node in graph.graph} - CORE
    assert all(node.name != "node" for node in graph.graph), "it was not taken apart"
    assert not left, f"{left} stayed"
    return ir.to_proto(graph)


def run(model: onnx.ModelProto, feeds: Mapping[str, Array]) -> list[Array]:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options)
    return list(session.run(None, dict(feeds)))


def check(case: Case) -> None:
    """Demand that a node and its pieces compute the same."""
    model = model_of(case)
    feeds = {
        f"in{n}": data
        for n, data in enumerate(case.inputs)
        if data is not None and n not in case.constants
    }
    runs = ReferenceEvaluator(model).run(None, feeds) if case.reference else run(model, feeds)
    for output, right in zip(model.graph.output, runs, strict=True):
        # As preparation does: a shape that inference leaves open is read off a run.
        known = onnx.helper.make_tensor_value_info("", typed(np.asarray(right)), np.shape(right))
        output.type.CopyFrom(known.type)
    pieces = decomposed(model)
    expected = dict(zip([each.name for each in model.graph.output], runs, strict=True))
    found = dict(zip([each.name for each in pieces.graph.output], run(pieces, feeds), strict=True))
    assert list(found) == list(expected)
    for name, right in expected.items():
        compare(found[name], np.asarray(right), case.tolerance)


def compare(found: Array, right: Array, tolerance: float) -> None:
    assert found.shape == right.shape
    assert found.dtype == right.dtype
    if right.dtype.kind == "f":
        assert np.array_equal(np.isfinite(found), np.isfinite(right))
        finite = np.isfinite(right)
        reach = max(float(np.abs(right[finite]).max(initial=0.0)), 1e-6)
        error = float(np.abs(found[finite] - right[finite]).max(initial=0.0))
        assert error <= tolerance * reach, f"off by {error:g} of {reach:g}"
    else:
        np.testing.assert_array_equal(found, right)


def rand(*shape: int, seed: int = 0, low: float = -3.0, high: float = 3.0) -> Array:
    """Return float32 numbers between two bounds."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def ints(*numbers: int) -> Array:
    """Return a list of int64."""
    return np.array(numbers, np.int64)
