"""Operators that compute each element from the elements at its place."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.tflite.frames.folding import (
    Clip,
    Folding,
    broadcast_constant,
    first_clip,
    folds,
    is_clip,
)


@folds(
    "Abs",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Cos",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "Log",
    "Mish",
    "Neg",
    "Reciprocal",
    "Relu",
    "Sigmoid",
    "Sin",
    "Softplus",
    "Sqrt",
    "Tanh",
    "ThresholdedRelu",
)
def unary(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """The same operator on frames; its parameters are numbers or one per channel."""
    clip = first_clip(folding, node)
    if clip is None or any(output.uses() for output in node.outputs[1:]):
        return None
    inputs = [clip.frames, *node.inputs[1:]]
    (frames,) = folding.nodes.copy(node, inputs, [shape_of(clip.frames)])
    return [Clip(frames, clip.shape)]


@folds("Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub", "Sum")
def arithmetic(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """The same operator on frames, if its operands broadcast to those as they do to clips."""
    if not is_clip(node.outputs[0]) or "axis" in node.attributes:
        return None
    shape = shape_of(node.outputs[0])
    count, channels, depth, height, width = shape
    inputs = []
    for value in node.inputs:
        operand = _operand(folding, value, count, depth)
        if operand is None:
            return None
        inputs.append(operand)
    (frames,) = folding.nodes.copy(node, inputs, [(count * depth, channels, height, width)])
    return [Clip(frames, shape)]


def _operand(folding: Folding, value: ir.Value | None, count: int, depth: int) -> ir.Value | None:
    if value is None:
        return None
    if value.const_value is not None:
        return broadcast_constant(folding, value, count)
    if not is_clip(value):
        return None
    clip = folding.clip(value)
    fits = clip.depth == depth and clip.count == count
    # A single frame, or a single clip of one frame, broadcasts to all of one clip's frames.
    return clip.frames if fits or (count == 1 and clip.depth == 1) else None
