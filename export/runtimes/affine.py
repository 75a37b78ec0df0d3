"""Real values to a file's integers and back, by a tensor's scale and zero point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from _edgeship.errors import InputError, VerificationError


def quantize(values: np.ndarray, detail: Mapping[str, Any]) -> np.ndarray:
    """Return the values in the tensor's own dtype.

    Quantized tensors follow the LiteRT 8-bit specification, ``q = round(x / scale) + zero_point``,
    saturated to the dtype. Halves go to the even neighbour, as in XNNPACK's kernels.

    Args:
        values: An array of any shape, float32 or integer.
        detail: An entry of an interpreter's ``get_input_details()``.

    Raises:
        InputError: A value is NaN or infinite, or the tensor holds integers without a scale and
            the values are not integers.
        VerificationError: The tensor has more than one scale.
    """
    dtype = np.dtype(detail["dtype"])
    affine = _scale_and_zero_point(detail)
    if affine is None:
        if not np.can_cast(values.dtype, dtype, casting="same_kind"):
            raise InputError(
                f"Input '{detail['name']}' takes {dtype} and was given {values.dtype}."
            )
        return values.astype(dtype)
    if not np.isfinite(values).all():
        raise InputError(
            f"Input '{detail['name']}' was given NaN or infinity, which {dtype} cannot hold."
        )
    scale, zero_point = affine
    limits = np.iinfo(dtype)
    rounded = np.rint(values.astype(np.float32) / scale) + zero_point
    saturated: np.ndarray = np.clip(rounded, limits.min, limits.max)
    return saturated.astype(dtype)


def dequantize(values: np.ndarray, detail: Mapping[str, Any]) -> np.ndarray:
    """Return the real values of a tensor: float32, or integers that have no scale as they are.

    Args:
        values: What the interpreter holds in the tensor.
        detail: Its entry of ``get_tensor_details()``.

    Raises:
        VerificationError: The tensor has more than one scale.
    """
    affine = _scale_and_zero_point(detail)
    if affine is not None:
        scale, zero_point = affine
        return ((values.astype(np.float64) - zero_point) * scale).astype(np.float32)
    if np.issubdtype(values.dtype, np.floating):
        return values.astype(np.float32)
    return values


def _scale_and_zero_point(detail: Mapping[str, Any]) -> tuple[np.float32, int] | None:
    parameters = detail["quantization_parameters"]
    scales, zero_points = parameters["scales"], parameters["zero_points"]
    if not np.issubdtype(np.dtype(detail["dtype"]), np.integer) or len(scales) == 0:
        return None
    if len(scales) > 1:
        raise VerificationError(
            f"Tensor '{detail['name']}' has {len(scales)} scales; an activation has one.",
            todo="quantize activations per tensor; only constants may be per-channel",
        )
    return np.float32(scales[0]), int(zero_points[0])
