"""The ways to store a weight: as it is, in 8 bits with a scale, or as indices into a palette.

What is packed is unpacked by an operator of the program, when the model is loaded or while it
runs; the arithmetic stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from _edgeship.export.coreai.building.constants import constant, packed
from _edgeship.export.coreai.building.types import stored
from _edgeship.export.coreml.palettes import palette
from _edgeship.export.lowering.values import Array

#: Writes a weight: the module ``coreai.authoring``, the numbers in float32, the axis of the output
#: channels, the name, and the type of the arithmetic. Returns the program's value.
Storage = Callable[[Any, Array, int, str, "np.dtype[Any]"], Any]

#: Weights of fewer numbers stay as they are: packing them saves nothing.
LEAST_ELEMENTS = 512

#: The largest of the integers; -128 is left out, so that both signs reach equally far.
_LARGEST = 127


def as_it_is(library: Any, data: Array, axis: int, name: str, real: np.dtype[Any]) -> Any:
    """Store a weight in the type of the arithmetic."""
    return constant(stored(data, real, name), name)


def as_int8(library: Any, data: Array, axis: int, name: str, real: np.dtype[Any]) -> Any:
    """Store a weight as round(weight / scale) with a scale for each output channel."""
    if data.ndim < 2 or data.size < LEAST_ELEMENTS or data.size < 8 * data.shape[axis]:
        return as_it_is(library, data, axis, name, real)
    others = tuple(other for other in range(data.ndim) if other != axis)
    scale = np.abs(data).max(axis=others, keepdims=True).astype(np.float32) / _LARGEST
    scale = at_least(np.where(scale == 0, np.float32(1), scale), real)
    integers = np.rint(data / scale.astype(np.float32))
    integers = np.clip(integers, -_LARGEST, _LARGEST).astype(np.int8)
    return scaled(library, integers, scale, np.zeros(scale.shape, np.int8), name)


def at_least(scale: Array, real: np.dtype[Any]) -> Array:
    """Return the smallest numbers of a type that are no smaller than scales in float32.

    Of small weights, float16 has the scale with few digits: were it rounded down, the largest
    weights would be cut off.
    """
    rounded = scale.astype(real)
    below = rounded.astype(np.float32) < scale
    result: Array = np.where(below, np.nextafter(rounded, real.type(np.inf)), rounded)
    return result


def scaled(library: Any, integers: Array, scale: Array, zero: Array, name: str) -> Any:
    """Return (integers - zero) * scale, unpacked by blockwise_shift_scale.

    Args:
        library: The module ``coreai.authoring``.
        integers: int8 or uint8.
        scale: One number for each block, with as many axes, of the result's type: the runtime on
            Linux crashes where it has another.
        zero: Likewise, of the integers' type.
        name: What files call it.
    """
    return library.blockwise_shift_scale(
        constant(integers, name),
        constant(scale, f"{name}/scale"),
        constant(zero, f"{name}/zero"),
        constant(np.zeros(scale.shape, scale.dtype), f"{name}/offset"),
    )


def as_palette(bits: int) -> Storage:
    """Return what stores a weight as indices of so many bits into a palette of 2**bits numbers."""

    def store(library: Any, data: Array, axis: int, name: str, real: np.dtype[Any]) -> Any:
        saved = data.size * (16 - bits) // 8 - 2 * 2**bits
        if data.ndim < 2 or data.size < LEAST_ELEMENTS or saved <= 0:
            return as_it_is(library, data, axis, name, real)
        zeros = bool((data == 0).mean() >= 0.5)
        entries, indices = palette(stored(data, real, name), bits, keep_zeros=zeros)
        table = entries.astype(real).reshape(*[1] * data.ndim, -1, 1)
        return library.lut_to_dense(
            packed(indices.reshape(data.shape), bits, name),
            constant(table, f"{name}/palette"),
            np.int16(0),
        )

    return store
