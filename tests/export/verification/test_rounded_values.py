from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from onnx import parser

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import whole_outputs
from _edgeship.export.verification.rounded_values import in_8_bits, in_halves, rounded_at
from _edgeship.export.verification.yardstick import Ideal, Yardstick, figures

RNG = np.random.default_rng(0)


def graph(body: str, output: str = "float[1, 4, 16] y") -> ir.Model:
    text = (
        f'<ir_version: 10, opset_import: ["": 18]> g (float[1, 4, 16] x) => ({output}) {{ {body} }}'
    )
    return infer_shapes(ir.from_proto(parser.parse_model(text)))


def samples(count: int = 4) -> list[dict[str, np.ndarray]]:
    return [{"x": RNG.uniform(-2, 6, (1, 4, 16)).astype(np.float32)} for _ in range(count)]


def steps(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the formula of asymmetric 8 bits."""
    scale = (high - low) / 255
    zero = np.rint(-low / scale)
    return (np.clip(np.rint(values / scale) + zero, 0, 255) - zero) * scale


def test_a_value_is_rounded_once_where_it_is_computed() -> None:
    """The input and the sum are rounded by the formula; what moves them is not, once more."""
    model = graph(
        "s = Add(x, x) t = Transpose <perm = [0, 2, 1]> (s) y = Transpose <perm = [0, 2, 1]> (t)"
    )
    fed = samples()
    ranges = graph_ranges(serialize(model), fed)
    found = run_onnx(in_8_bits(model, ranges), fed)
    for sample, [y] in zip(fed, found, strict=True):
        x = steps(sample["x"], *ranges["x"])
        np.testing.assert_allclose(y, steps(x + x, *ranges["s"]), atol=1e-5)


def test_what_stays_in_float_is_rounded_where_others_read_it() -> None:
    """The sum is kept: its square is of exact numbers where that is kept too, else of rounded ones.

    What moves the sum moves it as it is, and what reads that reads it rounded.
    """
    model = graph(
        "s = Add(x, x) t = Transpose <perm = [0, 2, 1]> (s) u = Transpose <perm = [0, 2, 1]> (t) "
        "a = Mul(s, s) b = Mul(u, u) y = Sub(a, b)",
    )
    fed = samples()
    ranges = graph_ranges(serialize(model), fed)
    found = run_onnx(in_8_bits(model, ranges, keep={"s", "a", "y"}), fed, plain=True)
    for sample, [y] in zip(fed, found, strict=True):
        s = 2 * steps(sample["x"], *ranges["x"])
        other = steps(s, *ranges["s"]) ** 2
        np.testing.assert_allclose(y, s**2 - steps(other, 0.0, ranges["b"][1]), atol=1e-4)


def test_only_named_values_are_rounded() -> None:
    model = graph("s = Add(x, x) t = Mul(s, s) y = Add(t, s)")
    fed = samples()
    bounds = {"s": (-4.0, 12.0)}
    for sample, [y] in zip(fed, run_onnx(rounded_at(model, bounds), fed, plain=True), strict=True):
        s = steps(2 * sample["x"], *bounds["s"])
        np.testing.assert_allclose(y, s**2 + s, atol=1e-4)


def test_a_relu_is_computed_with_what_is_before_it() -> None:
    model = graph("s = Add(x, x) y = Relu(s)")
    fed = samples()
    ranges = graph_ranges(serialize(model), fed)
    for sample, [y] in zip(fed, run_onnx(in_8_bits(model, ranges), fed), strict=True):
        x = steps(sample["x"], *ranges["x"])
        np.testing.assert_allclose(y, steps(np.maximum(x + x, 0), 0.0, ranges["y"][1]), atol=1e-5)


def test_a_sigmoid_has_the_range_of_its_kernel() -> None:
    model = graph("y = Sigmoid(x)")
    fed = samples()
    for [y] in run_onnx(in_8_bits(model, graph_ranges(serialize(model), fed)), fed):
        np.testing.assert_allclose(y * 255, np.rint(y * 255), atol=1e-4)


def test_joined_values_keep_their_own_steps() -> None:
    body = "k = Constant <value_float = 0.001> () s = Mul(x, k) y = Concat <axis = 1> (s, x)"
    model = graph(body, "float[1, 8, 16] y")
    fed = samples()
    reference = run_onnx(serialize(model), fed)
    found = run_onnx(in_8_bits(model, graph_ranges(serialize(model), fed)), fed)
    small = [[[one[:, :4]] for [one] in outputs] for outputs in (reference, found)]
    assert compare(*small).sqnr_db > 35


def test_halves_round_weights_and_values() -> None:
    weight = RNG.standard_normal((4, 4)).astype(np.float32)
    text = ", ".join(map(repr, map(float, weight.reshape(-1))))
    model = graph(f"w = Constant <value = float[4, 4] {{{text}}}> () y = MatMul(w, x)")
    fed = samples()
    found = run_onnx(in_halves(model), fed)
    for sample, [y] in zip(fed, found, strict=True):
        exact = weight.astype(np.float16).astype(np.float64) @ sample["x"].astype(np.float16)
        np.testing.assert_array_equal(y, y.astype(np.float16))
        np.testing.assert_allclose(y, exact, rtol=2**-10, atol=1e-2)
    assert 55 < compare(run_onnx(serialize(model), fed), found).sqnr_db < 80


@pytest.mark.parametrize(("bits", "low", "high"), [("8 bits", 50, 56), ("float16", 65, 80)])
def test_an_ideal_file_keeps_what_its_bits_can(bits: str, low: float, high: float) -> None:
    """Numbers that are spread evenly from 0 to 6 keep 10 log10(12 / 3 * 255**2) = 54 dB."""
    model, fed = graph("y = Relu(x)"), samples(8)
    reference = run_onnx(serialize(model), fed)
    ideal = Ideal(model, fed, reference, whole_outputs(reference, ["y"]), fed)
    [found] = ideal(bits).values()  # type: ignore[arg-type]
    assert low < found < high


def test_weights_of_the_ideal_file_have_a_scale_for_each_channel() -> None:
    """The channels' weights lie up to 1,000 times apart, and biases bring them to one size.

    With one scale for all channels, most weights would be rounded to nothing.
    """
    weight = RNG.standard_normal((4, 4, 1)) * np.array([1, 1e-1, 1e-2, 1e-3])[:, None, None]
    bias = np.array([0.0, 5.0, 6.0, 7.0])
    w, b = (", ".join(map(repr, map(float, one.astype(np.float32).flat))) for one in (weight, bias))
    model = lifted(
        graph(
            f"w = Constant <value = float[4, 4, 1] {{{w}}}> () "
            f"b = Constant <value = float[4] {{{b}}}> () y = Conv (x, w, b)"
        )
    )
    fed = samples(8)
    reference = run_onnx(serialize(model), fed)
    ideal = Ideal(model, fed, reference, whole_outputs(reference, ["y"]), fed)
    [found] = ideal("8 bits").values()

    ranges = graph_ranges(serialize(model), fed)
    scales = np.abs(weight).max(axis=1, keepdims=True) / 127
    rounded = np.rint(weight / scales) * scales
    by_formula = []
    for sample in fed:
        x = steps(sample["x"], *widened(ranges["x"]))
        exact = np.einsum("oc,ncl->nol", rounded[:, :, 0], x) + bias[:, None]
        by_formula.append([steps(exact, *widened(ranges["y"])).astype(np.float32)])
    assert found == pytest.approx(compare(reference, by_formula).sqnr_db, abs=0.1)


def widened(bounds: tuple[float, float]) -> tuple[float, float]:
    """Return a range with zero in it."""
    return min(bounds[0], 0.0), max(bounds[1], 0.0)


def lifted(model: ir.Model) -> ir.Model:
    """Return a graph with its constants as initializers."""
    for node in [one for one in model.graph if one.op_type == "Constant"]:
        value = node.outputs[0]
        value.const_value = node.attributes["value"].as_tensor()
        model.graph.remove(node)
        model.graph.register_initializer(value)
    return model


def test_the_ideal_file_is_measured_once_and_only_where_it_is_asked_for() -> None:
    calls: list[str] = []

    def measure(bits: str) -> dict[str, float]:
        calls.append(bits)
        return {"y": 40.0}

    yardstick = Yardstick({"": 30.0}, measure)
    assert calls == []
    assert [yardstick.ideal_db("8 bits")["y"] for _ in range(2)] == [40.0, 40.0]
    assert calls == ["8 bits"]
    assert Yardstick({}).ideal_db("8 bits") == {}


def test_a_yardstick_knows_its_worst_part() -> None:
    assert Yardstick({"a": 30.0, "b": 20.0}).worst_db == 20.0
    assert Yardstick({"a": float("inf")}).worst_db is None
    assert Yardstick({"": 12.0}).rounded_db("any") == 12.0
    assert Yardstick({"a": 12.0}).rounded_db("b") is None


def test_figures_are_by_name() -> None:
    fed = [[np.ones(3, np.float32)]]
    assert figures(compare(fed, fed, ["y"])) == {"y": float("inf")}
