"""Resize: the TFLite options are chosen by comparing sampling positions, not by name.

ONNX names three families of choices (coordinate transformation, rounding, scales that need not be
the ratio of the extents); TFLite has two flags. Both are reduced to the positions they sample, and
a pair of flags is used only where the positions agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes, resize_positions
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops import image
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.taking import take

#: (align_corners, half_pixel_centers)
_FLAGS = [(False, True), (False, False), (True, False)]


@lowers("Resize", "Upsample")
def resize(ctx: Context, node: ir.Node) -> None:
    """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR; nearest of other positions takes them apart."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    mode = attributes.text(node, "mode", "nearest")
    how = resize_positions.transformation(node)
    if mode == "nearest":
        how += f" and {attributes.text(node, 'nearest_mode', 'the default rounding')}"
        kind, kind_options = "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"
        samples, tflite = resize_positions.onnx_nearest, _tflite_nearest
    elif mode in ("linear", "bilinear"):
        kind, kind_options = "RESIZE_BILINEAR", "ResizeBilinearOptions"
        samples, tflite = resize_positions.onnx_linear, _tflite_linear
    else:
        raise Unsupported(f"Resize with mode {mode}")
    if attributes.integer(node, "antialias", 0):
        raise Unsupported("Resize with antialias")
    scales = resize_positions.scales(ctx, node, before, after)
    wanted = [samples(node, *axis) for axis in zip(before, after, scales, strict=True)]
    unchanged = [np.array_equal(p, np.arange(e)) for p, e in zip(wanted, before, strict=True)]
    if all(unchanged):
        ctx.alias(y, x)
        return
    flags = None
    if len(before) in (3, 4) and all(unchanged[:2]):
        flags = _flags(tflite, before[2:], after[2:], wanted[2:])
    if flags is not None:
        opts = options(kind_options, alignCorners=flags[0], halfPixelCenters=flags[1])
        size = ctx.ints("size", image.shape_of(ctx, y)[1:3])
        image.emit(ctx, kind, [image.read(ctx, x), size], y, opts)
    elif mode == "nearest":
        _take(ctx, x, y, wanted)
    else:
        raise Unsupported(
            f"Resize {mode} with {how} from {list(before)} to {list(after)} by "
            f"{', '.join(f'{scale:g}' for scale in scales)}"
        )


def _flags(
    tflite: Callable[[int, int, bool, bool], Array],
    before: Shape,
    after: Shape,
    wanted: Sequence[Array],
) -> tuple[bool, bool] | None:
    """Return (align_corners, half_pixel_centers) that sample the wanted positions, if there are."""
    for align, half in _FLAGS:
        positions = [tflite(*extents, align, half) for extents in zip(before, after, strict=True)]
        if all(
            np.allclose(p, w, rtol=0, atol=1e-4) for p, w in zip(positions, wanted, strict=True)
        ):
            return align, half
    return None


def _take(ctx: Context, x: ir.Value, y: ir.Value, wanted: Sequence[Array]) -> None:
    perm = ctx.perm(x)
    tensor = ctx.read(x, perm)
    for stored, axis in enumerate(perm):
        tensor = take(ctx, tensor, stored, wanted[axis].astype(np.int64))
    ctx.bind(y, tensor, perm)


def _tflite_positions(index: Array, extent: int, result: int, align: bool, half: bool) -> Array:
    step = (extent - 1) / (result - 1) if align and result > 1 else extent / result
    positions: Array = (index + (0.5 if half else 0.0)) * step
    return positions


def _tflite_nearest(extent: int, result: int, align: bool, half: bool) -> Array:
    """Return what the kernel reads: it works in float32, and rounds (align) or floors."""
    positions = _tflite_positions(np.arange(result, dtype=np.float32), extent, result, align, half)
    return np.clip(np.floor(positions + 0.5 if align else positions), 0, extent - 1)


def _tflite_linear(extent: int, result: int, align: bool, half: bool) -> Array:
    positions = _tflite_positions(np.arange(result, dtype=np.float64), extent, result, align, half)
    return np.clip(positions - 0.5 if half else positions, 0, extent - 1)
