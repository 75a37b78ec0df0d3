from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.coreml.activations import affine, plan_rounding, quantize_activations
from _edgeship.export.coreml.convert import Precision, convert
from _edgeship.export.coreml.evaluator import MilProgram, read_program, run
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.lowering import Lowered
from _edgeship.export.verification.metrics import compare
from tests.export.coreml.ops.harness import lower_model, parse
from tests.export.tflite.ops.harness import inputs_of, rand

pytestmark = pytest.mark.slow

Feeds = Mapping[str, NDArray[Any]]


def weights(model: onnx.ModelProto, **shapes: tuple[int, ...]) -> onnx.ModelProto:
    """The model with seeded constants added."""
    for seed, (name, shape) in enumerate(shapes.items()):
        array = rand(*shape, seed=seed) / np.float32(np.sqrt(np.prod(shape[1:])))
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return model


def quantized(
    model: onnx.ModelProto, ranges: Ranges, precision: Precision = "float32"
) -> tuple[int, MilProgram, Lowered]:
    lowered = lower_model(model, 17)
    plan = plan_rounding(lowered.program, ranges, lowered.trace)
    count = quantize_activations(lowered.program, plan)
    package = package_of(convert(lowered, 17, precision))
    return count, read_program(package), lowered


def evaluate(program: MilProgram, lowered: Lowered, feeds: Feeds) -> list[NDArray[Any]]:
    found = run(program, {port.name: feeds[port.onnx_name] for port in lowered.io.inputs})
    return [found[port.name] for port in lowered.io.outputs]


def kinds(program: MilProgram) -> list[str]:
    return [op.kind for op in program.operations if op.kind not in ("const", "cast")]


def with_pairs(model: onnx.ModelProto, bounds: Mapping[str, tuple[float, float]]) -> bytes:
    """The ONNX graph with a QuantizeLinear and a DequantizeLinear behind each of these values.

    Scales and zero points are ONNX's formulas, with a scale that float16 has.
    """
    nodes: list[onnx.NodeProto] = []

    def pair(name: str) -> None:
        low, high = min(bounds[name][0], 0.0), max(bounds[name][1], 0.0)
        scale = np.float32(np.float16((high - low) / 255))
        zero = np.uint8(np.clip(np.rint(-low / scale), 0, 255))
        model.graph.initializer.extend(
            [
                onnx.numpy_helper.from_array(scale, f"{name}_scale"),
                onnx.numpy_helper.from_array(np.asarray(zero), f"{name}_zero"),
            ]
        )
        steps = [f"{name}_scale", f"{name}_zero"]
        nodes.append(helper.make_node("QuantizeLinear", [name, *steps], [f"{name}_q"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *steps], [f"{name}_dq"]))

    for value in model.graph.input:
        if value.name in bounds:
            pair(value.name)
    for node in model.graph.node:
        node.input[:] = [f"{name}_dq" if name in bounds else name for name in node.input]
        nodes.append(node)
        for name in node.output:
            if name in bounds:
                pair(name)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def run_pairs(
    model: onnx.ModelProto, bounds: Mapping[str, tuple[float, float]], feeds: Feeds
) -> list[list[NDArray[Any]]]:
    """What ONNX Runtime computes with pairs, without its rewrites: they make integer operators."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return [onnxruntime.InferenceSession(with_pairs(model, bounds), options).run(None, feeds)]


def check(
    model: onnx.ModelProto,
    rounded: Sequence[str],
    ranges: Ranges | None = None,
    **common: tuple[float, float],
) -> MilProgram:
    """Assert that these values and no others are rounded, and as ONNX Runtime rounds them.

    ``common`` holds the ranges of those that share one.
    """
    feeds = dict(inputs_of(model))
    measured = graph_ranges(model.SerializeToString(), [feeds]) if ranges is None else ranges
    count, program, lowered = quantized(model, measured)
    bounds = {name: common.get(name, measured[name]) for name in rounded}
    expected = run_pairs(model, bounds, feeds)
    parity = compare(expected, [evaluate(program, lowered, feeds)])
    assert parity.max_rel < 1e-5, parity
    assert count == len(rounded)
    assert Counter(kinds(program))["quantize"] == len(rounded)
    return program


CONVS = """g (float[1, 3, 8, 8] x) => (float[1, 5, 8, 8] y) {
    a = Conv<pads = [1, 1, 1, 1]>(x, w)
    r = Relu(a)
    y = Conv(r, v)
}"""


def convs() -> onnx.ModelProto:
    return weights(parse(CONVS), w=(4, 3, 3, 3), v=(5, 4, 1, 1))


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


def test_what_is_joined_shares_a_range() -> None:
    text = """g (float[1, 4, 8, 8] x, float[1, 4, 8, 8] z) => (float[1, 4, 8, 8] y) {
        a = Relu(x)
        s = Conv(z, u)
        j = Concat<axis = 1>(a, s)
        y = Conv(j, w)
    }"""
    model = weights(parse(text), w=(4, 8, 1, 1), u=(4, 4, 1, 1))
    feeds = dict(inputs_of(model))
    measured = graph_ranges(model.SerializeToString(), [feeds])
    # s is joined with a: one range for both, so that j's rounding changes nothing more in it.
    check(model, ["z", "s", "j"], s=measured["j"])


def test_a_joined_value_keeps_a_much_narrower_range_of_its_own_if_others_read_it() -> None:
    text = """g (float[1, 4, 8, 8] x, float[1, 4, 8, 8] z) => (
        float[1, 8, 8, 8] y, float[1, 4, 8, 8] p
    ) {
        j = Concat<axis = 1>(x, z)
        y = Conv(j, w)
        p = Conv(x, u)
    }"""
    model = weights(parse(text), w=(8, 8, 1, 1), u=(4, 4, 1, 1))
    ranges = {"x": (-3.0, 3.0), "z": (-30.0, 30.0), "j": (-30.0, 30.0), "y": (-9.0, 9.0)}
    check(model, ["x", "j"], ranges)
    model = weights(parse(text), w=(8, 8, 1, 1), u=(4, 4, 1, 1))
    ranges |= {"z": (-9.0, 9.0), "j": (-9.0, 9.0)}
    check(model, ["x", "j"], ranges, x=(-9.0, 9.0))


def test_boxes_and_scores_that_an_output_joins_keep_ranges_of_their_own() -> None:
    """The sums are rounded, since others read them; the join at the end is not."""
    text = """g (float[1, 4, 8, 8] x) => (float[1, 8, 8, 8] y) {
        a = Conv(x, w)
        b = Conv(x, u)
        y = Concat<axis = 1>(a, b)
    }"""
    model = weights(parse(text), w=(4, 4, 1, 1), u=(4, 4, 1, 1))
    ranges = {"x": (-3.0, 3.0), "a": (-300.0, 300.0), "b": (-1.0, 1.0), "y": (-300.0, 300.0)}
    check(model, ["x", "a", "b"], ranges)


def test_max_pools_and_moved_elements_keep_their_steps() -> None:
    text = """g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y) {
        m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)
        t = Transpose<perm = [0, 1, 3, 2]>(m)
        y = Conv(t, w)
    }"""
    model = weights(parse(text), w=(4, 4, 1, 1))
    feeds = dict(inputs_of(model))
    measured = graph_ranges(model.SerializeToString(), [feeds])
    assert measured["m"] != measured["x"]
    check(model, ["x", "m", "t"], m=measured["x"], t=measured["x"])


def test_nothing_is_rounded_between_a_product_and_its_bias() -> None:
    text = """g (float[1, 6, 8] x) => (float[1, 6, 4] y) {
        m = MatMul(x, w)
        s = Add(m, b)
        r = Relu(s)
        y = MatMul(r, v)
    }"""
    program = check(weights(parse(text), w=(8, 16), b=(16,), v=(16, 4)), ["x", "r"])
    assert kinds(program).count("linear") == 2
    assert "add" not in kinds(program)


def test_what_stays_in_float_reads_and_writes_exact_numbers() -> None:
    """The first convolution stays: its result is rounded for the second one, and not for the third.

    Its input is rounded for nobody; what joins its result with another moves it on as it is.
    """
    text = """g (float[1, 3, 8, 8] x) => (float[1, 5, 8, 8] y, float[1, 5, 8, 8] z) {
        a = Conv<pads = [1, 1, 1, 1]>(x, w)
        y = Conv(a, v)
        c = Concat<axis = 1>(a, a)
        z = Conv(c, u)
    }"""
    model = weights(parse(text), w=(4, 3, 3, 3), v=(5, 4, 1, 1), u=(5, 8, 1, 1))
    feeds = dict(inputs_of(model))
    ranges = graph_ranges(model.SerializeToString(), [feeds])
    own = {"a": ranges["a"]}
    exact = run_pairs(onnx.ModelProto.FromString(model.SerializeToString()), {}, feeds)[0]
    expected = run_pairs(onnx.ModelProto.FromString(model.SerializeToString()), own, feeds)[0]
    for keep, rounded in (({"a"}, {"a", "c"}), ({"a", "y"}, {"c"}), ({"a", "z"}, {"a"})):
        lowered = lower_model(model, 17)
        plan = plan_rounding(lowered.program, ranges, lowered.trace, keep=keep)
        assert {lowered.trace[variable.name] for variable in plan.bounds} == rounded
        quantize_activations(lowered.program, plan)
        found = read_program(package_of(convert(lowered, 17, "float32")))
        y, z = evaluate(found, lowered, feeds)
        assert compare([[exact[0]]], [[y]]).max_rel < 1e-5 or "y" not in keep
        assert compare([[exact[1]]], [[z]]).max_rel < 1e-5 or "z" not in keep
        assert compare([[expected[0]]], [[y]]).max_rel < 1e-5 or "y" in keep
        assert compare([[expected[1]]], [[z]]).max_rel < 1e-5 or "z" in keep


def test_a_range_is_known_of_what_is_made_of_measured_elements() -> None:
    """The lowering may make more variables than the ONNX graph has values."""
    check(convs(), ["x", "r"], {"x": (-3.0, 3.0), "r": (0.0, 3.0)})
    text = """g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y) {
        m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)
        y = Conv(m, w)
    }"""
    model = weights(parse(text), w=(4, 4, 1, 1))
    lowered = lower_model(model, 17)
    plan = plan_rounding(lowered.program, {"x": (-3.0, 3.0)}, lowered.trace)
    assert quantize_activations(lowered.program, plan) == 2


def test_pads_with_zeros_keep_the_steps_and_others_do_not() -> None:
    text = """g (float[1, 4, 8, 8] x) => (float[1, 4, 10, 10] y)
    <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float value = {VALUE}> {
        p = Pad(x, pads, value)
        y = Conv(p, w)
    }"""
    for value, count in ((0.0, 1), (9.0, 0)):
        model = weights(parse(text.replace("VALUE", str(value))), w=(4, 4, 1, 1))
        lowered = lower_model(model, 17)
        found = quantize_activations(
            lowered.program, plan_rounding(lowered.program, {"x": (-3.0, 3.0)}, lowered.trace)
        )
        assert found == count, value


def test_what_was_lowered_before_makes_no_difference() -> None:
    ranges = {"x": (-1.0, 1.0), "r": (0.0, 1.0)}
    first = lower_model(convs(), 17)
    quantize_activations(first.program, plan_rounding(first.program, ranges, first.trace))
    packages = []
    for _ in range(2):
        lower_model(convs(), 17)
        again = lower_model(convs(), 17)
        quantize_activations(again.program, plan_rounding(again.program, ranges, again.trace))
        packages.append(package_of(convert(again, 17, "float16")))
    packages.append(package_of(convert(first, 17, "float16")))
    assert packages[0] == packages[1] == packages[2]


def test_what_becomes_a_place_is_not_rounded() -> None:
    """Coordinates in 8 bits would be those of other pixels."""
    model = weights(
        parse(
            "agraph (float[1,2,6,6] x, float[1,2,6,6] p) => (float[1,3,6,6] y)"
            " { o = Conv<pads = [1,1,1,1]>(p, v)  s = Add(o, p)  t = Transpose<perm = [0,2,3,1]>(s)"
            "  g = GridSample(x, t)  y = Conv<pads = [1,1,1,1]>(g, w) }"
        ),
        v=(2, 2, 3, 3),
        w=(3, 2, 3, 3),
    )
    program = check(model, ["g"])
    assert "resample" in kinds(program)


def test_what_is_rounded_down_is_exact_before() -> None:
    model = weights(
        parse(
            "agraph (float[1,2,6,6] x, float[1,2,6,6] z) => (float[1,3,6,6] y)"
            " { a = Add(x, z)  f = Floor(a)  y = Conv<pads = [1,1,1,1]>(f, w) }"
        ),
        w=(3, 2, 3, 3),
    )
    check(model, ["f"])
