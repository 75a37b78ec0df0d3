from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from _edgeship.export.runtimes.running import run_onnx, run_tflite
from _edgeship.export.tflite import quantization
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.repeated_steps import join_steps
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import lower_model, parse
from tests.export.tflite.small_graphs import Small, kinds, options, ranges_of

STEPS, INPUTS, HIDDEN = 8, 6, 10
#: Operator -> how many parts its weights have.
LAYERS = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(layer: str) -> onnx.ModelProto:
    """A layer in both directions, on (steps, 1, inputs)."""
    model = parse(
        f"g (float[{STEPS}, 1, {INPUTS}] x) => (float[{STEPS}, 2, 1, {HIDDEN}] y) "
        f'{{ y = {layer}<hidden_size={HIDDEN}, direction="bidirectional">(x, w, r) }}'
    )
    rng = np.random.default_rng(0)
    parts = LAYERS[layer] * HIDDEN
    for name, inputs in {"w": INPUTS, "r": HIDDEN}.items():
        data = rng.uniform(-0.6, 0.6, (2, parts, inputs)).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(data, name))
    return model


@pytest.mark.parametrize("layer", LAYERS)
def test_few_samples_measure_the_states_of_all_steps(
    layer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = recurrent(layer)
    lowered = lower_model(model)
    data = to_bytes(to_model(lowered.graph, lowered.io, "g"))
    rng = np.random.default_rng(1)
    samples = [{"x": rng.standard_normal((STEPS, 1, INPUTS)).astype(np.float32)} for _ in range(24)]
    ranges = activation_ranges(data, samples[:8], lowered.io)
    reference = run_onnx(model.SerializeToString(), samples[8:])

    def file() -> tuple[float, int]:
        quantized = quantize(data, "int8", ranges)
        found = run_tflite(quantized, samples[8:], lowered.io)
        return compare(reference, found).sqnr_db, len(kinds(quantized))

    joined, operators = file()
    monkeypatch.setattr(quantization, "join_steps", lambda model, ranges: ranges)
    apart, as_many = file()
    assert joined > apart + 2
    assert joined > 24
    assert operators <= as_many


def test_one_head_on_several_maps_keeps_their_ranges() -> None:
    weight = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
    small = Small(a=(2, 6), b=(2, 6)).constant("w", weight).constant("v", weight.copy())
    small.constant("o", np.zeros(5, np.float32))
    for source, matrix, result in (("a", "w", "y"), ("b", "v", "z")):
        opts = options("FullyConnectedOptions")
        small.op("FULLY_CONNECTED", f"{source} {matrix} o", result, (2, 5), opts=opts)
    ranges = ranges_of(small.out("y z"))
    assert join_steps(from_bytes(small.data()), ranges) == ranges
