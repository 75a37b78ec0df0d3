"""Peaks computed by hand."""

from __future__ import annotations

import numpy as np

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.memory import peak_activation_bytes
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.reading import read_model
from tests.export.tflite.small_graphs import Small, add

NHWC = (1, 4, 4, 8)  # 128 elements
HALF = (1, 2, 2, 8)  # 32 elements


def peak(data: bytes) -> int:
    return peak_activation_bytes(read_model(data))


def chain() -> Small:
    small = Small(x=NHWC).op("RELU", "x", "a", NHWC)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    return small.op("MAX_POOL_2D", "a", "b", HALF, opts=pool).op("RELU", "b", "y", HALF).out("y")


def test_a_chain_needs_two_neighbours() -> None:
    assert peak(chain().data()) == 4 * (128 + 128)


def test_a_skip_connection_stays_alive_until_it_is_read() -> None:
    small = Small(x=NHWC).op("RELU", "x", "a", NHWC).op("RELU", "a", "b", NHWC)
    small.op("RELU", "b", "c", NHWC).op("ADD", "a c", "y", NHWC, opts=add()).out("y")
    # At the third RELU: a, b and c. At the ADD: a, c and y.
    assert peak(small.data()) == 4 * 3 * 128


def test_an_output_stays_alive_until_the_end() -> None:
    small = Small(x=NHWC).op("RELU", "x", "a", NHWC).op("RELU", "a", "b", NHWC)
    small.op("RELU", "b", "y", NHWC)
    assert peak(small.out("y").data()) == 4 * 2 * 128
    assert peak(small.out("a y").data()) == 4 * 3 * 128


def dense() -> Small:
    small = Small(x=(1, 100)).constant("w", np.ones((50, 100), np.float32))
    small.constant("b", np.ones(50, np.float32))
    opts = options("FullyConnectedOptions")
    return small.op("FULLY_CONNECTED", "x w b", "y", (1, 50), opts=opts).out("y")


def test_weights_do_not_count() -> None:
    assert peak(dense().data()) == 4 * 150


def test_weights_converted_from_float16_do_not_count_either() -> None:
    assert peak(quantize(dense().data(), "fp16")) == 4 * 150


def test_int8_takes_a_quarter_inside() -> None:
    data = chain().quantized("int8")
    # The largest step is the QUANTIZE at the input: 128 floats and 128 bytes.
    assert peak(data) == 4 * 128 + 128
    assert peak(chain().quantized("int8", "int8")) == 128 + 128
    assert peak(chain().quantized("int16x8")) == 4 * 128 + 2 * 128


def test_no_operators_need_nothing() -> None:
    assert peak(Small(x=NHWC).out("x").data()) == 0
