from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.coreml.activations import affine
from _edgeship.export.verification.metrics import compare
from tests.export.coreml.ops.harness import parse
from tests.export.coreml.pairs import (
    CONVS,
    check,
    convs,
    evaluate,
    kinds,
    quantized,
    run_pairs,
    weights,
)
from tests.export.tflite.ops.harness import inputs_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (0.0, 255.0, 1.0, None),
        (3.0, 255.0, 1.0, None),  # 0 is always a step
        (-128.0, 127.0, 1.0, 0),
        (-64.0, 63.5, 0.5, 0),
        (-255.0, 0.0, 1.0, 127),
        (-255.0, -9.0, 1.0, 127),
        (-63.75, 191.25, 1.0, -64),
        (0.0, 0.0, float(np.float16(1 / 255)), None),
        (0.0, 1e-9, 2.0**-24, None),
    ],
)
def test_scale_and_zero_point(low: float, high: float, scale: float, zero_point: Any) -> None:
    assert affine(low, high) == (np.float32(scale), zero_point)


def test_the_scale_is_one_that_float16_has() -> None:
    for high in np.random.default_rng(0).uniform(0, 100, 50):
        scale, _ = affine(0.0, float(high))
        assert scale == np.float16(scale)
        assert abs(float(scale) * 255 / high - 1) < 1e-3


def test_what_convolutions_read_and_activations_write_is_rounded_but_no_output() -> None:
    program = check(convs(), ["x", "r"])
    assert kinds(program) == [
        *("quantize", "dequantize", "conv", "relu"),
        *("quantize", "dequantize", "conv"),
    ]


def test_numbers_without_a_sign_are_uint8() -> None:
    program = check(convs(), ["x", "r"])
    types = [op.outputs[0].dtype for op in program.operations if op.kind == "quantize"]
    assert types == ["int8", "uint8"]


def test_numbers_beyond_the_range_saturate() -> None:
    check(convs(), ["x", "r"], {"x": (-0.5, 0.25), "r": (0.0, 0.125)})


def test_pairs_are_in_the_package_in_float16_too() -> None:
    model = convs()
    feeds = inputs_of(model)
    measured = graph_ranges(model.SerializeToString(), [dict(feeds)])
    count, program, lowered = quantized(model, measured, "float16")
    assert count == 2
    assert Counter(kinds(program))["quantize"] == 2
    scales = [op for op in program.operations if op.kind == "dequantize"]
    assert [op.outputs[0].dtype for op in scales] == ["fp16", "fp16"]
    expected = run_pairs(model, {n: measured[n] for n in ("x", "r")}, feeds)
    # A number on the border of two steps may fall on the other side.
    assert compare(expected, [evaluate(program, lowered, feeds)]).sqnr_db > 45


def test_an_operator_that_reads_a_value_without_a_range_is_left_alone() -> None:
    check(convs(), ["x"], {"x": (-3.0, 3.0), "a": (-3.0, 3.0)})


def test_an_output_keeps_its_name_and_its_digits_while_others_read_it_rounded() -> None:
    text = CONVS.replace("=> (", "=> (float[1, 4, 8, 8] r, ")
    model = weights(parse(text), w=(4, 3, 3, 3), v=(5, 4, 1, 1))
    feeds = inputs_of(model)
    measured = graph_ranges(model.SerializeToString(), [dict(feeds)])
    _, program, lowered = quantized(model, measured)
    assert program.results == tuple(port.name for port in lowered.io.outputs)
    exact, last = evaluate(program, lowered, feeds)
    [[unrounded, other]] = run_pairs(model, {"x": measured["x"]}, feeds)
    assert compare([[unrounded]], [[exact]]).max_rel < 1e-5
    expected = run_pairs(convs(), {n: measured[n] for n in ("x", "r")}, feeds)
    assert compare(expected, [[last]]).max_rel < 1e-5
    assert compare([[other]], [[last]]).max_rel > 1e-4


def test_both_operands_of_a_sum_are_rounded() -> None:
    text = """g (float[1, 4, 8, 8] x, float[1, 4, 8, 8] z) => (float[1, 4, 8, 8] y) {
        s = Add(x, z)
        r = Relu(s)
        y = Conv(r, w)
    }"""
    check(weights(parse(text), w=(4, 4, 1, 1)), ["x", "z", "r"])


def test_a_sum_with_a_constant_is_not_an_operator_in_integers() -> None:
    text = """g (float[1, 4, 8, 8] x) => (float[1, 4, 8, 8] y)
    <float[4, 1, 1] c = {1.0, 2.0, 3.0, 4.0}> {
        s = Add(x, c)
        y = Relu(s)
    }"""
    check(parse(text), [])


def test_a_value_that_several_read_has_one_pair() -> None:
    text = """g (float[1, 4, 8, 8] x) => (float[1, 4, 8, 8] y) {
        a = Conv(x, w)
        b = Conv(x, v)
        y = Add(a, b)
    }"""
    check(weights(parse(text), w=(4, 4, 1, 1), v=(4, 4, 1, 1)), ["x", "a", "b"])


def test_activations_that_no_operator_in_integers_reads_stay() -> None:
    text = """g (float[1, 4, 8, 8] x) => (float[1, 4, 8, 8] y) {
        a = Sigmoid(x)
        y = Mul(x, a)
    }"""
    check(parse(text), [])
