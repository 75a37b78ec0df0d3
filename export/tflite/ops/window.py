"""Sliding windows: the pads ONNX asks for, and how TFLite's SAME and VALID can express them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from export.tflite.context import Context, Unsupported
from export.tflite.graph import options
from export.tflite.ops import attributes


@dataclass(frozen=True)
class Axis:
    """A window along one spatial axis.

    Attributes:
        extent: Input elements.
        result: Output elements.
        kernel: Taps.
        stride: Step between windows.
        dilation: Step between taps.
        before: Pad in front, as the model asks.
        after: Pad behind, as the model asks; it may end before or behind the last window.
    """

    extent: int
    result: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def reach(self) -> int:
        """Elements from the first tap to the last."""
        return (self.kernel - 1) * self.dilation + 1

    def padded(self, before: int, after: int) -> Axis:
        """Return the axis with other pads."""
        return replace(self, before=before, after=after)

    @property
    def needed_after(self) -> int:
        """Pad behind that the last window really reads, be it less or (ceil_mode) more."""
        return max((self.result - 1) * self.stride + self.reach - self.extent - self.before, 0)

    @property
    def is_valid(self) -> bool:
        """Whether TFLite's VALID gives these windows."""
        fits = (self.extent - self.reach) // self.stride + 1 == self.result
        return self.before == 0 and self.needed_after == 0 and fits

    @property
    def is_same(self) -> bool:
        """Whether TFLite's SAME gives these windows: it puts the odd pad behind."""
        if self.result != -(-self.extent // self.stride):
            return False
        total = max((self.result - 1) * self.stride + self.reach - self.extent, 0)
        return (total // 2, total - total // 2) == (self.before, self.needed_after)


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


def given(
    node: ir.Node, kernel: Sequence[int], extents: Sequence[int], results: Sequence[int]
) -> list[Axis]:
    """Return what the attributes of a node say of each of its spatial axes.

    Args:
        node: A convolution or a pooling node.
        kernel: Taps along each axis.
        extents: Input elements along each axis.
        results: Output elements along each axis.

    Raises:
        Unsupported: If pads are negative.
    """
    rank = len(kernel)
    strides = attributes.integers(node, "strides", [1] * rank)
    dilations = attributes.integers(node, "dilations", [1] * rank)
    pads = attributes.integers(node, "pads", [0] * 2 * rank)
    if min(pads) < 0:
        raise Unsupported(f"negative pads {pads}")
    return [
        Axis(extents[i], results[i], kernel[i], strides[i], dilations[i], pads[i], pads[i + rank])
        for i in range(rank)
    ]


def resolved(node: ir.Node, axis: Axis) -> Axis:
    """Return an axis of a convolution or pooling node with the pads that auto_pad stands for."""
    auto = attributes.text(node, "auto_pad", "NOTSET")
    if auto == "VALID":
        return axis.padded(0, 0)
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        return axis
    total = max((axis.result - 1) * axis.stride + axis.reach - axis.extent, 0)
    before = total // 2 if auto == "SAME_UPPER" else total - total // 2
    return axis.padded(before, total - before)


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
