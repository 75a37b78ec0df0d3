"""Borders around tensors."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.slicing import border_of
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.registry import lowers
from _edgeship.export.tflite.ops.shape import emit_reshape
from _edgeship.export.tflite.ops.taking import cut, take

#: Border in front and behind of each ONNX axis.
Border = list[tuple[int, int]]

#: The kernels' limit.
_MOST_AXES = 5

_MODES = {"edge": "edge", "reflect": "reflect", "wrap": "wrap"}


@lowers("Pad")
def pad(ctx: Context, node: ir.Node) -> None:
    """PAD, PADV2 (a border that is not zero), MIRROR_PAD, or slices that are joined.

    Pads below zero cut elements off.
    """
    x, y = attributes.source(node), node.outputs[0]
    mode = attributes.text(node, "mode", "constant")
    border = border_of(ctx, node, len(ctx.shape(x)))
    perm = ctx.perm(x)
    tensor = _cropped(ctx, ctx.read(x, perm), border, perm)
    border = [(max(before, 0), max(after, 0)) for before, after in border]
    if not any(before or after for before, after in border):
        emit_reshape(ctx, tensor, y, perm)
    elif mode == "constant":
        _constant(ctx, node, tensor, border, perm)
    elif mode not in _MODES:
        raise Unsupported(f"Pad with mode {mode}")
    elif _mirrors(mode, ctx.graph.tensors[tensor].shape, border, perm):
        inputs = [tensor, ctx.ints("paddings", [border[axis] for axis in perm])]
        opts = options("MirrorPadOptions", mode=schema.MirrorPadMode.REFLECT)
        ctx.emit("MIRROR_PAD", inputs, y, perm, opts)
    else:
        for stored, axis in enumerate(perm):
            extent = ctx.graph.tensors[tensor].shape[stored]
            # NumPy has the same modes, and reflects more than once where a border is that wide.
            positions = np.pad(np.arange(extent), border[axis], mode=_MODES[mode])  # type: ignore[call-overload]
            tensor = take(ctx, tensor, stored, positions)
        ctx.bind(y, tensor, perm)


def _cropped(ctx: Context, tensor: int, border: Border, perm: Perm) -> int:
    for stored, axis in enumerate(perm):
        front, behind = (max(-pads, 0) for pads in border[axis])
        size = ctx.graph.tensors[tensor].shape[stored] - front - behind
        if size < 1:
            raise Unsupported(f"pads {border[axis]} leave nothing of axis {axis}")
        tensor = cut(ctx, tensor, stored, front, size)
    return tensor


def _constant(ctx: Context, node: ir.Node, tensor: int, border: Border, perm: Perm) -> None:
    y = node.outputs[0]
    fill = attributes.real_anywhere(ctx, node, "value", 2) or 0.0
    stored = [border[axis] for axis in perm]
    value = [] if fill == 0.0 else [ctx.graph.constant("pad_value", np.asarray(fill, dtype_of(y)))]
    kind = "PADV2" if value else "PAD"
    opts = options("PadV2Options" if value else "PadOptions")
    if len(perm) <= _MOST_AXES:
        ctx.emit(kind, [tensor, ctx.ints("paddings", stored), *value], y, perm, opts)
        return
    for group in _groups(stored):
        before = ctx.graph.tensors[tensor].shape
        shape, merged = _merged(before, group)
        inputs = [ctx.reshape(tensor, shape), ctx.ints("paddings", merged), *value]
        tensor = ctx.temporary(kind, inputs, _around(shape, merged), f"{y.name}/pad", opts)
        tensor = ctx.reshape(tensor, _around(before, group))
    ctx.bind(y, tensor, perm)


def _groups(border: Border) -> list[Border]:
    """Return borders of two axes each that make up the border: with others between, five axes."""
    axes = [axis for axis, pads in enumerate(border) if pads != (0, 0)]
    return [
        [pads if axis in axes[i : i + 2] else (0, 0) for axis, pads in enumerate(border)]
        for i in range(0, len(axes), 2)
    ]


def _around(shape: Shape, border: Border) -> Shape:
    return tuple(n + sum(pads) for n, pads in zip(shape, border, strict=True))


def _merged(shape: Shape, border: Border) -> tuple[Shape, Border]:
    """Return the same with neighbouring axes that get no border as one."""
    extents: list[int] = []
    merged: Border = []
    for extent, pads in zip(shape, border, strict=True):
        if merged and merged[-1] == pads == (0, 0):
            extents[-1] *= extent
        else:
            extents.append(extent)
            merged.append(pads)
    return tuple(extents), merged


def _mirrors(mode: str, shape: tuple[int, ...], border: Border, perm: Perm) -> bool:
    """Return whether REFLECT gives the border: it goes back once only."""
    return mode == "reflect" and all(
        max(border[axis]) < shape[stored] for stored, axis in enumerate(perm)
    )
