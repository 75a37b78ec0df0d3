"""Resize: the TFLite options are chosen by comparing sampling positions, not by name.

ONNX names three families of choices (coordinate transformation, rounding, scales that need not be
the ratio of the extents); TFLite has two flags. Both are reduced to the positions they sample, and
a pair of flags is used only where the positions agree.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from export.tflite import layout
from export.tflite.context import Context, Unsupported
from export.tflite.graph import Array, options
from export.tflite.ops import attributes
from export.tflite.ops.registry import lowers

#: (align_corners, half_pixel_centers)
_FLAGS = [(False, True), (False, False), (True, False)]


@lowers("Resize", "Upsample")
def resize(ctx: Context, node: ir.Node) -> None:
    """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR."""
    x, y = attributes.source(node), node.outputs[0]
    before, after = ctx.shape(x), ctx.shape(y)
    mode = attributes.text(node, "mode", "nearest")
    how = _transformation(node)
    if mode == "nearest":
        how += f" and {attributes.text(node, 'nearest_mode', 'the default rounding')}"
        kind, kind_options = "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"
        samples, tflite = _onnx_nearest, _tflite_nearest
    elif mode in ("linear", "bilinear"):
        kind, kind_options = "RESIZE_BILINEAR", "ResizeBilinearOptions"
        samples, tflite = _onnx_linear, _tflite_linear
    else:
        raise Unsupported(f"Resize with mode {mode}")
    if attributes.integer(node, "antialias", 0):
        raise Unsupported("Resize with antialias")
    scales = _scales(ctx, node, before, after)
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


def _is_old(node: ir.Node) -> bool:
    """Return whether the node is of the family before opset 11: one transformation, one rule."""
    return node.op_type == "Upsample" or attributes.opset(node) < 11


def _transformation(node: ir.Node) -> str:
    default = "asymmetric" if _is_old(node) else "half_pixel"
    return attributes.text(node, "coordinate_transformation_mode", default)


def _scales(ctx: Context, node: ir.Node, before: layout.Shape, after: layout.Shape) -> list[float]:
    """Return the factor of each axis: the one given, else the ratio of the extents."""
    if "scales" in node.attributes:
        return list(node.attributes["scales"].as_floats())
    rank = len(before)
    axes = [axis % rank for axis in attributes.integers(node, "axes", list(range(rank)))]
    scales = [b / a for a, b in zip(before, after, strict=True)]
    index = 1 if _is_old(node) else 2
    given = ctx.constant(attributes.optional_input(node, index))
    if given is not None and given.size == len(axes):
        for axis, scale in zip(axes, given, strict=True):
            scales[axis] = float(scale)
        return scales
    policy = attributes.text(node, "keep_aspect_ratio_policy", "stretch")
    sizes = ctx.constant(attributes.optional_input(node, 3))
    if policy != "stretch" and sizes is not None:
        ratios = [size / before[axis] for axis, size in zip(axes, sizes, strict=True)]
        for axis in axes:
            scales[axis] = min(ratios) if policy == "not_larger" else max(ratios)
    return scales


def _onnx_positions(node: ir.Node, index: Array, extent: int, result: int, scale: float) -> Array:
    """Return the (fractional) input position of each output element, per the ONNX specification.

    The arithmetic is done in the type of ``index``.
    """
    mode = _transformation(node)
    positions: Array = (index + 0.5) / scale - 0.5
    if mode == "asymmetric":
        positions = index / scale
    elif mode == "align_corners":
        positions = index * (extent - 1) / max(_exact(extent * scale) - 1, 1)
    elif mode == "pytorch_half_pixel" and result == 1:
        positions = index * 0
    elif mode == "half_pixel_symmetric":
        positions = positions + extent / 2 * (1 - result / (scale * extent))
    elif mode not in ("half_pixel", "pytorch_half_pixel"):
        raise Unsupported(f"Resize with coordinate transformation {mode}")
    return positions


def _exact(extent: float) -> float:
    """Return a whole number without the rounding error of a scale in float32."""
    return round(extent) if abs(extent - round(extent)) < 1e-4 else extent


def _onnx_nearest(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    positions = _onnx_positions(node, np.arange(result, dtype=np.float32), extent, result, scale)
    if _is_old(node):
        # The specification leaves the rounding open; this is ONNX Runtime's.
        rounding = "ceil" if scale < 1 else "floor"
    else:
        rounding = attributes.text(node, "nearest_mode", "round_prefer_floor")
    nearest: Array = {
        "floor": np.floor(positions),
        "ceil": np.ceil(positions),
        "round_prefer_floor": np.ceil(positions - 0.5),
        "round_prefer_ceil": np.floor(positions + 0.5),
    }[rounding]
    return np.clip(nearest, 0, extent - 1)


def _onnx_linear(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    positions = _onnx_positions(node, np.arange(result, dtype=np.float64), extent, result, scale)
    return np.clip(positions, 0, extent - 1)


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
