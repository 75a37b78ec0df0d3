"""Operators that change the shape of tensors, permute their axes, or join them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import axes_of, invalid
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("identity")
def identity(call: Call) -> Array:
    """The input."""
    return np.asarray(call["x"])


@computes("shape")
def shape(call: Call) -> Array:
    """The shape of the input, int32."""
    return np.array(np.shape(call["x"]), np.int32)


@computes("reshape")
def reshape(call: Call) -> Array:
    """The same elements in another shape.

    -1 stands for whatever is left, and 0 for an extent of the input: that of the same axis, counted
    from the front up to iOS 16, and from the end (1 where there is none) since iOS 17.
    """
    x = np.asarray(call["x"])
    wanted = call.integers("shape")
    if 0 in wanted and call.opset < 17 and len(wanted) != x.ndim:
        raise invalid(call, f"a 0 in the shape {wanted} of a tensor with {x.ndim} axes")
    for i, extent in enumerate(wanted):
        axis = i - len(wanted) + x.ndim
        if extent == 0:
            wanted[i] = x.shape[axis] if axis >= 0 else 1
    return x.reshape(wanted)


@computes("reshape_like")
def reshape_like(call: Call) -> Array:
    """The same elements in a shape put together from pieces of the shapes of other tensors."""
    pieces = zip(call["ref_tensors"], call["begins"], call["ends"], call["end_masks"], strict=True)
    wanted: list[int] = []
    for reference, begin, end, to_the_end in pieces:
        wanted += np.shape(reference)[int(begin) : None if to_the_end else int(end)]
    return np.asarray(call["x"]).reshape(wanted)


@computes("flatten2d")
def flatten2d(call: Call) -> Array:
    """Two axes: those before ``axis``, and those from it on."""
    x = np.asarray(call["x"])
    (axis,) = call.integers("axis", [1])
    if not -x.ndim <= axis <= x.ndim:
        raise invalid(call, f"axis {axis} of a tensor with {x.ndim} axes")
    before = math.prod(x.shape[:axis])
    return x.reshape(before, math.prod(x.shape[axis:]))


@computes("expand_dims")
def expand_dims(call: Call) -> Array:
    """The input with axes of one element added; ``axes`` are those of the result."""
    return np.expand_dims(np.asarray(call["x"]), tuple(call.integers("axes")))


@computes("squeeze")
def squeeze(call: Call) -> Array:
    """The input without its axes of one element: those in ``axes``, or all.

    Axes of more than one element are kept.
    """
    x = np.asarray(call["x"])
    axes = axes_of(x, call.get("axes", None))
    return x.squeeze(tuple(axis for axis in axes if x.shape[axis] == 1))


@computes("transpose")
def transpose(call: Call) -> Array:
    """The input with its axes in another order."""
    x = np.asarray(call["x"])
    result: Array = x.transpose(axes_of(x, call["perm"]))
    return result


@computes("concat")
def concat(call: Call) -> Array:
    """Tensors joined end to end along an axis, or element by element in turn (``interleave``)."""
    values = _tensors(call["values"])
    (axis,) = axes_of(values[0], call["axis"])
    if not call.get("interleave", False):
        return np.concatenate(values, axis)
    before, extent, after = np.split(np.array(values[0].shape), [axis, axis + 1])
    return np.stack(values, axis + 1).reshape(*before, extent.item() * len(values), *after)


@computes("stack")
def stack(call: Call) -> Array:
    """Tensors of one shape, joined along a new axis."""
    (axis,) = call.integers("axis")
    return np.stack(_tensors(call["values"]), axis)


def _tensors(values: Any) -> list[Array]:
    return [np.asarray(value) for value in values]
