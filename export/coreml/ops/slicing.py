"""Tensors joined, cut, and given a border."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, is_float, mil_dtype
from _edgeship.export.coreml.ops.picking import Step, emit_steps, pick, picking
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.lowering import attributes, slicing
from _edgeship.export.lowering.unsupported import Unsupported

#: ONNX's modes of Pad that repeat elements of the tensor (NumPy's names, too) -> MIL's.
_MIRRORS = {"reflect": "reflect", "edge": "replicate", "wrap": None}


@lowers("Concat")
def concat(ctx: Context, node: ir.Node) -> None:
    """concat; nothing for a single operand; operands without elements are left out."""
    y = node.outputs[0]
    given = [value for value in node.inputs if value is not None]
    values = [value for value in given if not is_empty(value)]
    if len(values) == 1:
        ctx.alias(y, values[0])
        return
    axis = attributes.integer(node, "axis", 0) % len(ctx.shape(y))
    ctx.emit("concat", y, values=tuple(ctx.read(value) for value in values), axis=axis)


@lowers("Split")
def split(ctx: Context, node: ir.Node) -> None:
    """MIL's split into the sizes of the outputs; nothing for a single one that has elements."""
    x = attributes.source(node)
    axis = attributes.integer(node, "axis", 0) % len(ctx.shape(x))
    if len(node.outputs) == 1:
        ctx.alias(node.outputs[0], x)
        return
    outputs = [output for output in node.outputs if not is_empty(output)]
    for output in node.outputs:
        if output not in outputs:
            ctx.fold(output, np.zeros(static_shape(output) or (0,), np.float32))
    if len(outputs) == 1:
        ctx.alias(outputs[0], x)
        return
    sizes = [ctx.shape(output)[axis] for output in outputs]
    name = f"{x.name}_split"
    parts = ctx.temporary("split", name, x=ctx.read(x), split_sizes=sizes, axis=axis)
    for output, part in zip(outputs, parts, strict=True):
        part.set_name(ctx.unique(output.name or "part"))
        ctx.bind(output, part)


@lowers("Slice")
def slice_(ctx: Context, node: ir.Node) -> None:
    """slice_by_index, with reverse after it where a step is negative."""
    x, y = attributes.source(node), node.outputs[0]
    kept = slicing.sliced(ctx, node, ctx.shape(x))
    pick(ctx, x, y, {axis: np.asarray(places) for axis, places in kept.items()})


@lowers("Pad")
def pad(ctx: Context, node: ir.Node) -> None:
    """pad; gather for each axis where MIL's pad does not fit; slice_by_index for negative pads."""
    x, y = attributes.source(node), node.outputs[0]
    mode = attributes.text(node, "mode", "constant")
    border = slicing.border_of(ctx, node, len(ctx.shape(x)))
    if mode == "constant":
        _pad_constant(ctx, node, border)
    elif mode not in _MIRRORS:
        raise Unsupported(f"Pad with mode {mode}")
    elif not any(before or after for before, after in border):
        ctx.alias(y, x)
    elif _pads_within(ctx.shape(x), border, mode) and is_float(x):
        ctx.emit("pad", y, x=ctx.read(x), pad=_flat(border), mode=_MIRRORS[mode])
    else:
        pick(ctx, x, y, slicing.mirrored(ctx.shape(x), border, mode))


def _pad_constant(ctx: Context, node: ir.Node, border: list[tuple[int, int]]) -> None:
    """Append a slice for the negative parts of a border, and a pad for the others."""
    x, y = attributes.source(node), node.outputs[0]
    shape = ctx.shape(x)
    fill = attributes.real_anywhere(ctx, node, "value", 2) or 0.0
    kept = slicing.cut_off(x, shape, border)
    steps = picking(shape, kept)
    outer = [(max(before, 0), max(after, 0)) for before, after in border]
    if any(before or after for before, after in outer):
        if not is_float(x):
            _join_borders(ctx, node, steps, outer, fill)
            return
        value = np.float32(fill)
        steps.append(("pad", {"pad": _flat(outer), "mode": "constant", "constant_val": value}))
    if steps:
        emit_steps(ctx, ctx.read(x), y, steps)
    else:
        ctx.alias(y, x)


def _join_borders(
    ctx: Context, node: ir.Node, steps: list[Step], outer: list[tuple[int, int]], fill: float
) -> None:
    """Append a concat with constants for each axis: MIL's pad takes no integers."""
    x, y = attributes.source(node), node.outputs[0]
    operand = ctx.read(x)
    for kind, inputs in steps:
        operand = ctx.temporary(kind, f"{y.name}_{kind}", x=operand, **inputs)
    value = np.bool_(fill) if mil_dtype(x) == "bool" else np.int32(fill)
    padded = [axis for axis, pads in enumerate(outer) if any(pads)]
    for axis in padded:
        parts = [operand]
        for count, place in zip(outer[axis], (0, 2), strict=True):
            if count:
                shape = [*operand.shape[:axis], count, *operand.shape[axis + 1 :]]
                parts.insert(place, np.full(shape, value))
        joined: dict[str, Operand] = {"values": tuple(parts), "axis": axis}
        if axis == padded[-1]:
            ctx.emit("concat", y, **joined)
        else:
            operand = ctx.temporary("concat", f"{y.name}_axis", **joined)


def _pads_within(shape: Shape, border: list[tuple[int, int]], mode: str) -> bool:
    """Return whether MIL's pad has this border in a mode that is not constant.

    Core ML takes such borders along the last two axes only
    (https://github.com/apple/coremltools/issues/2576), and the documentation limits their width.
    """
    if mode == "wrap" or any(before or after for before, after in border[:-2]):
        return False
    slack = 1 if mode == "reflect" else 0
    return all(
        0 <= before <= extent - slack and 0 <= after <= extent - slack
        for extent, (before, after) in zip(shape, border, strict=True)
    )


def is_empty(value: ir.Value) -> bool:
    """Return whether a value has no elements."""
    return 0 in (static_shape(value) or ())


def _flat(border: list[tuple[int, int]]) -> list[int]:
    return [pad for pads in border for pad in pads]
