"""Which variable of a package is named as the first that is wrong."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.judging import Divergence, first_divergence
from _edgeship.export.coreml.ports import Adapted
from _edgeship.export.graph.onnx_graph import infer_shapes
from tests.export.coreml.ops.harness import lower_model, parse
from tests.export.tflite.ops.harness import inputs_of, rand

#: A residual sum, with a relu or without, between convolutions.
SUM = """g (float[1, 3, 8, 8] x) => (float[1, 5, 8, 8] y) {
    a = Conv(x, first)
    b = Relu(a)
    c = Conv(b, second)
    s = Add(b, c)
    r = Relu(s)
    y = Conv(r, last)
}"""

SHAPES = {"first": (6, 3, 1, 1), "second": (6, 6, 1, 1), "last": (5, 6, 1, 1)}


def model(text: str, wrong: str = "") -> onnx.ModelProto:
    """The network; the filters of the weight ``wrong`` are in reverse order."""
    graph = parse(text)
    for seed, (name, shape) in enumerate(SHAPES.items()):
        array = rand(*shape, seed=seed)
        if name == wrong:
            array = array[::-1].copy()
        graph.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return graph


def found(text: str, wrong: str = "") -> Divergence | None:
    """The first variable in the int8 package of a wrong network that differs from the right one."""
    right = model(text)
    feeds = dict(inputs_of(right))
    lowered = lower_model(model(text, wrong), 17)
    ranges = graph_ranges(right.SerializeToString(), [feeds])
    quantize_activations(lowered.program, plan_rounding(lowered.program, ranges, lowered.trace))
    evaluator = Evaluator(read_program(package_of(convert(lowered, 17, "float16"))))
    samples = [{name: np.asarray(array) for name, array in feeds.items()}]
    adapted = Adapted(infer_shapes(ir.from_proto(right)), samples, samples, {})
    return first_divergence(evaluator, lowered, adapted, min_sqnr_db=20.0)


@pytest.mark.parametrize("text", [SUM, SUM.replace("r = Relu(s)", "r = Identity(s)")])
def test_a_sum_of_quantized_activations_is_not_blamed_for_its_scale(text: str) -> None:
    assert found(text) is None


def test_what_is_wrong_before_and_behind_a_sum_is_named() -> None:
    before, behind = found(SUM, "second"), found(SUM, "last")
    assert before is not None
    assert (before.onnx_name, before.kind, before.passed_over) == ("c", "conv", 0)
    assert behind is not None
    assert (behind.onnx_name, behind.passed_over) == ("y", 2)
    assert behind.sqnr_db < 20.0
