"""What the operators do with their arguments: types for arithmetic, and what is not allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.registry import Call

_MOST_ELEMENTS = 2**28


def wide(x: Any) -> Array:
    """Return an array in the type that its arithmetic is done in: float32 for float16."""
    array = np.asarray(x)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def axes_of(x: Array, value: Any) -> tuple[int, ...]:
    """Return axes counted from the front, all of them for None; negative ones count from behind."""
    if value is None:
        return tuple(range(x.ndim))
    axes = [int(axis) for axis in np.asarray(value).reshape(-1)]
    if any(not -x.ndim <= axis < x.ndim for axis in axes):
        raise ValueError(f"axes {axes} of a tensor with {x.ndim} axes")
    return tuple(axis % x.ndim for axis in axes)


def per_channel(x: Array, values: Any) -> Array:
    """Return one value per channel (axis 1 of ``x``) in a shape that broadcasts with ``x``.

    Raises:
        ValueError: If there is not exactly one value for each channel.
    """
    values = wide(values)
    if x.ndim < 2 or values.shape != x.shape[1:2]:
        raise ValueError(f"values of shape {values.shape} for the channels of {x.shape}")
    result: Array = values.reshape(-1, *[1] * (x.ndim - 2))
    return result


def whole(call: Call, result: Array, like: Array) -> Array:
    """Return a result in integers where ``like`` has integers.

    Raises:
        UnsupportedError: If it would have to be rounded, which MIL's documentation leaves open.
    """
    if like.dtype.kind not in "iu":
        return result
    rounded = np.rint(result)
    if not np.array_equal(rounded, result):
        raise undocumented(call, "how a fraction is rounded to an integer")
    return rounded.astype(like.dtype)


def demand_room(call: Call, shape: Iterable[int]) -> None:
    """Demand that a tensor of this shape is of a size that can be computed, before it is.

    Raises:
        InputError: If a few numbers in a small file ask for too much.
    """
    extents = list(shape)
    if math.prod(extents) > _MOST_ELEMENTS:
        raise invalid(call, f"a tensor of the shape {extents} is too large to evaluate")


def invalid(call: Call, why: str) -> InputError:
    """Return the error for a program that breaks a rule of MIL's documentation."""
    return InputError(
        "The program asks for what its operator cannot do.", where=_place(call), why=why
    )


def undocumented(call: Call, what: str) -> UnsupportedError:
    """Return the error for what MIL's documentation leaves open."""
    return UnsupportedError(
        "The program cannot be evaluated.",
        where=_place(call),
        why=f"the documentation does not say {what}",
    )


def _place(call: Call) -> str:
    outputs = ", ".join(variable.name for variable in call.operation.outputs)
    return f"{call.operation.kind} ({outputs})"
