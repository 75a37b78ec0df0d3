"""Biases are corrected by what the means of channels are off by, where that helps."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.bias_correction import correct_biases, corrected_if_better
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.objects import kind_of
from _edgeship.export.tflite.weight_bounds import WEIGHTED
from _edgeship.export.tflite.writer import from_bytes, to_bytes
from tests.export.tflite.small_graphs import Small


def two_convolutions() -> Small:
    rng = np.random.default_rng(0)
    small = Small(x=(1, 8, 8, 4))
    fields = dict.fromkeys(("strideH", "strideW", "dilationHFactor", "dilationWFactor"), 1)
    for number, (source, result) in enumerate((("x", "y"), ("y", "z"))):
        small.constant(f"w{number}", rng.normal(size=(4, 1, 1, 4)).astype(np.float32))
        small.constant(f"b{number}", rng.normal(size=4).astype(np.float32))
        inputs = f"{source} w{number} b{number}"
        small.op("CONV_2D", inputs, result, (1, 8, 8, 4), opts=options("Conv2DOptions", **fields))
    return small.out("z")


def shifted(data: bytes, steps: int) -> bytes:
    """The file with other biases."""
    model = from_bytes(data)
    for op in model.subgraphs[0].operators:
        layout = WEIGHTED.get(kind_of(model, op))
        if layout is not None:
            tensor = model.subgraphs[0].tensors[op.inputs[layout.bias]]
            dtype = np.int64 if tensor.type == schema.TensorType.INT64 else np.int32
            old = np.asarray(model.buffers[tensor.buffer].data, np.uint8).view(dtype)
            model.buffers[tensor.buffer].data = (old + steps).astype(dtype).view(np.uint8)
    return to_bytes(model)


def biases_of(data: bytes) -> set[int]:
    """The tensors that convolutions add."""
    operators = from_bytes(data).subgraphs[0].operators
    return {int(op.inputs[2]) for op in operators if len(op.inputs) == 3}


def error_of(small: Small, data: bytes) -> float:
    plain, other = (TFLiteSession(file, small.io()) for file in (small.data(), data))
    samples = small.samples(16)
    gaps = [plain.run(sample)[0] - other.run(sample)[0] for sample in samples]
    return float(np.abs(np.mean(gaps, axis=(0, 1, 2, 3))).max())


@pytest.mark.parametrize(
    ("scheme", "io_dtype", "steps"),
    [("int8", "float32", 1500), ("int8", "int8", 1500), ("int16x8", "float32", 300_000)],
)
def test_a_shift_is_found_and_taken_out(scheme: str, io_dtype: str, steps: int) -> None:
    small = two_convolutions()
    data = small.quantized(scheme, io_dtype)
    wrong = shifted(data, steps)
    corrected = correct_biases(wrong, small.data(), small.samples(16), small.io())
    assert error_of(small, wrong) > 0.3
    assert error_of(small, corrected) < 0.02


def test_layers_that_share_a_bias_get_one_each() -> None:
    """Both are off, and each is corrected once."""
    small = two_convolutions()
    fields = dict.fromkeys(("strideH", "strideW", "dilationHFactor", "dilationWFactor"), 1)
    small.op("CONV_2D", "x w0 b0", "u", (1, 8, 8, 4), opts=options("Conv2DOptions", **fields))
    small.out("z u")
    data = small.quantized("int8")
    assert len(biases_of(data)) == 2, "two of the three share one"
    wrong = shifted(data, 1500)
    corrected = correct_biases(wrong, small.data(), small.samples(16), small.io())
    assert len(biases_of(corrected)) == 3
    plain, other = (TFLiteSession(file, small.io()) for file in (small.data(), corrected))
    gaps = [plain.run(sample)[1] - other.run(sample)[1] for sample in small.samples(16)]
    assert np.abs(np.mean(gaps, axis=(0, 1, 2, 3))).max() < 0.02
    assert error_of(small, corrected) < 0.02


def test_a_corrected_file_is_no_larger() -> None:
    small = two_convolutions()
    data = shifted(small.quantized("int8"), 1500)
    corrected = correct_biases(data, small.data(), small.samples(16), small.io())
    assert corrected != data
    assert len(corrected) == len(data)


def test_the_better_file_is_kept() -> None:
    small = two_convolutions()
    data = shifted(small.quantized("int8"), 1500)
    samples = small.samples(16)
    assert corrected_if_better(data, small.data(), samples, small.io(), ()) != data


def test_a_correction_that_does_not_hold_on_others_is_dropped() -> None:
    """The samples that biases are corrected by are cut off by the ranges; those that judge not."""
    small = two_convolutions()
    data = small.quantized("int8")
    samples = small.samples(16)
    for place, sample in enumerate(samples):
        if place % 4:
            sample["x"] = np.abs(sample["x"]) * 10
    assert correct_biases(data, small.data(), samples[1:4] * 2, small.io()) != data
    assert corrected_if_better(data, small.data(), samples, small.io(), ()) == data


def test_few_samples_correct_nothing() -> None:
    small = two_convolutions()
    data = shifted(small.quantized("int8"), 1500)
    assert correct_biases(data, small.data(), small.samples(3), small.io()) == data
