"""Small networks whose values are rounded as a package rounds them, and as ONNX Runtime does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.convert import Precision, convert
from _edgeship.export.coreml.evaluator import MilProgram, read_program, run
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.lowering import Lowered
from _edgeship.export.verification.metrics import compare
from tests.export.coreml.ops.harness import lower_model, parse
from tests.export.tflite.ops.harness import inputs_of, rand

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
