from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import options
from tests.export.tflite.small_graphs import Small, kinds, run_plain, scales, sqnr_db

RELU = schema.ActivationFunctionType.RELU
NONE = schema.ActivationFunctionType.NONE


def pool(
    size: tuple[int, int], stride: int = 1, padding: int = schema.Padding.VALID, activation: int = 0
) -> Small:
    """An average pool over 9 x 12 numbers of 5 channels."""
    same = padding == schema.Padding.SAME
    height, width = (
        -(-extent // stride) if same else (extent - taps) // stride + 1
        for extent, taps in zip((9, 12), size, strict=True)
    )
    opts = options(
        "Pool2DOptions",
        padding=padding,
        strideH=stride,
        strideW=stride,
        filterHeight=size[0],
        filterWidth=size[1],
        fusedActivationFunction=activation,
    )
    small = Small(x=(1, 9, 12, 5))
    return small.op("AVERAGE_POOL_2D", "x", "y", (1, height, width, 5), opts=opts).out("y")


@pytest.mark.parametrize("activation", [NONE, RELU])
@pytest.mark.parametrize(
    ("size", "stride"), [((2, 2), 2), ((3, 3), 1), ((3, 3), 2), ((5, 5), 1), ((1, 4), 3)]
)
def test_a_mean_is_a_convolution_in_int8(
    size: tuple[int, int], stride: int, activation: int
) -> None:
    small = pool(size, stride, activation=activation)
    data = small.quantized("int8", "int8")
    assert kinds(data) == ["DEPTHWISE_CONV_2D"]
    [sample] = small.samples(1)
    [expected] = small.run(small.data(), sample)
    grids = scales(data)
    (scale, zero), (step, at) = grids["x"], grids["y"]
    whole = np.clip(np.round(sample["x"] / scale) + zero, -128, 127).astype(np.int8)
    [found] = run_plain(data, [whole])
    real = (found.astype(np.float64) - at) * step
    # Half a step of the output, and less than half of one of the input.
    assert np.abs(real - expected).max() < 0.51 * step + 0.51 * scale
    assert sqnr_db(expected, real) > 30


def test_what_a_border_is_no_part_of_stays_a_pool() -> None:
    assert kinds(pool((3, 3), 1, schema.Padding.SAME).quantized("int8", "int8")) == [
        "AVERAGE_POOL_2D"
    ]


def test_same_without_a_border_is_a_convolution() -> None:
    small = pool((3, 3), 3, schema.Padding.SAME)
    assert kinds(small.quantized("int8", "int8")) == ["DEPTHWISE_CONV_2D"]


def test_windows_beyond_delegates_kernels_stay_pools() -> None:
    assert kinds(pool((5, 6)).quantized("int8", "int8")) == ["AVERAGE_POOL_2D"]


@pytest.mark.parametrize("scheme", ["int16x8", "dynamic", "fp16"])
def test_other_schemes_keep_their_pools(scheme: str) -> None:
    assert "AVERAGE_POOL_2D" in kinds(pool((3, 3)).quantized(scheme))
