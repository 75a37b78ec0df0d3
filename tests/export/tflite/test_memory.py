"""Peaks computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from _edgeship.export.runtimes.quiet import captured_stderr
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.memory import IN_PLACE, peak_activation_bytes
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


def between(kind: str) -> Small:
    """An operator on computed tensors, and one more behind it."""
    small = Small(x=NHWC).op("NEG", "x", "a", NHWC)
    if kind in ("RESHAPE", "EXPAND_DIMS"):
        small.constant("b", np.array(NHWC if kind == "RESHAPE" else 0, np.int32))
    elif kind not in ("LOGISTIC", "SOFTMAX"):
        small.op("NEG", "x", "b", NHWC)
    opts = {
        "EXPAND_DIMS": options("ExpandDimsOptions"),
        "LOGISTIC": None,
        "MAXIMUM": options("MaximumMinimumOptions"),
        "RESHAPE": options("ReshapeOptions", newShape=list(NHWC)),
        "SOFTMAX": options("SoftmaxOptions", beta=1.0),
    }
    names = "a" if kind in ("LOGISTIC", "SOFTMAX") else "a b"
    shape = (1, *NHWC) if kind == "EXPAND_DIMS" else NHWC
    small.op(kind, names, "y", shape, opts=opts[kind] if kind in opts else add(kind.title()))
    return small.op("NEG", "y", "z", shape).out("z")


@pytest.mark.parametrize("kind", [*IN_PLACE, "LOGISTIC", "MAXIMUM"])
def test_litert_puts_results_in_the_place_of_an_operand(kind: str) -> None:
    with captured_stderr():
        interpreter = Interpreter(
            model_content=between(kind).data(),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    places = {
        tensor["name"]: interpreter.tensor(tensor["index"])().ctypes.data
        for tensor in interpreter.get_tensor_details()
        if tensor["name"] in ("a", "y")
    }
    assert (places["a"] == places["y"]) == (kind in IN_PLACE)


def test_arithmetic_needs_its_operands_only() -> None:
    # At the operator itself two tensors are alive, and three at one that computes out of place.
    assert peak(between("ADD").data()) == 4 * 3 * 128  # x, a and b
    assert peak(between("SOFTMAX").data()) == 4 * 2 * 128
    gate = Small(x=HALF).op("RELU", "x", "a", HALF).op("LOGISTIC", "a", "b", HALF)
    gate.op("MUL", "a b", "c", HALF, opts=add("Mul")).op("RELU", "c", "y", HALF)
    assert peak(gate.out("y").data()) == 4 * 2 * 32


def test_an_operand_that_is_read_later_keeps_its_place() -> None:
    small = Small(x=NHWC).op("NEG", "x", "a", NHWC).op("ADD", "a a", "b", NHWC, opts=add())
    small.op("ADD", "a b", "y", NHWC, opts=add())
    assert peak(small.out("y").data()) == 4 * 3 * 128


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
