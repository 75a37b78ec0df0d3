"""Resize: MIL's operator is chosen by comparing sampling positions, not by name.

ONNX leaves three choices (coordinate transformation, rounding, and scales that need not be the
ratio of the extents). MIL has five sampling modes for linear interpolation, and says little about
how the nearest element is found. Both are reduced to the positions that they sample.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, is_float
from _edgeship.export.coreml.ops.picking import pick
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes, resize_positions
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

_SAMPLING_MODES = (
    "UNALIGN_CORNERS",
    "DEFAULT",
    "STRICT_ALIGN_CORNERS",
    "ALIGN_CORNERS",
    "OFFSET_CORNERS",
)


@lowers("Resize", "Upsample")
def resize(ctx: Context, node: ir.Node) -> None:
    """upsample_nearest_neighbor, slice_by_index or gather; resize_bilinear for mode linear."""
    before, after = ctx.shape(attributes.source(node)), ctx.shape(node.outputs[0])
    if attributes.integer(node, "antialias", 0):
        raise Unsupported("Resize with antialias")
    mode = attributes.text(node, "mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear"):
        raise Unsupported(f"Resize with mode {mode}")
    sample = resize_positions.onnx_nearest if mode == "nearest" else resize_positions.onnx_linear
    scales = resize_positions.scales(ctx, node, before, after)
    positions = [sample(node, *axis) for axis in zip(before, after, scales, strict=True)]
    if mode == "nearest":
        _nearest(ctx, node, positions)
    else:
        _linear(ctx, node, positions)


def _nearest(ctx: Context, node: ir.Node, positions: list[Array]) -> None:
    """Repeat each element along H and W a whole number of times, or pick elements along each axis.

    Picking is exact. Fractional factors of upsample_nearest_neighbor are not used: coremltools'
    own tests of them are marked as failing on the GPU. Nor is resize_nearest_neighbor, of which
    nothing says what it reads.
    """
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    factors = [b // a for a, b in zip(before, after, strict=True)]
    repeated = all(
        np.array_equal(places, np.arange(extent).repeat(factor))
        for places, extent, factor in zip(positions, before, factors, strict=True)
    )
    only_images = len(before) > 2 and before[:-2] == after[:-2] and is_float(x)
    if before != after and repeated and only_images:
        ctx.emit(
            "upsample_nearest_neighbor",
            y,
            x=ctx.read(x),
            scale_factor_height=factors[-2],
            scale_factor_width=factors[-1],
        )
    else:
        pick(ctx, x, y, {axis: p.astype(np.int64) for axis, p in enumerate(positions)})


def _linear(ctx: Context, node: ir.Node, positions: list[Array]) -> None:
    """Resize H and W in the sampling mode that reads the same positions."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    unchanged = [np.array_equal(p, np.arange(e)) for p, e in zip(positions, before, strict=True)]
    if all(unchanged):
        ctx.alias(y, x)
        return
    if len(before) < 3 or not all(unchanged[:-2]):
        raise Unsupported(
            f"Resize linear from {list(before)} to {list(after)}; only H and W may change"
        )
    mode = _sampling_mode(before[-2:], after[-2:], positions[-2:])
    if mode is None:
        how = resize_positions.transformation(node)
        scales = resize_positions.scales(ctx, node, before, after)[-2:]
        raise Unsupported(
            f"Resize linear with {how} from {list(before[-2:])} to {list(after[-2:])} by "
            f"{', '.join(f'{scale:g}' for scale in scales)}"
        )
    ctx.emit(
        "resize_bilinear",
        y,
        x=ctx.read(x),
        target_size_height=after[-2],
        target_size_width=after[-1],
        sampling_mode=mode,
    )


def _sampling_mode(before: Shape, after: Shape, positions: list[Array]) -> str | None:
    """Return the mode of resize_bilinear that samples these positions of H and W, if any does."""
    for mode in _SAMPLING_MODES:
        found = [_mil_linear(a, b, mode) for a, b in zip(before, after, strict=True)]
        if all(np.allclose(f, p, rtol=0, atol=1e-4) for f, p in zip(found, positions, strict=True)):
            return mode
    return None


def _mil_linear(extent: int, result: int, mode: str) -> Array:
    """Return the positions that resize_bilinear samples along an axis, by its documentation."""
    index = np.arange(result, dtype=np.float64)
    corners = (extent - 1) / max(result - 1, 1)
    positions: Array
    if mode == "UNALIGN_CORNERS":
        positions = (index + 0.5) * extent / result - 0.5
    elif mode == "DEFAULT":
        positions = index * extent / result
    elif mode == "STRICT_ALIGN_CORNERS":
        positions = index * corners
    elif mode == "ALIGN_CORNERS":
        positions = index * corners if result > 1 else index + (extent - 1) / 2
    else:
        positions = (index + 0.5) * max(1, extent - 1) / result
    return np.clip(positions, 0, extent - 1)
