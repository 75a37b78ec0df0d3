"""Attention masks in integer files: the softmax must be that of the float network."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import numpy_helper

from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.masks import without_masks
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import lower_model, parse, rand

CAUSAL = np.triu(np.ones((6, 6), np.float32), 1)
BODIES = {
    "added": "s = Add(q, added)",
    "chosen": "m = Greater(causal, half) s = Where(m, nothing, q)",
    "computed": "b = Mul(x, zero) c = Add(b, causal) d = Mul(c, nothing) s = Add(q, d)",
}


@pytest.mark.parametrize("nothing", [-1e9, float(np.finfo(np.float32).min), -np.inf])
@pytest.mark.parametrize("name", list(BODIES))
def test_masks_take_no_steps_from_the_others(name: str, nothing: float) -> None:
    if name == "computed" and nothing < -1e9:
        pytest.skip("0 * -inf is no number")
    model = parse(
        "agraph (float[1,6,6] x) => (float[1,6,6] y) "
        f"{{ q = MatMul(x, w) {BODIES[name]} y = Softmax<axis=-1>(s) }}"
    )
    constants = {
        "w": rand(6, 6),
        "added": np.where(CAUSAL > 0, nothing, 0).astype(np.float32),
        "causal": CAUSAL,
        "half": np.array(0.5, np.float32),
        "nothing": np.array(nothing, np.float32),
        "zero": np.array(0, np.float32),
    }
    read = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(data, name) for name, data in constants.items() if name in read
    )
    samples = [{"x": rand(1, 6, 6, seed=seed)} for seed in range(8)]
    wanted = run_onnx(model.SerializeToString(), samples)
    lowered = lower_model(model)
    data = to_bytes(to_model(lowered.graph, lowered.io, "test"))
    written = quantize(data, "int8", activation_ranges(data, samples, lowered.io))
    found = run_tflite(written, samples, lowered.io)
    assert compare(wanted, found).sqnr_db >= 28


def test_what_is_far_below_is_brought_near() -> None:
    values = np.array([1.0, -3.0, -1e9, -np.inf], np.float32)
    assert (without_masks(values).min(), without_masks(values).max()) == (-13.0, 1.0)
    everything = np.full(3, -1e9, np.float32)
    assert without_masks(everything) is everything
