"""Blocks of pixels moved into channels and back."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.ops.registry import lowers

_NHWC = layout.channels_last(4)


@lowers("SpaceToDepth")
def space_to_depth(ctx: Context, node: ir.Node) -> None:
    """SPACE_TO_DEPTH, which is ONNX's mode DCR; for CRD the channels are transposed behind it."""
    x, y = attributes.source(node), node.outputs[0]
    block = attributes.integer(node, "blocksize", 0)
    inputs, opts = [ctx.read(x, _NHWC)], options("SpaceToDepthOptions", blockSize=block)
    if attributes.text(node, "mode", "DCR") != "CRD":
        ctx.emit("SPACE_TO_DEPTH", inputs, y, opts=opts)
        return
    shape = layout.permuted(ctx.shape(y), _NHWC)
    tensor = ctx.temporary("SPACE_TO_DEPTH", inputs, shape, f"{y.name}/dcr", opts)
    ctx.bind(y, _swap_channels(ctx, tensor, block * block), _NHWC)


@lowers("DepthToSpace")
def depth_to_space(ctx: Context, node: ir.Node) -> None:
    """DEPTH_TO_SPACE, which is ONNX's mode DCR; for CRD the channels are transposed before it."""
    x, y = attributes.source(node), node.outputs[0]
    block = attributes.integer(node, "blocksize", 0)
    tensor = ctx.read(x, _NHWC)
    if attributes.text(node, "mode", "DCR") == "CRD":
        channels = ctx.shape(x)[1]
        tensor = _swap_channels(ctx, tensor, channels // (block * block))
    opts = options("DepthToSpaceOptions", blockSize=block)
    ctx.emit("DEPTH_TO_SPACE", [tensor], y, opts=opts)


def _swap_channels(ctx: Context, tensor: int, outer: int) -> int:
    """Return the NHWC tensor with its channels, a matrix of ``outer`` rows, transposed."""
    n, h, w, c = shape = ctx.graph.tensors[tensor].shape
    matrices = ctx.reshape(tensor, (n * h * w, outer, c // outer))
    return ctx.reshape(ctx.transpose(matrices, (0, 2, 1)), shape)
