"""Blocks of pixels moved into channels and back."""

from __future__ import annotations

import onnx_ir as ir

from export.tflite import layout
from export.tflite.context import Context
from export.tflite.graph import options
from export.tflite.ops import attributes
from export.tflite.ops.registry import lowers

_NHWC = layout.channels_last(4)


@lowers("SpaceToDepth")
def space_to_depth(ctx: Context, node: ir.Node) -> None:
    """SPACE_TO_DEPTH, which numbers the channels as ONNX does."""
    x, y = attributes.source(node), node.outputs[0]
    opts = options("SpaceToDepthOptions", blockSize=attributes.integer(node, "blocksize", 0))
    ctx.emit("SPACE_TO_DEPTH", [ctx.read(x, _NHWC)], y, opts=opts)


@lowers("DepthToSpace")
def depth_to_space(ctx: Context, node: ir.Node) -> None:
    """DEPTH_TO_SPACE, which is ONNX's mode DCR; for CRD the channels are transposed first."""
    x, y = attributes.source(node), node.outputs[0]
    block = attributes.integer(node, "blocksize", 0)
    tensor = ctx.read(x, _NHWC)
    if attributes.text(node, "mode", "DCR") == "CRD":
        n, h, w, c = ctx.graph.tensors[tensor].shape
        squares = block * block
        tensor = ctx.reshape(tensor, (n * h * w, c // squares, squares))
        tensor = ctx.transpose(tensor, (0, 2, 1))
        tensor = ctx.reshape(tensor, (n, h, w, c))
    opts = options("DepthToSpaceOptions", blockSize=block)
    ctx.emit("DEPTH_TO_SPACE", [tensor], y, opts=opts)
