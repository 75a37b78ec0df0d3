"""Shapes of tensors, and the static shapes of ONNX values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

Shape = tuple[int, ...]
"""The extent of each axis, in order; empty for a scalar."""


def static_shape(value: ir.Value | None) -> Shape | None:
    """Return the shape of a value, or None if it is unknown or an extent is left open."""
    if value is None or value.shape is None:
        return None
    if not all(isinstance(extent, int) for extent in value.shape):
        return None
    return tuple(int(str(extent)) for extent in value.shape)


def shape_of(value: ir.Value | None) -> Shape:
    """Return the shape of a value that must have a static one.

    Raises:
        ValueError: The value is missing, or its shape is unknown or left open.
    """
    shape = static_shape(value)
    if shape is None:
        raise ValueError(f"{'a missing input' if value is None else value.name} has no fixed shape")
    return shape
