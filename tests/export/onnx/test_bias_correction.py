"""Biases of .onnx and .aimodel files of integers are corrected by what their rounding shifts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import onnx_ir as ir
from onnx import numpy_helper, parser

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.contract.target import Job
from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.onnx.bias_correction import (
    layers_in_float,
    quantize_corrected,
    rounded_activations,
)
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.preparation.given import Given
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.rounded_values import rounded_at


def network() -> ir.Model:
    model = parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]> g (float[1, 3, 8, 8] x) => (float[1, 5] y) {'
        "s = Conv(x, w, b) r = Relu(s) p = GlobalAveragePool(r) f = Flatten(p) "
        "y = Gemm <transB = 1> (f, v, c) }"
    )
    draw = np.random.default_rng(0)
    shapes = {"w": (4, 3, 1, 1), "b": (4,), "v": (5, 4), "c": (5,)}
    for name, shape in shapes.items():
        model.graph.initializer.append(
            numpy_helper.from_array(draw.standard_normal(shape).astype(np.float32), name)
        )
    return deployable(infer_shapes(ir.from_proto(model)))


def samples(count: int) -> list[Sample]:
    draw = np.random.default_rng(1)
    return [{"x": draw.uniform(0, 2, (1, 3, 8, 8)).astype(np.float32)} for _ in range(count)]


def test_rounding_is_that_of_the_file() -> None:
    """What the quantizer writes, and the graph whose values are rounded alike, agree."""
    model, fed = network(), samples(8)
    ranges = graph_ranges(serialize(model), fed)
    made = quantize(model, ranges)
    bounds = rounded_activations(made)
    assert {"x", "y"} <= set(bounds)
    assert all(low <= 0 <= high for low, high in bounds.values())
    by_file = np.stack([one[0] for one in run_onnx(to_bytes(made), fed, plain=True)])
    by_graph = np.stack([one[0] for one in run_onnx(rounded_at(model, bounds), fed, plain=True)])
    exact = np.stack([one[0] for one in run_onnx(serialize(model), fed)])
    noise = np.square(by_file - exact).mean()
    assert np.square(by_file - by_graph).mean() < noise / 4


def job(given: object = None) -> Job:
    return cast("Job", SimpleNamespace(samples=samples(40), parts=(), given=given))


def test_files_are_right_on_average() -> None:
    """So much of what the first layer computes is cut off that the mean of outputs is far off."""
    model, fed = network(), samples(60)[40:]
    ranges = graph_ranges(serialize(model), fed) | {"r": (0.0, 1.0)}

    def off_by(graph: ir.Model) -> float:
        exact = run_onnx(serialize(model), fed)
        found = run_onnx(to_bytes(quantize(graph, ranges)), fed)
        gaps = [after[0] - before[0] for before, after in zip(exact, found, strict=True)]
        return float(np.abs(np.mean(gaps, axis=(0, 1))).max())

    better = quantize_corrected(model, job(), ranges)[1]
    assert off_by(better) < off_by(model) / 3
    assert set(better.graph.initializers) == set(model.graph.initializers)


def test_biases_that_a_file_had_stay() -> None:
    model = network()
    ranges = graph_ranges(serialize(model), samples(4)) | {"r": (0.0, 1.0)}
    assert quantize_corrected(model, job(given=Given({})), ranges)[1] is model


def test_what_a_file_leaves_in_float_stays() -> None:
    """Nothing is rounded where no range is known, and weights are not rounded either then."""
    model = network()
    assert layers_in_float(quantize(model, {})) == {"s", "y"}
    assert quantize_corrected(model, job(), {})[1] is model
    ranges = graph_ranges(serialize(model), samples(4)) | {"r": (0.0, 1.0)}
    assert layers_in_float(quantize(model, ranges, keep=["y"])) == {"y"}
    better = quantize_corrected(model, job(), ranges, keep=["y"])[1]
    for name in ("c", "v"):
        same = better.graph.initializers[name].const_value.numpy()
        np.testing.assert_array_equal(same, model.graph.initializers[name].const_value.numpy())
