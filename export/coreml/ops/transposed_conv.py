"""Transposed convolutions."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.conv import axes_of
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes, parameters
from _edgeship.export.lowering.windows import Axis, transposed


@lowers("ConvTranspose")
def conv_transpose(ctx: Context, node: ir.Node) -> None:
    """conv_transpose, whose pads are cut off the full result.

    A result that reaches beyond the full one (output_padding) is computed from an input that is
    padded with zeros.
    """
    x, y = attributes.source(node), node.outputs[0]
    weight, bias = parameters.convolution(ctx, node)
    axes = transposed(node, axes_of(ctx, node, weight.shape[2:]))
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


def _surplus(axis: Axis) -> int:
    """Return how many elements of the full result come after those that are wanted."""
    return axis.full - axis.before - axis.result


def _zeros_behind(axis: Axis) -> int:
    """Return how many zeros to put after the input where the full result is too short."""
    return max(-(_surplus(axis) // axis.stride), 0)
