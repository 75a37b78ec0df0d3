"""Biases from which the mean of rounding is taken out."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx_ir as ir
import pytest
from onnx import parser
from onnx.numpy_helper import from_array

from _edgeship.export.equalization.corrected_biases import correct_biases, corrected_if_better
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.rounded_values import rounded_at

#: So much of what the first layer computes is cut off that means are far off behind it.
BOUNDS = {"r": (0.0, 1.0)}


def network(bias: str = "b, c") -> ir.Model:
    first, second = bias.split(", ")
    model = parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]> g (float[1, 3, 8, 8] x) => (float[1, 5] y) {'
        f"s = Conv(x, w, {first}) r = Relu(s) p = GlobalAveragePool(r) f = Flatten(p) "
        f"y = Gemm <transB = 1> (f, v, {second}) }}"
    )
    draw = np.random.default_rng(0)
    shapes = {"w": (4, 3, 1, 1), "b": (4,), "v": (5, 4), "c": (5,)}
    for name, shape in shapes.items():
        model.graph.initializer.append(
            from_array(draw.standard_normal(shape).astype(np.float32), name)
        )
    return infer_shapes(ir.from_proto(model))


def samples(count: int) -> list[Sample]:
    draw = np.random.default_rng(1)
    return [{"x": draw.uniform(0, 2, (1, 3, 8, 8)).astype(np.float32)} for _ in range(count)]


def rounded(model: ir.Model) -> bytes:
    return rounded_at(model, BOUNDS)


def off_by(model: ir.Model, own: ir.Model, fed: list[Sample]) -> np.ndarray:
    """Return by how much outputs are off on average."""
    exact, found = run_onnx(serialize(model), fed), run_onnx(rounded(own), fed, plain=True)
    gaps = [after[0] - before[0] for before, after in zip(exact, found, strict=True)]
    shift: np.ndarray = np.mean(gaps, axis=(0, 1))
    return shift


def test_outputs_are_right_on_average() -> None:
    model, fed = network(), samples(40)
    before = np.abs(off_by(model, model, fed)).max()
    corrected = corrected_if_better(model, rounded, fed)
    assert corrected is not None
    after = np.abs(off_by(model, corrected, samples(60)[40:])).max()
    assert after < before / 5
    assert np.abs(off_by(model, model, fed)).max() == before, "the graph itself is not changed"


@pytest.mark.parametrize("keep", [(), ("y",)])
def test_layers_in_float_keep_their_biases(keep: Collection[str]) -> None:
    model = network()
    own = correct_biases(model, rounded, samples(40), keep)
    biases = [
        node.inputs[2].const_value.numpy() for node in own.graph if node.op_type in ("Conv", "Gemm")
    ]
    exact = model.graph.initializers["c"].const_value.numpy()
    assert (biases[1] == exact).all() == bool(keep)


def test_two_layers_with_one_bias_get_one_each() -> None:
    """The channels of both are as many; only what is behind the cut is off."""
    model = network()
    weight = np.ones((4, 3, 1, 1), np.float32)
    text = parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]> g (float[1, 3, 8, 8] x) => (float[1, 4, 8, 8] y)'
        "{ r = Conv(x, w, b) y = Conv(r, v, b) }"
    )
    for name, shape in {"w": (4, 3, 1, 1), "v": (4, 4, 1, 1), "b": (4,)}.items():
        text.graph.initializer.append(from_array(np.ones(shape, np.float32), name))
    model = infer_shapes(ir.from_proto(text))
    own = correct_biases(model, rounded, samples(40))
    first, second = (node.inputs[2].const_value.numpy() for node in own.graph)
    assert (np.abs(first - 1) < 0.1).all()
    assert (second > weight.sum() / 2).all()


def test_too_few_samples_change_nothing() -> None:
    model = network()
    assert correct_biases(model, rounded, samples(3)) is model
    assert corrected_if_better(model, rounded, samples(3)) is None
