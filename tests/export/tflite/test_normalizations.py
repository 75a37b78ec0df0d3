"""Integer files of networks that divide by sums, however spelled, near ONNX Runtime's float."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import lower_model, parse, rand
from tests.export.tflite.small_graphs import kinds

CONSTANTS = {
    "m": rand(16, 16) / 4,
    "scale": np.linspace(0.5, 2, 16, dtype=np.float32),
    "shift": rand(16),
    "channels": np.linspace(0.5, 2, 4, dtype=np.float32),
    "offsets": rand(4),
    "last": np.array([-1]),
    "picture": np.array([1, 4, 4, 8]),
    "row": np.array([1, 8, 16]),
    "eps": np.array(1e-6, np.float32),
    "two": np.array(2, np.float32),
    "one": np.array(1, np.float32),
}
SPELLINGS = {
    "layer norm": "n = LayerNormalization(a, scale, shift)",
    "instance norm": "p = Reshape(a, picture) q = InstanceNormalization(p, channels, offsets) "
    "n = Reshape(q, row)",
    "layer norm, in steps": "u = ReduceMean(a, last) c = Sub(a, u) d = Pow(c, two) "
    "v = ReduceMean(d, last) e = Add(v, eps) s = Sqrt(e) q = Div(c, s) w = Mul(q, scale) "
    "n = Add(w, shift)",
    "mean of squares less square of the mean": "u = ReduceMean(a, last) d = Mul(a, a) "
    "t = ReduceMean(d, last) o = Mul(u, u) v = Sub(t, o) e = Add(v, eps) s = Sqrt(e) "
    "c = Sub(a, u) n = Div(c, s)",
    "root of the mean square": "d = Mul(a, a) v = ReduceMean(d, last) e = Add(v, eps) "
    "s = Sqrt(e) r = Reciprocal(s) q = Mul(a, r) n = Mul(q, scale)",
    "length one": "l = ReduceL2(a, last) n = Div(a, l)",
    "sums of exponentials": "t = ReduceMax(a, last) c = Sub(a, t) e = Exp(c) "
    "s = ReduceSum(e, last) n = Div(e, s)",
}
#: SQNR in dB that all spellings keep; in integers, they kept 20 to 32 dB.
_FLOOR = 29


def network(spelling: str) -> onnx.ModelProto:
    """A product, a spelling, and a product behind it, on (1, 8, 16)."""
    model = parse(
        "g (float[1, 8, 16] x) => (float[1, 8, 16] y) "
        f"{{ a = MatMul(x, m) {SPELLINGS[spelling]} y = MatMul(n, m) }}"
    )
    for name, data in CONSTANTS.items():
        if f" {name}" in SPELLINGS[spelling] or name == "m":
            model.graph.initializer.append(numpy_helper.from_array(data, name))
    return model


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_rows_of_many_sizes_are_normalized_in_float_between_two_conversions(spelling: str) -> None:
    model = network(spelling)
    lowered = lower_model(model)
    data = to_bytes(to_model(lowered.graph, lowered.io, "g"))
    rng = np.random.default_rng(0)
    samples = [
        {"x": (rng.standard_normal((1, 8, 16)) * rng.uniform(0.3, 3, (1, 8, 1))).astype(np.float32)}
        for _ in range(12)
    ]

    quantized = quantize(data, "int8", activation_ranges(data, samples, lowered.io))

    reference = run_onnx(model.SerializeToString(), samples)
    found = run_tflite(quantized, samples, lowered.io)
    assert compare(reference, found).sqnr_db > _FLOOR
    counts = Counter(kinds(quantized))
    assert counts["FULLY_CONNECTED"] == 2
    assert (counts["QUANTIZE"], counts["DEQUANTIZE"]) == (2, 2)
