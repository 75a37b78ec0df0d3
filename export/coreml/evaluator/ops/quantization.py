"""Quantized activations (iOS 17), and what a classifier returns."""

from __future__ import annotations

import numpy as np

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.dtypes import NUMPY
from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.constants import along, scaled
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("quantize")
def quantize(call: Call) -> Array:
    """``clip(round(input / scale) + zero_point)``; halves are rounded to the even neighbour."""
    x = np.asarray(call["input"], np.float32)
    axis = int(call.get("axis", 0))
    name = str(call["output_dtype"])
    if name not in ("int8", "uint8"):
        raise UnsupportedError(f"Quantization to {name!r} is not known.")
    scale = along(np.asarray(call["scale"]), axis, x.ndim).astype(np.float32)
    zero = along(np.asarray(call.get("zero_point", np.int8(0))), axis, x.ndim)
    limits = np.iinfo(NUMPY[name])
    steps = np.rint(x / scale) + zero.astype(np.float32)
    if np.isnan(steps).any():
        raise InputError("What is not a number cannot be quantized.")
    return np.asarray(np.clip(steps, limits.min, limits.max).astype(NUMPY[name]))


@computes("dequantize")
def dequantize(call: Call) -> Array:
    """``scale * (input - zero_point)``."""
    x, axis = np.asarray(call["input"]), int(call.get("axis", 0))
    scale = along(np.asarray(call["scale"]), axis, x.ndim)
    return scaled(x, scale, along(np.asarray(call.get("zero_point", np.int8(0))), axis, x.ndim))


@computes("classify")
def classify(call: Call) -> tuple[Array, Array]:
    """The class with the largest probability, and all probabilities in the order of the classes."""
    probabilities = np.asarray(call["probabilities"]).reshape(-1)
    classes = list(call["classes"])
    if len(classes) != probabilities.size or not classes:
        raise InputError(f"There are {len(classes)} classes and {probabilities.size} scores.")
    return np.asarray(classes[int(probabilities.argmax())]), probabilities
