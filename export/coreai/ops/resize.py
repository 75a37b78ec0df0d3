"""Resize: Core AI's interpolate has a scale and an offset for each axis, and says what it reads.

ONNX leaves three choices (coordinate transformation, rounding, and scales that need not be the
ratio of the extents). All are reduced to the positions that are sampled.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, integers
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.coreai.ops.slicing import pick
from _edgeship.export.lowering import attributes, resize_positions
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

#: How far a position may lie from ONNX's, in elements.
_NEAR = 1e-4


@lowers("Resize", "Upsample")
def resize(ctx: Context, node: ir.Node) -> None:
    """interpolate; slice or gather_nd for nearest elements that it does not find."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    if attributes.integer(node, "antialias", 0):
        raise Unsupported("Resize with antialias")
    mode = attributes.text(node, "mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear"):
        raise Unsupported(f"Resize with mode {mode}")
    scales = resize_positions.scales(ctx, node, before, after)
    axes = list(zip(before, after, scales, strict=True))
    if mode == "nearest":
        _nearest(ctx, node, [resize_positions.onnx_nearest(node, *axis) for axis in axes])
        return
    how = resize_positions.transformation(node)
    if how == "align_corners" and any(abs(a * s - b) > _NEAR for a, b, s in axes):
        raise Unsupported("Resize with align_corners by scales that are not the ratio of extents")
    positions = [resize_positions.onnx_linear(node, *axis) for axis in axes]
    if all(np.array_equal(p, np.arange(e)) for p, e in zip(positions, before, strict=True)):
        ctx.alias(y, x)
        return
    lines = [_line(places, *axis) for places, axis in zip(positions, axes, strict=True)]
    found = [line for line in lines if line is not None]
    if len(found) < len(lines):
        raise Unsupported(f"Resize linear with {how} from {list(before)} to {list(after)}")
    _interpolate(ctx, node, found, "linear")


def _nearest(ctx: Context, node: ir.Node, positions: list[Array]) -> None:
    """Repeat elements a whole number of times by interpolate, or pick them along each axis."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    repeated = before != after and all(
        b % a == 0 and np.array_equal(places, np.arange(a).repeat(b // a))
        for places, a, b in zip(positions, before, after, strict=True)
    )
    if repeated and ctx.is_float(x) and ctx.constant(x) is None:
        steps = [a / b for a, b in zip(before, after, strict=True)]
        _interpolate(ctx, node, [(step, step / 2 - 0.5) for step in steps], "nearest_neighbor")
    else:
        pick(ctx, x, y, {axis: p.astype(np.int64) for axis, p in enumerate(positions)})


def _interpolate(ctx: Context, node: ir.Node, lines: list[tuple[float, float]], mode: str) -> None:
    """Append an interpolate that reads position ``step * i + start`` for element i of each axis.

    Core AI reads (i + 0.5 - offset) / scale - 0.5, and the outermost elements beyond them.
    """
    x, y = attributes.source(node), node.outputs[0]
    scales = np.asarray([1 / step for step, _ in lines], np.float32)
    offsets = np.asarray([0.5 - (start + 0.5) / step for step, start in lines], np.float32)
    ctx.emit("interpolate", y, ctx.read(x), integers(ctx.shape(y)), scales, offsets, mode)


def _line(places: Array, extent: int, result: int, scale: float) -> tuple[float, float] | None:
    """Return the step and the start of positions that lie on a line, but for the ends; else None.

    Args:
        places: Of each element of the result, between 0 and the last element.
        extent: Elements that there are.
        result: Elements of the result.
        scale: What ONNX multiplies the extent by.
    """
    index = np.arange(result)
    corners = (extent - 1) / max(result - 1, 1)
    inner = (places > 0) & (places < extent - 1)
    for step in (1 / scale, extent / result, corners or 1.0):
        starts = (places - step * index)[inner]
        for start in (np.median(starts) if starts.size else 0.0, 0.0, step / 2 - 0.5):
            line = np.clip(step * index + start, 0, extent - 1)
            if np.allclose(line, places, rtol=0, atol=_NEAR):
                return float(step), float(start)
    return None
