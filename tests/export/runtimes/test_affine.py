from typing import Any

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.runtimes.affine import dequantize, quantize


def detail(dtype: type[np.generic], scales: list[float], zero_points: list[int]) -> dict[str, Any]:
    return {
        "name": "x",
        "dtype": dtype,
        "quantization_parameters": {
            "scales": np.array(scales, np.float32),
            "zero_points": np.array(zero_points, np.int32),
        },
    }


def test_halves_go_to_the_even_neighbour_and_values_saturate() -> None:
    values = np.array([0.25, 0.75, -0.25, 1.0, 1000.0, -1000.0], np.float32)
    quantized = quantize(values, detail(np.int8, [0.5], [3]))
    assert quantized.dtype == np.int8
    assert quantized.tolist() == [3, 5, 3, 5, 127, -128]


@pytest.mark.parametrize(("dtype", "expected"), [(np.uint8, [0, 255]), (np.int16, [-32768, 32767])])
def test_saturation_follows_the_dtype(dtype: type[np.generic], expected: list[int]) -> None:
    assert quantize(np.array([-1e9, 1e9]), detail(dtype, [1.0], [0])).tolist() == expected


def test_dequantize_is_scale_times_distance_from_zero_point() -> None:
    real = dequantize(np.array([-128, 3, 127], np.int8), detail(np.int8, [0.5], [3]))
    assert real.dtype == np.float32
    assert real.tolist() == [-65.5, 0.0, 62.0]


def test_tensors_without_scale_pass() -> None:
    indices = np.array([7, 9], np.int64)
    assert dequantize(indices, detail(np.int64, [], [])) is indices
    assert quantize(indices, detail(np.int32, [], [])).dtype == np.int32
    half = np.array([0.5], np.float16)
    assert dequantize(half, detail(np.float16, [], [])).dtype == np.float32


def test_what_a_tensor_cannot_hold_is_an_input_error() -> None:
    with pytest.raises(InputError, match="takes int32 and was given float32"):
        quantize(np.array([0.5], np.float32), detail(np.int32, [], []))
    with pytest.raises(InputError, match="NaN"):
        quantize(np.array([np.nan], np.float32), detail(np.int8, [0.5], [0]))


def test_activation_with_several_scales_is_refused() -> None:
    with pytest.raises(VerificationError, match="2 scales"):
        dequantize(np.zeros((2, 2), np.int8), detail(np.int8, [0.5, 0.25], [0, 0]))
