"""Check networks on clips: the folded graph, and the file made from it, against ONNX Runtime."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import helper

from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.ops.harness import (
    describe,
    graph_model,
    inputs_of,
    rand,
    run_lowered,
)

#: A window in front makes every network of one node one on clips.
_POINT = np.eye(4, dtype=np.float32).reshape(4, 4, 1, 1, 1)


def check_clips(
    model: onnx.ModelProto, tolerance: float = 1e-5, *, five_axes: bool = False
) -> Counter[str]:
    """Assert that folding and lowering change nothing, and that only ports have five axes.

    Args:
        model: A network on clips.
        tolerance: Largest error, as a fraction of the output's range.
        five_axes: Demand instead that a tensor inside has five axes.

    Returns:
        How many operators of each kind the file has.
    """
    before = infer_shapes(ir.from_proto(model))
    text = serialize(before)
    folded, count = fold_frames(before)
    assert count > 0
    assert serialize(before) == text
    feeds = inputs_of(model)
    expected = run_onnx(model.SerializeToString(), [feeds])
    assert compare(expected, run_onnx(serialize(folded), [feeds])).max_rel <= tolerance
    lowered = lower(folded)
    found = run_lowered(lowered, feeds)
    assert compare(expected, [found]).max_rel <= tolerance, describe(lowered.graph)
    ports = {*lowered.graph.inputs, *lowered.graph.outputs}
    inside = [t for i, t in enumerate(lowered.graph.tensors) if i not in ports]
    highest = max((len(tensor.shape) for tensor in inside), default=0)
    assert highest == 5 if five_axes else highest <= 4, describe(lowered.graph)
    return Counter(op.kind for op in lowered.graph.ops)


def node(op_type: str, *inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op_type, list(inputs), [output], name=f"the_{output}", **attributes)


def behind_a_window(
    nodes: list[onnx.NodeProto],
    shape: tuple[int, ...] = (1, 4, 5, 6, 7),
    opset: int = 18,
    outputs: tuple[str, ...] = ("y",),
    **constants: Any,
) -> onnx.ModelProto:
    """A model in which ``nodes`` read x, the result of a 1x1x1 convolution with four channels."""
    window = node("Conv", "clip", "point", output="x")
    inputs = {"clip": shape, "point": _POINT, **constants}
    return graph_model([window, *nodes], inputs, outputs, opset=opset)


def conv_model(
    shape: tuple[int, ...], weight: tuple[int, ...], *, bias: bool = True, **attributes: Any
) -> onnx.ModelProto:
    """A model of one convolution with random weights."""
    constants = {"w": rand(*weight, seed=1)} | ({"b": rand(weight[0], seed=2)} if bias else {})
    names = ["x", *constants]
    return graph_model([node("Conv", *names, **attributes)], {"x": shape, **constants})
