"""Sliding windows along H and W, as TFLite's SAME, VALID and PAD express them."""

from __future__ import annotations

import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis, given, resolved
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options


def axes_of(ctx: Context, node: ir.Node, kernel: tuple[int, ...]) -> list[Axis]:
    """Return the windows of a convolution or pooling node along H and W.

    Raises:
        Unsupported: If the node slides over more axes, or pads are negative.
    """
    return [resolved(node, axis) for axis in per_axis(ctx, node, kernel)]


def per_axis(ctx: Context, node: ir.Node, kernel: tuple[int, ...]) -> list[Axis]:
    """Return what the attributes say of each axis; a node that has W only gets an H of 1.

    Raises:
        Unsupported: If the node has more axes, or pads are negative.
    """
    rank = len(kernel)
    if rank not in (1, 2):
        raise Unsupported(f"it slides over {rank} axes; 1 and 2 are supported")
    extents = ctx.shape(attributes.source(node))[2:]
    results = ctx.shape(node.outputs[0])[2:]
    return [Axis(1, 1, 1, 1, 1, 0, 0)] * (2 - rank) + given(node, kernel, extents, results)


def fit(ctx: Context, tensor: int, axes: list[Axis], fill: float = 0.0) -> tuple[int, int]:
    """Return the NHWC tensor to slide over and the ``Padding`` to do it with.

    A PAD operator is added where neither SAME nor VALID gives the windows.

    Args:
        ctx: The graph under construction.
        tensor: NHWC input.
        axes: Windows along H and W.
        fill: What the border holds; other than zero for max pooling of values below zero.
    """
    if all(axis.is_valid for axis in axes):
        return tensor, schema.Padding.VALID
    if all(axis.is_same for axis in axes):
        return tensor, schema.Padding.SAME
    return pad(ctx, tensor, axes, fill), schema.Padding.VALID


def pad(ctx: Context, tensor: int, axes: list[Axis], fill: float = 0.0) -> int:
    """Return the NHWC tensor with the border that the windows read."""
    border = [(0, 0), *((axis.before, axis.needed_after) for axis in axes), (0, 0)]
    source = ctx.graph.tensors[tensor]
    shape = tuple(
        extent + before + after
        for extent, (before, after) in zip(source.shape, border, strict=True)
    )
    inputs = [tensor, ctx.ints("paddings", border)]
    name = f"{source.name}/pad"
    if fill == 0.0:
        return ctx.temporary("PAD", inputs, shape, name, options("PadOptions"))
    inputs.append(ctx.floats("pad_value", fill))
    return ctx.temporary("PADV2", inputs, shape, name, options("PadV2Options"))
