"""Blocks of pixels that are moved into channels, and back."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


@lowers("DepthToSpace")
def depth_to_space(ctx: Context, node: ir.Node) -> None:
    """depth_to_space for ONNX's mode DCR, pixel_shuffle for its mode CRD."""
    x, y = attributes.source(node), node.outputs[0]
    block = attributes.integer(node, "blocksize", 0)
    if block == 1:
        ctx.alias(y, x)
    elif attributes.text(node, "mode", "DCR") == "CRD":
        ctx.emit("pixel_shuffle", y, x=ctx.read(x), upscale_factor=block)
    else:
        ctx.emit("depth_to_space", y, x=ctx.read(x), block_size=block)


@lowers("SpaceToDepth")
def space_to_depth(ctx: Context, node: ir.Node) -> None:
    """space_to_depth."""
    x, y = attributes.source(node), node.outputs[0]
    block = attributes.integer(node, "blocksize", 0)
    if attributes.text(node, "mode", "DCR") != "DCR":
        raise Unsupported("SpaceToDepth with mode CRD")
    if block == 1:
        ctx.alias(y, x)
    else:
        ctx.emit("space_to_depth", y, x=ctx.read(x), block_size=block)
