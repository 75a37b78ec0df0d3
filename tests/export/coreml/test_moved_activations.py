"""Values that are joined, moved, cut out, or kept in float: which range they are rounded by."""

from __future__ import annotations

import onnx
import pytest

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import read_program
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.verification.metrics import compare
from tests.export.coreml.ops.harness import lower_model, parse
from tests.export.coreml.pairs import check, convs, evaluate, kinds, run_pairs, weights
from tests.export.tflite.ops.harness import inputs_of

pytestmark = pytest.mark.slow


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
