"""Operators that enlarge a tensor, or make one from a few numbers."""

from __future__ import annotations

import math

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, invalid
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("tile")
def tile(call: Call) -> Array:
    """The input several times along each axis."""
    x = np.asarray(call["x"])
    reps = call.integers("reps")
    if len(reps) != x.ndim or min(reps, default=1) < 0:
        raise invalid(call, f"reps {reps} for {x.ndim} axes")
    demand_room(call, (extent * rep for extent, rep in zip(x.shape, reps, strict=True)))
    return np.tile(x, reps)


@computes("fill")
def fill(call: Call) -> Array:
    """A tensor of the given shape, filled with one value."""
    shape = call.integers("shape")
    demand_room(call, shape)
    return np.full(shape, call.get("value", np.float32(0)))


@computes("fill_like")
def fill_like(call: Call) -> Array:
    """A tensor of the shape of another, filled with one value."""
    return np.full(np.shape(call["ref_tensor"]), call.get("value", np.float32(0)))


@computes("one_hot")
def one_hot(call: Call) -> Array:
    """A new axis with ``on_value`` at the index and ``off_value`` elsewhere."""
    indices = np.asarray(call["indices"])
    (axis,), (size,) = call.integers("axis", [-1]), call.integers("one_hot_vector_size")
    demand_room(call, [*indices.shape, size])
    hot = np.expand_dims(indices, -1) == np.arange(size)
    values = np.where(hot, call.get("on_value", np.int32(1)), call.get("off_value", np.int32(0)))
    return np.moveaxis(values, -1, axis)


@computes("range_1d")
def range_1d(call: Call) -> Array:
    """start, start + step, ... up to but not including end."""
    start, end, step = (np.asarray(call[name]).item() for name in ("start", "end", "step"))
    if step == 0:
        raise invalid(call, "step is 0")
    demand_room(call, [max(math.ceil((end - start) / step), 0)])
    return np.arange(start, end, step)


@computes("pad")
def pad(call: Call) -> Array:
    """More elements before and after, on the last axes: constant, mirrored, or the outermost ones.

    ``pad`` holds how many before and how many after, axis by axis.
    """
    x = np.asarray(call["x"])
    mode, pads = call.get("mode", "constant"), call.integers("pad")
    if len(pads) % 2 or len(pads) > 2 * x.ndim or min(pads, default=0) < 0:
        raise invalid(call, f"pads {pads} for {x.ndim} axes")
    # The axes before those that ``pad`` is about are left as they are.
    widths = np.reshape([0] * (2 * x.ndim - len(pads)) + pads, (x.ndim, 2))
    demand_room(call, np.add(x.shape, widths.sum(axis=1)).tolist())
    if mode == "constant":
        return np.pad(x, widths, constant_values=np.asarray(call.get("constant_val", 0)).item())
    if mode == "reflect" and (widths >= np.array(x.shape)[:, None]).any():
        raise invalid(call, f"pads {pads} mirror more than there is in {x.shape}")
    if mode not in ("reflect", "replicate"):
        raise invalid(call, f"mode is {mode!r}")
    return np.pad(x, widths, mode="reflect" if mode == "reflect" else "edge")
