from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from _edgeship.errors import EdgeshipError
from tests.export.coreml.evaluator.calling import compute


def test_quantize_by_hand() -> None:
    x = np.array([-300, -1.5, -0.5, 0.5, 1.5, 2.4, 300], np.float32)
    found = compute("quantize", input=x, scale=np.float32(1), output_dtype="int8")
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, [-128, -2, 0, 0, 2, 2, 127])
    found = compute(
        "quantize", input=x, scale=np.float32(0.5), zero_point=np.uint8(10), output_dtype="uint8"
    )
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [0, 7, 9, 11, 13, 15, 255])


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_there_and_back_is_torchs_fake_quantization(dtype: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    low, high, offset = (-128, 127, 0) if dtype == "int8" else (0, 255, 128)
    scale = np.array([0.011, 0.02, 0.005], np.float32)
    zero = (np.array([-5, 0, 7]) + offset).astype(dtype)
    steps = compute("quantize", input=x, scale=scale, zero_point=zero, axis=1, output_dtype=dtype)
    found = compute("dequantize", input=steps, scale=scale, zero_point=zero, axis=-3)
    expected = torch.fake_quantize_per_channel_affine(
        torch.tensor(x), torch.tensor(scale), torch.tensor(zero.astype(np.int32)), 1, low, high
    )
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_dequantize_by_hand() -> None:
    x = np.array([-128, 0, 127], np.int8)
    found = compute("dequantize", input=x, scale=np.float16(0.5), zero_point=np.int8(-128))
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, [0, 64, 127.5])
    found = compute("dequantize", input=x, scale=np.float32(2))
    np.testing.assert_array_equal(found, [-256, 0, 254])


ONES = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"output_dtype": "int4"}, "to 'int4' is not known"),
        ({"input": ONES * np.nan}, "not a number"),
        ({"scale": ONES[0], "axis": 2}, "do not lie along axis 2"),
        ({"scale": ONES[:1]}, r"shape \[1, 3\] do not lie along"),
    ],
)
def test_what_cannot_be_quantized(changes: dict[str, Any], why: str) -> None:
    arguments = {"input": ONES, "scale": np.float32(1), "output_dtype": "int8", **changes}
    with pytest.raises(EdgeshipError, match=why):
        compute("quantize", **arguments)


def test_classify() -> None:
    scores = np.array([[0.1, 0.7, 0.2]], np.float32)
    label, probabilities = compute("classify", probabilities=scores, classes=["cat", "dog", "owl"])
    assert label.item() == "dog"
    np.testing.assert_array_equal(probabilities, scores[0])
    with pytest.raises(EdgeshipError, match="2 classes and 3 scores"):
        compute("classify", probabilities=scores, classes=["cat", "dog"])
