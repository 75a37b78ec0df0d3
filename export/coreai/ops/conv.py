"""Convolutions, along one to three axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, shape_of
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.coreai.ops.slicing import cut
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis, given, resolved, transposed

#: Core AI's windows slide over two axes or three.
_MOST = 3


@lowers("Conv")
def conv(ctx: Context, node: ir.Node) -> None:
    """conv2d or conv3d after a pad, and an add for the bias; 1-D as an image of height 1."""
    y, weight = node.outputs[0], attributes.source(node, 1)
    axes = [resolved(node, axis) for axis in axes_of(ctx, node, ctx.shape(weight)[2:])]
    x = padded(ctx, ctx.read(attributes.source(node)), axes, ctx.number(y, 0))
    kernel = ctx.weight(weight, 0)
    flat = len(axes) == 1
    x, kernel = (_as_image(ctx, operand) if flat else operand for operand in (x, kernel))
    product = ctx.temporary(
        f"conv{max(len(axes), 2)}d",
        x,
        kernel,
        sizes([axis.stride for axis in axes]),
        sizes([axis.dilation for axis in axes]),
        np.uint32(attributes.integer(node, "group", 1)),
    )
    _finish(ctx, node, product)


@lowers("ConvTranspose")
def conv_transpose(ctx: Context, node: ir.Node) -> None:
    """conv_transpose2d or 3d; a slice for pads that differ, a pad for what output_padding adds."""
    y, weight = node.outputs[0], attributes.source(node, 1)
    axes = transposed(node, axes_of(ctx, node, ctx.shape(weight)[2:]))
    x, kernel = ctx.read(attributes.source(node)), ctx.weight(weight, 1)
    if len(axes) == 1:
        x, kernel = _as_image(ctx, x), _as_image(ctx, kernel)
    full = ctx.temporary(
        f"conv_transpose{max(len(axes), 2)}d",
        x,
        kernel,
        sizes([axis.stride for axis in axes]),
        np.zeros(max(len(axes), 2), np.uint32),
        sizes([axis.dilation for axis in axes]),
        np.zeros(max(len(axes), 2), np.uint32),
        np.uint32(attributes.integer(node, "group", 1)),
    )
    if len(axes) == 1:
        full = ctx.reshape(full, (*shape_of(full)[:2], shape_of(full)[3]))
    kept = [range(extent) for extent in shape_of(full)[:2]]
    behind = []
    for axis in axes:
        end = axis.before + axis.result
        kept.append(range(axis.before, min(end, axis.full)))
        behind.append(max(end - axis.full, 0))
    part = cut(ctx, full, kept)
    if any(behind):
        border = [0, 0, 0, 0] + [pad for count in behind for pad in (0, count)]
        part = ctx.temporary("pad", part, np.asarray(border, np.uint32), ctx.number(y, 0))
    _finish(ctx, node, part)


def _finish(ctx: Context, node: ir.Node, product: Operand) -> None:
    """Bind the node's output to a product plus the bias, in ONNX's shape."""
    y = node.outputs[0]
    bias = attributes.optional_input(node, 2)
    if bias is not None:
        ones = [1] * (len(shape_of(product)) - 2)
        column = ctx.parameter(bias, (1, ctx.shape(bias)[0], *ones))
        product = ctx.temporary("broadcasting_add", product, column)
    ctx.bind(y, ctx.reshape(product, ctx.shape(y)))


def padded(ctx: Context, x: Operand, axes: Sequence[Axis], value: Operand) -> Operand:
    """Return images with the border of their windows; nothing is appended where there is none.

    Args:
        ctx: The program.
        x: (N, C, ...).
        axes: The spatial axes; the border behind is what the last window reads.
        value: What the border holds.
    """
    border = [pad for axis in axes for pad in (axis.before, axis.needed_after)]
    if not any(border):
        return x
    return ctx.temporary("pad", x, np.asarray([0, 0, 0, 0, *border], np.uint32), value)


def axes_of(ctx: Context, node: ir.Node, kernel: tuple[int, ...]) -> list[Axis]:
    """Return the spatial axes of a convolution or pooling node, as its attributes describe them.

    Raises:
        Unsupported: There are more than three, or pads are negative.
    """
    if len(kernel) > _MOST:
        raise Unsupported(f"a window that slides over {len(kernel)} axes; Core AI's slide over 3")
    x, y = attributes.source(node), node.outputs[0]
    return given(node, kernel, ctx.shape(x)[2:], ctx.shape(y)[2:])


def sizes(numbers: Sequence[int]) -> np.ndarray:
    """Return strides or dilations as Core AI takes them: for two axes at least."""
    missing = max(2 - len(numbers), 0)
    return np.asarray([1] * missing + list(numbers), np.uint32)


def _as_image(ctx: Context, operand: Operand) -> Operand:
    """Return rows (N, C, W) as images (N, C, 1, W)."""
    first, second, width = shape_of(operand)
    return ctx.reshape(operand, (first, second, 1, width))
