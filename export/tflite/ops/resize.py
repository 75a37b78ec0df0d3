"""Resize: the TFLite options are chosen by comparing sampling positions, not by name.

ONNX names three families of choices (coordinate transformation, rounding, scales that need not be
the ratio of the extents); TFLite has two flags. Both are reduced to the positions they sample, and
a pair of flags is used only where the positions agree.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes, resize_positions
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops.registry import lowers

#: (align_corners, half_pixel_centers)
_FLAGS = [(False, True), (False, False), (True, False)]


@lowers("Resize", "Upsample")
def resize(ctx: Context, node: ir.Node) -> None:
    """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR."""
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
    if len(before) != 4 or not all(unchanged[:2]):
        raise Unsupported(f"Resize from {list(before)} to {list(after)}; only H and W may change")
    for align, half in _FLAGS:
        positions = [tflite(before[i], after[i], align, half) for i in (2, 3)]
        if all(np.allclose(positions[i], wanted[2 + i], rtol=0, atol=1e-4) for i in (0, 1)):
            break
    else:
        raise Unsupported(
            f"Resize {mode} with {how} from {list(before[2:])} to {list(after[2:])} by "
            f"{', '.join(f'{scale:g}' for scale in scales[2:])}"
        )
    opts = options(kind_options, alignCorners=align, halfPixelCenters=half)
    perm = layout.channels_last(4)
    ctx.emit(kind, [ctx.read(x, perm), ctx.ints("size", after[2:])], y, perm, opts)


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
