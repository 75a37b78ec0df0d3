"""Every scheme on networks with layers that it does not compress: these stay in floating point."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.judging import package_feeds
from _edgeship.export.coreml.schemes import OLDEST_IOS, SCHEMES
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from tests.export.coreml.ops.harness import inputs_of, lower_model, parse, rand

pytestmark = pytest.mark.slow

#: Network -> its text, and the shapes of its weights.
NETWORKS: dict[str, tuple[str, dict[str, tuple[int, ...]]]] = {
    "reader of text": (
        """agraph (float[1,4,8,12] x) => (float[12,1,10] y)
        <int64[3] s = {1, 32, 12}, int64[3] j = {12, 1, 32}> {
            c = Conv<pads = [1,1,1,1]>(x, k)
            q = Reshape(c, s)
            t = Transpose<perm = [2,0,1]>(q)
            l, h, m = LSTM<hidden_size = 16, direction = "bidirectional">(t, w, r)
            f = Reshape(l, j)
            y = MatMul(f, o)
        }""",
        {"k": (4, 4, 3, 3), "w": (2, 64, 32), "r": (2, 64, 16), "o": (32, 10)},
    ),
    "words": (
        """agraph (int64[1,7] i) => (float[1,7,6] y) <int64 one = {1}> {
            m = Add(i, one)
            e = Gather<axis = 0>(table, m)
            g = Gelu(e)
            y = MatMul(g, w)
        }""",
        {"table": (12, 10), "w": (10, 6)},
    ),
    "best of a map": (
        """agraph (float[1,8,6,6] x) => (float[1,8,5] y, int64[1,8,5] i)
        <int64[1] k = {5}, int64[3] s = {1, 8, 36}> {
            c = Conv<pads = [1,1,1,1]>(x, w)
            e = Erf(c)
            f = Reshape(e, s)
            y, i = TopK(f, k)
        }""",
        {"w": (8, 8, 3, 3)},
    ),
    "weights from outside": (
        """agraph (float[1,8,6,6] x, float[8,8,3,3] k) => (float[1,8,6,6] y) {
            c = Conv<pads = [1,1,1,1]>(x, w)
            r = Mish(c)
            y = Conv<pads = [1,1,1,1]>(r, k)
        }""",
        {"w": (8, 8, 3, 3)},
    ),
}


def network(name: str) -> onnx.ModelProto:
    text, shapes = NETWORKS[name]
    model = parse(text, opset=20)
    for seed, (weight, shape) in enumerate(shapes.items()):
        data = rand(*shape, seed=seed) / np.float32(np.sqrt(np.prod(shape[1:])))
        model.graph.initializer.append(onnx.numpy_helper.from_array(data, weight))
    return model


@pytest.mark.parametrize("scheme", ["fp16", "int8", "int8-weights", "palette6"])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_no_scheme_breaks_on_an_operator(name: str, scheme: str) -> None:
    model, row = network(name), SCHEMES[scheme]
    feeds: dict[str, Any] = dict(inputs_of(model))
    if name == "words":
        feeds["i"] = np.arange(7).reshape(1, 7)
    expected = run_onnx(model.SerializeToString(), [feeds])
    ios = OLDEST_IOS[scheme]
    lowered = lower_model(model, ios)
    if row.calibrated:
        ranges = graph_ranges(model.SerializeToString(), [feeds])
        assert (
            quantize_activations(
                lowered.program, plan_rounding(lowered.program, ranges, lowered.trace)
            )
            > 0
        )
    package = package_of(compress(convert(lowered, ios, "float16"), row))
    results = Evaluator(read_program(package)).run(package_feeds(lowered, feeds))
    for port, wanted in zip(lowered.io.outputs, expected[0], strict=True):
        if port.dtype == "float32":  # places change where two elements are about equal
            found = results[port.name].reshape(wanted.shape)
            assert compare([[wanted]], [[found]]).sqnr_db > {"fp16": 55}.get(scheme, 22)
