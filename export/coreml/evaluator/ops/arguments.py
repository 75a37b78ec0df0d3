"""What operators share in reading their arguments: types, axes, limits, and errors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.program import Array, Operation
from _edgeship.export.coreml.evaluator.ops.registry import Call

#: Elements of a tensor: a small file can ask for very many.
MOST_ELEMENTS = 2**28


def wide(x: Any) -> Array:
    """Return an array in the type that is computed in: float32 for float16, else its own."""
    array = np.asarray(x)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def axes_of(x: Array, value: Any) -> tuple[int, ...]:
    """Return axes, of which negative ones count from the end, as 0 to rank - 1; None means all.

    Raises:
        ValueError: If there is no such axis.
    """
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
    """Return a result as integers if ``like`` holds integers.

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
    """Demand that a tensor is not too large, before it is computed.

    Raises:
        InputError: If a tensor of this shape has more than `MOST_ELEMENTS`.
    """
    extents = list(shape)
    if math.prod(extents) > MOST_ELEMENTS:
        raise invalid(call, f"a tensor of the shape {extents} is too large to evaluate")


def invalid(call: Call, why: str) -> InputError:
    """Return the error for an operator whose arguments break a rule of MIL's documentation."""
    return InputError(
        "The program asks for what its operator cannot do.", where=place(call.operation), why=why
    )


def undocumented(call: Call, what: str) -> UnsupportedError:
    """Return the error for what MIL's documentation leaves open."""
    return UnsupportedError(
        "The program cannot be evaluated.",
        where=place(call.operation),
        why=f"the documentation does not say {what}",
    )


def place(operation: Operation) -> str:
    """Return what an operator is called in messages: its kind and its outputs."""
    outputs = ", ".join(variable.name for variable in operation.outputs)
    return f"{operation.kind} ({outputs})"
