"""Integer files of all kinds of operators: written, run by LiteRT, near ONNX Runtime's float.

An operator either has an integer kernel and a rule, or stays in float between conversions.
Integers and booleans stay what they are.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import feeds, lower_model, parse, rand, typed

CONSTANTS = {
    "w": rand(8, 8, 1, 1) / 3,
    "table": rand(8, 5, seed=3),
    "matrix": rand(5, 4, seed=4),
    "groups": rand(8, 1, 2, 2) / 3,
    "zero": np.array(0, np.float32),
    "two": np.array(2, np.float32),
    "three": np.array(3, np.float32),
    "one": np.array(1),
    "k": np.array([3]),
    "channels": np.array([1]),
    "picture": np.array([2, 3]),
    "depth": np.array(8),
    "onoff": np.array([0, 1], np.float32),
    "shuffled": np.array([3, 1, 7, 0, 2, 6, 4, 5]),
    "square": np.array([[0, 1], [2, 5]]),
    "end": np.array([-1]),
    "flat": np.array([-1]),
    "from": np.array([0]),
    "to": np.array([3]),
    "rows": np.array([[5], [1], [9]]),
    "again": np.array([[5], [1], [5]]),
    "border": np.array([0, 0, 2, 3, 0, 0, 2, 1]),
    "repeats": np.array([1, 1, 2, 3]),
    "whole": np.array([1, 8, 6, 6]),
    "slope": np.abs(rand(8, 1, 1)),
    "twice": np.array([1, 1, 2, 2], np.float32),
}
FLOATS = {
    "Abs": "s = Abs(c)",
    "And": "a = Greater(c, zero) b = Less(c, two) m = And(a, b) f = Cast<to=1>(m) s = Mul(f, c)",
    "Clip": "s = Clip(c, zero, two)",
    "ConvTranspose": "s = ConvTranspose<strides=[2,2], group=8>(c, groups)",
    "Cos": "s = Cos(c)",
    "CumSum": "s = CumSum(c, one)",
    "DepthToSpace": "d = DepthToSpace<blocksize=2>(c) s = Concat<axis=1>(d, d, d, d)",
    "Div": "e = Exp(x) a = Add(e, two) s = Div(c, a)",
    "Elu": "s = Elu<alpha=0.5>(c)",
    "Erf": "s = Erf(c)",
    "Expand": "m = ReduceMean(c, picture) s = Expand(m, whole)",
    "Gather": "s = Gather<axis=1>(c, shuffled)",
    "GatherElements": "v, i = TopK<axis=1>(c, k) g = GatherElements<axis=1>(c, i) "
    "t = Split<axis=1, num_outputs=3>(g) s = Concat<axis=1>(t, t, t, t, t, t, t, t)",
    "Gelu": "s = Gelu(c)",
    "LogSoftmax": "s = LogSoftmax<axis=1>(c)",
    "Max": "m = Max(c, x) s = Min(m, two)",
    "Mod": "s = Mod<fmod=1>(c, two)",
    "Neg": "s = Neg(c)",
    "PRelu": "s = PRelu(c, slope)",
    "Pad edge": 's = Pad<mode="edge">(c, border)',
    "Pad reflect": 's = Pad<mode="reflect">(c, border)',
    "Pad wrap": 's = Pad<mode="wrap">(c, border)',
    "Pad": "s = Pad(c, border, two)",
    "Pow": "r = Relu(c) s = Pow(r, three)",
    "Reciprocal": "e = Exp(x) a = Add(e, two) r = Reciprocal(a) s = Mul(r, c)",
    "ReduceMax": "m = ReduceMax(c, channels) s = Mul(m, c)",
    "ReduceProd": "m = ReduceProd(c, channels) s = Mul(m, c)",
    "ReduceSum": "m = ReduceSum(c, channels) s = Mul(m, c)",
    "Resize": 's = Resize<mode="nearest">(c, , twice)',
    "ScatterElements": 's = ScatterND<reduction="add">(c, table4, c0)',
    "Selu": "s = Selu(c)",
    "Sin": "s = Sin(c)",
    "Softplus": "s = Softplus(c)",
    "Sqrt": "e = Exp(c) s = Sqrt(e)",
    "Tile": "s = Tile(c, repeats)",
    "Where": "m = Greater(x, zero) q = Mul(c, two) s = Where(m, c, q)",
    "Xor": "a = Greater(x, zero) b = Greater(x, two) m = Xor(a, b) n = Not(m) "
    "f = Cast<to=1>(n) s = Mul(f, c)",
}
FLOATS["GatherElements"] = (
    "v, i = TopK<axis=1>(x, k) g = GatherElements<axis=1>(c, i) s = Concat<axis=1>(g, g, v)"
)
FLOATS["ScatterElements"] = (
    'f = Reshape(c, flat) u = Slice(f, from, to) t = ScatterND<reduction="add">(f, again, u) '
    "s = Reshape(t, whole)"
)
FLOATS["ScatterND"] = (
    "f = Reshape(c, flat) g = Reshape(x, flat) u = Slice(g, from, to) "
    "t = ScatterND(f, rows, u) s = Reshape(t, whole)"
)
OTHERS = {
    "embedding": ("int64[1,5] ids", "t = Gather(table, ids) y = MatMul(t, matrix)"),
    "picture of bytes": ("uint8[1,8,6,6] x", "f = Cast<to=1>(x) y = Conv(f, w)"),
    "mask": (
        "bool[1,8,6,6] m, float[1,8,6,6] x",
        "c = Conv(x, w) y = Where(m, c, zero)",
    ),
    "table by class": (
        "float[1,8,6,6] x",
        "a = ArgMax<axis=1, keepdims=0>(x) t = Relu(table) y = Gather(t, a)",
    ),
    "one hot of class": (
        "float[1,8,6,6] x",
        "a = ArgMax<axis=1, keepdims=0>(x) o = OneHot<axis=1>(a, depth, onoff) y = Conv(o, w)",
    ),
    "integers only": ("int64[1,8,6,6] x", "a = Add(x, x) y = ReduceMax(a, channels)"),
    "bytes only": ("int8[1,8,6,6] x", "a = Add(x, x) y = Concat<axis=1>(a, x)"),
}


def network(inputs: str, body: str) -> onnx.ModelProto:
    model = parse(f"agraph ({inputs}) => (float y) {{ {body} }}", opset=20)
    read = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(data, name) for name, data in CONSTANTS.items() if name in read
    )
    model.graph.output[0].ClearField("type")
    return typed(model)


def worst_db(model: onnx.ModelProto, scheme: str) -> float:
    """The SQNR of the integer file on the samples that it is calibrated on."""
    samples = []
    for seed in range(6):
        sample = feeds(model, 0, 5)
        rng = np.random.default_rng(seed)
        for name, array in sample.items():
            if array.dtype == np.float32:
                sample = {**sample, name: rng.standard_normal(array.shape).astype(np.float32)}
        samples.append(sample)
    wanted = run_onnx(model.SerializeToString(), samples)
    lowered = lower_model(model)
    data = to_bytes(to_model(lowered.graph, lowered.io, "test"))
    written = quantize(data, scheme, activation_ranges(data, samples, lowered.io))
    found = run_tflite(written, samples, lowered.io)
    for outputs, references in zip(found, wanted, strict=True):
        for output, reference in zip(outputs, references, strict=True):
            assert output.dtype == reference.dtype
    return compare(wanted, found).sqnr_db


#: What 8 bits cannot give: small differences decide, or values span many orders of magnitude.
LOWER = {"And": 24, "Erf": 24, "Mod": 20, "Pow": 24, "ReduceProd": 20, "ReduceSum": 24}


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
@pytest.mark.parametrize("name", list(FLOATS))
def test_between_convolutions(name: str, scheme: str) -> None:
    tail = " y = MaxPool<kernel_shape=[2,2]>(s)"
    model = network("float[1,8,6,6] x", f"c = Conv(x, w) {FLOATS[name]}{tail}")
    assert worst_db(model, scheme) >= LOWER.get(name, 28)


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
@pytest.mark.parametrize("name", list(OTHERS))
def test_integers_and_booleans(name: str, scheme: str) -> None:
    assert worst_db(network(*OTHERS[name]), scheme) >= 30
