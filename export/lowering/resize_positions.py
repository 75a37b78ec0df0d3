"""Which input positions a Resize node samples, per the ONNX specification."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array, Values


def _is_old(node: ir.Node) -> bool:
    """Return whether the node is of the family before opset 11: one transformation, one rule."""
    return node.op_type == "Upsample" or attributes.opset(node) < 11


def transformation(node: ir.Node) -> str:
    """Return the coordinate transformation mode."""
    default = "asymmetric" if _is_old(node) else "half_pixel"
    return attributes.text(node, "coordinate_transformation_mode", default)


def scales(values: Values[Any], node: ir.Node, before: Shape, after: Shape) -> list[float]:
    """Return the factor of each axis: the one given, else the ratio of the extents."""
    if "scales" in node.attributes:
        return list(node.attributes["scales"].as_floats())
    rank = len(before)
    axes = [axis % rank for axis in attributes.integers(node, "axes", list(range(rank)))]
    scales = [b / a for a, b in zip(before, after, strict=True)]
    index = 1 if _is_old(node) else 2
    given = values.constant(attributes.optional_input(node, index))
    if given is not None and given.size == len(axes):
        for axis, scale in zip(axes, given.reshape(-1), strict=True):
            scales[axis] = float(scale)
        return scales
    policy = attributes.text(node, "keep_aspect_ratio_policy", "stretch")
    sizes = values.constant(attributes.optional_input(node, 3))
    if policy != "stretch" and sizes is not None:
        ratios = [size / before[axis] for axis, size in zip(axes, sizes.reshape(-1), strict=True)]
        for axis in axes:
            scales[axis] = min(ratios) if policy == "not_larger" else max(ratios)
    return scales


def _onnx_positions(node: ir.Node, index: Array, extent: int, result: int, scale: float) -> Array:
    """Return the (fractional) input position of each output element, per the ONNX specification.

    The arithmetic is done in the type of ``index``.
    """
    mode = transformation(node)
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


def onnx_nearest(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    """Return the index that mode nearest reads for each output element of an axis."""
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


def onnx_linear(node: ir.Node, extent: int, result: int, scale: float) -> Array:
    """Return the position between two elements that mode linear reads, for each output element."""
    positions = _onnx_positions(node, np.arange(result, dtype=np.float64), extent, result, scale)
    return np.clip(positions, 0, extent - 1)
