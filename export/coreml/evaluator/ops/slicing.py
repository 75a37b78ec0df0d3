"""Operators that take out a part of a tensor."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, demand_room, invalid
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("slice_by_index")
def slice_by_index(call: Call) -> Array:
    """x[begin:end:stride] on every axis, as in NumPy; masks drop a bound, or the axis itself."""
    x = np.asarray(call["x"])
    begin, end = call.integers("begin"), call.integers("end")
    stride = call.integers("stride", [1] * x.ndim)
    begin_mask, end_mask, squeeze_mask = (
        call.integers(name, [False] * x.ndim) for name in ("begin_mask", "end_mask", "squeeze_mask")
    )
    parts: list[int | slice] = [
        begin[i]
        if squeeze_mask[i]
        else slice(None if begin_mask[i] else begin[i], None if end_mask[i] else end[i], stride[i])
        for i in range(_rank(call, x, begin, end, stride, begin_mask, end_mask, squeeze_mask))
    ]
    # A copy, since PyTorch takes no views with negative strides.
    result: Array = np.array(x[tuple(parts)])
    return result


@computes("slice_by_size")
def slice_by_size(call: Call) -> Array:
    """``size`` elements from ``begin`` on, for every axis; -1 is all that are left."""
    x = np.asarray(call["x"])
    begin, size = call.integers("begin"), call.integers("size")
    parts = []
    for i in range(_rank(call, x, begin, size)):
        end = x.shape[i] if size[i] == -1 else begin[i] + size[i]
        if not 0 <= begin[i] <= end <= x.shape[i]:
            raise invalid(call, f"begin {begin} and size {size} in the shape {x.shape}")
        parts.append(slice(begin[i], end))
    return x[tuple(parts)]


@computes("split")
def split(call: Call) -> tuple[Array, ...]:
    """Parts along an axis, of the given sizes or ``num_splits`` equal ones."""
    x = np.asarray(call["x"])
    (axis,) = axes_of(x, call["axis"])
    sizes = call.integers("split_sizes", [])
    if not sizes:
        return tuple(np.split(x, int(call["num_splits"]), axis))
    if sum(sizes) != x.shape[axis] or min(sizes) < 0:
        raise invalid(call, f"parts of {sizes} of {x.shape[axis]} elements")
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis))


@computes("crop")
def crop(call: Call) -> Array:
    """The input without some rows at the top and bottom, and some columns left and right."""
    x = np.asarray(call["x"])
    (top, bottom), (left, right) = call.integers("crop_height"), call.integers("crop_width")
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


@computes("reverse")
def reverse(call: Call) -> Array:
    """The input reversed along some axes, or all."""
    x = np.asarray(call["x"])
    return np.array(np.flip(x, axes_of(x, call.get("axes", None))))


@computes("sliding_windows")
def sliding_windows(call: Call) -> Array:
    """Windows along an axis, one every ``stride`` elements; their elements become the next axis."""
    x = np.asarray(call["x"])
    (axis,), (size,), (stride,) = (
        axes_of(x, call["axis"]),
        call.integers("size"),
        call.integers("stride", [1]),
    )
    if not 1 <= size <= x.shape[axis] or stride < 1:
        raise invalid(call, f"windows of {size}, stride {stride}, of {x.shape[axis]} elements")
    starts = np.arange(0, x.shape[axis] - size + 1, stride)
    demand_room(call, [*x.shape[:axis], len(starts), size, *x.shape[axis + 1 :]])
    return x.take(starts[:, None] + np.arange(size), axis)


def _rank(call: Call, x: Array, *vectors: list[int]) -> int:
    """Return the number of axes, after checking that each vector has one number per axis."""
    if any(len(vector) != x.ndim for vector in vectors):
        raise invalid(call, f"not one number for each of the {x.ndim} axes")
    return x.ndim
