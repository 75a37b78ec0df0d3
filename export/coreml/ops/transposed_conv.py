"""Transposed convolutions."""

from __future__ import annotations

import onnx_ir as ir

from export.coreml.context import Context
from export.coreml.ops.conv import axes_of, parameters
from export.coreml.ops.registry import lowers
from export.lowering import attributes
from export.lowering.windows import Axis


@lowers("ConvTranspose")
def conv_transpose(ctx: Context, node: ir.Node) -> None:
    """conv_transpose, whose pads are what is cut off the full result.

    A result that reaches beyond the full one (output_padding) is computed from an input with
    zeros behind it.
    """
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters(ctx, node)
    axes = _axes(ctx, node, weight.shape[2:])
    zeros = [_zeros_behind(axis) for axis in axes]
    source = ctx.read(x)
    if any(zeros):
        border = [0, 0, 0, 0] + [pad for count in zeros for pad in (0, count)]
        source = ctx.temporary("pad", f"{y.name}/padded", x=source, pad=border)
    cuts = [
        (axis.before, _surplus(axis) + count * axis.stride)
        for axis, count in zip(axes, zeros, strict=True)
    ]
    ctx.emit(
        "conv_transpose",
        y,
        x=source,
        weight=weight,
        bias=bias,
        strides=[axis.stride for axis in axes],
        dilations=[axis.dilation for axis in axes],
        groups=attributes.integer(node, "group", 1),
        pad_type="custom",
        pad=[cut for pair in cuts for cut in pair],
    )


def _axes(ctx: Context, node: ir.Node, kernel: tuple[int, ...]) -> list[Axis]:
    """Return each axis; its pad in front is what is cut off the full result there.

    With ``auto_pad`` or ``output_shape`` the specification shares out what must go, and the odd
    element goes behind for SAME_UPPER alone.
    """
    axes = axes_of(ctx, node, kernel)
    auto = attributes.text(node, "auto_pad", "NOTSET")
    if auto == "NOTSET" and "output_shape" not in node.attributes:
        return axes
    padding = attributes.integers(node, "output_padding", [0] * len(kernel))
    found = []
    for axis, extra in zip(axes, padding, strict=True):
        total = 0 if auto == "VALID" else max(_full(axis) + extra - axis.result, 0)
        before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        found.append(axis.padded(before, total - before))
    return found


def _full(axis: Axis) -> int:
    return (axis.extent - 1) * axis.stride + axis.reach


def _surplus(axis: Axis) -> int:
    """Return how many elements of the full result lie behind those that are wanted."""
    return _full(axis) - axis.before - axis.result


def _zeros_behind(axis: Axis) -> int:
    """Return how many input elements are missing where the full result is too short."""
    return max(-(_surplus(axis) // axis.stride), 0)
