"""Upsample, and the forms of Resize and RoiAlign before their options had names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import real
from _edgeship.export.preparation.rules import Site, kept, replaces

Values = Sequence[ir.Value | None]


@replaces("Upsample")
def upsample(node: ir.Node, site: Site) -> Values | None:
    """Upsample: a Resize. Its scales were two attributes, then one, then an input."""
    if len(node.inputs) > 1:
        scales = site.knowledge.array(node.inputs[1])
    elif "scales" in node.attributes:
        scales = np.array(node.attributes["scales"].as_floats(), np.float32)
    else:
        height, width = (real(node, name, 1.0) for name in ("height_scale", "width_scale"))
        scales = np.array([1, 1, height, width], np.float32)
    return None if scales is None else _by_scales(node, scales, site)


@replaces("Resize", before=11)
def resize_10(node: ir.Node, site: Site) -> Values | None:
    """Resize by scales, at the positions that `_by_scales` names."""
    scales = site.knowledge.array(node.inputs[1])
    return None if scales is None else _by_scales(node, scales, site)


def _by_scales(node: ir.Node, scales: np.ndarray, site: Site) -> Values:
    """Resize as Upsample did: pixel i of an axis was at i / scale.

    The nearest pixel was the one before for an axis that grows, and the one behind for one that
    shrinks, as ONNX Runtime has it.
    """
    mode = node.attributes.get("mode")
    linear = mode is not None and mode.as_string() in ("linear", "bilinear")
    x = node.inputs[0]
    if linear:
        return [_resize(x, scales, "linear", "floor", site)]
    grows, shrinks = np.maximum(scales, 1), np.minimum(scales, 1)
    for part, nearest in ((grows, "floor"), (shrinks, "ceil")):
        if (part != 1).any():
            x = _resize(x, part, "nearest", nearest, site)
    return [x]


def _resize(
    x: ir.Value | None, scales: np.ndarray, mode: str, nearest: str, site: Site
) -> ir.Value:
    options = {"nearest_mode": nearest} if mode == "nearest" else {}
    return site.op(
        "Resize",
        x,
        None,
        site.constant(scales.astype(np.float32)),
        mode=mode,
        coordinate_transformation_mode="asymmetric",
        **options,
    )


@replaces("Resize")
def resize(node: ir.Node, site: Site) -> Values | None:
    """Options that are given as empty tensors are left out; a mode that is gone is rewritten."""
    inputs = [
        None if value is not None and _is_empty(value, site) else value for value in node.inputs
    ]
    attributes = kept(node)
    mode = attributes.get("coordinate_transformation_mode", "half_pixel")
    if mode != "tf_crop_and_resize" and len(inputs) > 1:
        inputs[1] = None
    if mode == "tf_half_pixel_for_nn" and attributes.get("nearest_mode") == "floor":
        # floor((i + 0.5) / scale) is half_pixel's position, rounded.
        attributes["coordinate_transformation_mode"] = "half_pixel"
        attributes["nearest_mode"] = "round_prefer_ceil"
    if inputs == list(node.inputs) and attributes == kept(node):
        return None
    return [site.op("Resize", *inputs, **attributes)]


@replaces("RoiAlign", before=16)
def roi_align(node: ir.Node, site: Site) -> Values | None:
    """Its positions had no half pixel."""
    attributes = kept(node)
    attributes["coordinate_transformation_mode"] = "output_half_pixel"
    return [site.op("RoiAlign", *node.inputs, **attributes)]


def _is_empty(value: ir.Value, site: Site) -> bool:
    return value.dtype is not None and 0 in site.shape(value)
