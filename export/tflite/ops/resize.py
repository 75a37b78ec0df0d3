"""Resize: the TFLite options are chosen by comparing sampling positions, not by name.

ONNX names three families of choices (coordinate transformation, rounding, scales that need not be
the ratio of the extents); TFLite has two flags. Both are reduced to the positions they sample, and
a pair of flags is used only where the positions agree.
"""

from __future__ import annotations

import math

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
    if len(before) != 4 or before[:2] != after[:2]:
        raise Unsupported("Resize of other axes than the two spatial ones")
    if before == after:
        ctx.bind(y, ctx.read(x, ctx.perm(x)), ctx.perm(x))
        return
    mode = attributes.text(node, "mode", "nearest")
    scales = _scales(ctx, node, before, after)
    axes = [(before[i], after[i], scales[i]) for i in (2, 3)]
    if mode == "nearest":
        kind, kind_options = "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"
        samples, tflite = _onnx_nearest, _tflite_nearest
    elif mode in ("linear", "bilinear"):
        kind, kind_options = "RESIZE_BILINEAR", "ResizeBilinearOptions"
        samples, tflite = _onnx_linear, _tflite_linear
    else:
        raise Unsupported(f"Resize with mode {mode}")
    if attributes.integer(node, "antialias", 0):
        raise Unsupported("Resize with antialias")
    wanted = [samples(node, *axis) for axis in axes]
    for align, half in _FLAGS:
        if all(
            np.allclose(tflite(a[0], a[1], align, half), positions, atol=1e-4)
            for a, positions in zip(axes, wanted, strict=True)
        ):
            opts = options(kind_options, alignCorners=align, halfPixelCenters=half)
            inputs = [ctx.channels_last(x), ctx.ints("size", after[2:])]
            ctx.emit(kind, inputs, y, layout.channels_last(4), opts)
            return
    transform = attributes.text(node, "coordinate_transformation_mode", "half_pixel")
    raise Unsupported(f"Resize {mode} with {transform} from {before[2:]} to {after[2:]}")


def _scales(ctx: Context, node: ir.Node, before: layout.Shape, after: layout.Shape) -> list[float]:
    """Return the factor per axis: the one given, else the ratio of the extents."""
    ratio = [b / a for a, b in zip(before, after, strict=True)]
    if "scales" in node.attributes:
        return list(node.attributes["scales"].as_floats())
    index = 1 if node.op_type == "Upsample" or len(node.inputs) == 2 else 2
    given = ctx.constant(attributes.optional_input(node, index))
    if given is None or given.size != len(before):
        return ratio
    return [float(factor) for factor in given]


def _onnx_positions(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    """Return the (fractional) input position of each output element, per the ONNX specification."""
    old = node.op_type == "Upsample" or (node.version or 11) < 11
    mode = attributes.text(
        node, "coordinate_transformation_mode", "asymmetric" if old else "half_pixel"
    )
    index = np.arange(result, dtype=np.float64)
    if mode == "asymmetric":
        return index / scale
    if mode == "align_corners":
        return index * (extent - 1) / (result - 1) if result > 1 else index * 0
    if mode == "pytorch_half_pixel" and result == 1:
        return index * 0
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return (index + 0.5) / scale - 0.5
    raise Unsupported(f"Resize with coordinate transformation {mode}")


def _onnx_nearest(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    positions = _onnx_positions(node, extent, result, scale)
    old = node.op_type == "Upsample" or (node.version or 11) < 11
    rounding = attributes.text(node, "nearest_mode", "floor" if old else "round_prefer_floor")
    nearest = {
        "floor": np.floor(positions),
        "ceil": np.ceil(positions),
        "round_prefer_floor": np.ceil(positions - 0.5),
        "round_prefer_ceil": np.floor(positions + 0.5),
    }[rounding]
    return np.clip(nearest, 0, extent - 1)


def _onnx_linear(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    return np.clip(_onnx_positions(node, extent, result, scale), 0, extent - 1)


def _tflite_positions(extent: int, result: int, align: bool, half: bool) -> Array:
    index = np.arange(result, dtype=np.float64)
    step = (extent - 1) / (result - 1) if align and result > 1 else extent / result
    return (index + 0.5) * step - (0.5 if half else 0.0) if half else index * step


def _tflite_nearest(extent: int, result: int, align: bool, half: bool) -> Array:
    """Return what the kernel reads: it adds the half pixel, then rounds (align) or floors."""
    step = (extent - 1) / (result - 1) if align and result > 1 else extent / result
    positions = (np.arange(result) + (0.5 if half else 0.0)) * step
    rounded = [math.floor(p + 0.5) if align else math.floor(p + 1e-9) for p in positions]
    return np.clip(np.asarray(rounded, np.float64), 0, extent - 1)


def _tflite_linear(extent: int, result: int, align: bool, half: bool) -> Array:
    return np.clip(_tflite_positions(extent, result, align, half), 0, extent - 1)
