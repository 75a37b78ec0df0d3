"""XNNPACK's kernels on integers beside LiteRT's plain ones: a step apart at most, each alone.

Whole files may be many steps apart: a step early on grows in the convolutions behind it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from _edgeship.export.passes import rewrite
from _edgeship.export.runtimes.interpreters import Interpreter, open_interpreter
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.integer_layout import integer_layout
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.nested_joints import nest_joints
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES
from _edgeship.export.tflite.single_operators import kinds_of, single_operator
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.test_split_filters import cut_graph

MOVES = {"CONCATENATION", "PAD", "RESHAPE", "SLICE", "SPLIT", "TRANSPOSE"}


def integers(seed: int) -> tuple[bytes, np.ndarray]:
    """A random file whose tensors are cut, joined and shuffled, in int8, and an input."""
    net, model = cut_graph(seed)
    lowered = lower(rewrite(model)[0])
    nest_joints(lowered.graph)
    layout = integer_layout(lowered.graph, lowered.io, "random")
    shape = (1, net.input, *net.space)
    samples = [{"x": net.rng.normal(size=shape).astype(np.float32)} for _ in range(3)]
    ranges = activation_ranges(layout.measured, samples[:2], lowered.io)
    data = quantize(layout.data, "int8", layout.ranges(ranges))
    return data, np.moveaxis(samples[2]["x"], 1, -1)


def opened(data: bytes, feeds: list[np.ndarray], runtime: str, **options: Any) -> Interpreter:
    interpreter = open_interpreter(data, runtime, threads=1, **options)
    for detail, values in zip(interpreter.get_input_details(), feeds, strict=True):
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return interpreter


def outputs(interpreter: Interpreter) -> list[np.ndarray]:
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


@pytest.mark.parametrize("seed", range(3))
def test_each_operator_alone_is_a_step_apart_at_most(seed: int) -> None:
    data, values = integers(seed)
    plain = opened(data, [values], "litert-reference", keep_intermediates=True)
    model = from_bytes(data)
    graph = model.subgraphs[0]
    kinds = kinds_of(model, OPERATOR_NAMES)
    seen = set()
    for number, (kind, op) in enumerate(zip(kinds, graph.operators, strict=True)):
        single = single_operator(model, number)
        if single is None or kind == "DEQUANTIZE":
            continue
        read = dict.fromkeys(int(index) for index in op.inputs if index >= 0)
        computed = [i for i in read if model.buffers[graph.tensors[i].buffer].data is None]
        feeds = [plain.get_tensor(index) for index in computed]
        both = (outputs(opened(single, feeds, name)) for name in ("litert", "litert-reference"))
        for ours, theirs in zip(*both, strict=True):
            apart = int(np.abs(ours.astype(int) - theirs).max())
            assert apart <= (0 if kind in MOVES else 1), f"{number} {kind}"
        seen.add(kind)
    assert {"CONV_2D", "CONCATENATION"} <= seen


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_file_is_its_operators_one_by_one(seed: int) -> None:
    """XNNPACK joins operators and shares memory; neither changes a bit."""
    data, values = integers(seed)
    whole = outputs(opened(data, [values], "litert"))
    apart = outputs(opened(data, [values], "litert", keep_intermediates=True))
    for one, other in itertools.zip_longest(whole, apart):
        np.testing.assert_array_equal(one, other)
