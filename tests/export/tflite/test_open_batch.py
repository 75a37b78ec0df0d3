"""Files with an open batch, resized as an app does, against ONNX Runtime on the open network."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from _edgeship.export.preparation.inputs import OPEN_BATCH
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.runtimes.interpreters import open_interpreter
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.batches import with_open_batch
from _edgeship.export.tflite.building.graph import TfliteGraph
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model
from tests.export.tflite.ops.harness import parse, rand

CONSTANTS = {
    "w": rand(8, 3, 3, 3) / 3,
    "k": rand(128, 10) / 10,
    "w1": rand(8, 8, seed=1) / 3,
    "w2": rand(8, 8, seed=2) / 3,
    "w3": rand(3, 4, 2, 2),
    "groups": np.array([0, 2, 4, 64]),
    "image": np.array([-1, 8, 8, 8]),
    "axis": np.array([0]),
    "begin": np.array([1]),
    "end": np.array([3]),
    "channels": np.array([1]),
    "columns": np.array([0, 2, 5]),
    "twice": np.array([1, 2, 1, 1], np.float32),
    "border": np.array([0, 0, 0, 0, 0, 0, 1, 0]),
    "rows": np.array([0, 4, 27]),
}
SHUFFLE = """agraph (float[N,3,8,8] x) => (float[N,10] y) {
    c = Conv<pads=[1,1,1,1]>(x, w) r = Relu(c)
    a = Reshape(r, groups) b = Transpose<perm=[0,2,1,3]>(a) d = Reshape(b, image)
    p = MaxPool<kernel_shape=[2,2], strides=[2,2]>(d) f = Flatten(p) y = Gemm(f, k) }"""
ATTENTION = """agraph (float[N,6,8] x) => (float[N,6,8] y) {
    q = MatMul(x, w1) k2 = MatMul(x, w2) t = Transpose<perm=[0,2,1]>(k2) a = MatMul(q, t)
    s = Softmax<axis=-1>(a) y = MatMul(s, x) }"""
MOVES = """agraph (float[N,3,8,8] x) => (float[N,27,4] y) {
    s = Slice(x, begin, end, channels) g = Gather<axis=3>(s, columns)
    r = Resize<mode="nearest">(g, , twice) p = Pad<mode="edge">(r, border) q = Reshape(p, rows)
    y = Transpose<perm=[0,2,1]>(q) }"""
CLASSES = """agraph (float[N,3,8,8] x) => (int64[N,8,8] y) {
    y = ArgMax<axis=1, keepdims=0>(x) }"""


def network(text: str) -> onnx.ModelProto:
    model = parse(text)
    read = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(data, name) for name, data in CONSTANTS.items() if name in read
    )
    return model


def lowered(model: onnx.ModelProto) -> tuple[ir.Model, Lowered, list[dict[str, np.ndarray]]]:
    dims = model.graph.input[0].type.tensor_type.shape.dim
    shape = (1, *(dim.dim_value for dim in dims[1:]))
    prepared = prepare(model, [shape]).model
    assert prepared.metadata_props[OPEN_BATCH] == "x"
    samples = [{"x": rand(*shape, seed=seed)} for seed in range(4)]
    return prepared, lower(prepared), samples


def opened(
    model: onnx.ModelProto, prepared: ir.Model, low: Lowered, samples: list[dict[str, np.ndarray]]
) -> tuple[TfliteGraph, str]:
    data = model.SerializeToString()
    return with_open_batch(prepared, low, "test", samples, lambda given: run_onnx(data, given))


def resized(data: bytes, batch: np.ndarray) -> np.ndarray:
    interpreter = open_interpreter(data)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, batch.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, batch)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("scheme", ["none", "fp16", "int8"])
@pytest.mark.parametrize("text", [SHUFFLE, ATTENTION, MOVES, CLASSES])
def test_an_app_resizes_the_file(text: str, scheme: str) -> None:
    model = network(text)
    prepared, low, samples = lowered(model)
    graph, note = opened(model, prepared, low, samples)
    assert "any size" in note
    assert graph.tensors[graph.inputs[0]].signature == (-1, *low.io.inputs[0].shape[1:])
    data = to_bytes(to_model(graph, low.io, "test"))
    data = quantize(data, scheme, activation_ranges(data, samples, low.io))
    batch = np.concatenate([sample["x"] for sample in samples[:3]])
    [[wanted]] = run_onnx(model.SerializeToString(), [{"x": batch}])
    found = resized(data, np.ascontiguousarray(batch.transpose(low.io.inputs[0].perm)))
    found = found.transpose(np.argsort(low.io.outputs[0].perm))
    assert found.shape == wanted.shape
    if wanted.dtype == np.int64:
        assert (found == wanted).mean() >= (0.9 if scheme == "int8" else 1.0)
    else:
        limit = {"none": 1e-5, "fp16": 1e-3, "int8": 5e-2}[scheme]
        assert np.abs(found - wanted).max() <= limit * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "agraph (float[N,6,8] x) => (float[6,N,8] y) "
            "{ t = Transpose<perm=[1,0,2]>(x) y = MatMul(t, w1) }",
            "y of a batch of 2 has shape [12, 1, 8]",
        ),
        (
            "agraph (float[N,6,8] x) => (float[1,6,8] y) { y = ReduceMean<keepdims=1>(x, axis) }",
            "the batch does not go through a MEAN",
        ),
        (
            "agraph (float[N,3,8,8] x) => (float[N,4,16,16] y) "
            "{ y = ConvTranspose<strides=[2,2]>(x, w3) }",
            "the batch does not go through a TRANSPOSE_CONV",
        ),
    ],
)
def test_files_for_one_entry_only(text: str, reason: str) -> None:
    model = network(text)
    prepared, low, samples = lowered(model)
    graph, note = opened(model, prepared, low, samples)
    assert graph is low.graph
    assert note == f"The .tflite files are for batches of 1 only: {reason}."


def test_a_fixed_batch_stays_fixed() -> None:
    model = network(SHUFFLE)
    prepared, low, samples = lowered(model)
    del prepared.metadata_props[OPEN_BATCH]
    assert opened(model, prepared, low, samples) == (low.graph, "")


def test_entries_that_look_at_one_another() -> None:
    """For a batch of 1, the first entry of a batch is the batch itself."""
    text = """agraph (float[N,6,8] x) => (float[N,6,8] y)
        <int64[1] zero = {0}, int64[1] one = {1}> {
        f = Slice(x, zero, one, axis) y = Sub(x, f) }"""
    model = network(text)
    prepared, low, samples = lowered(model)
    graph, note = opened(model, prepared, low, samples)
    assert graph is low.graph
    assert "y of a batch of 2 is not what the network computes" in note
