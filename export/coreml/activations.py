"""Activations in 8 bits: ``quantize`` and ``dequantize`` around the operators that can use them.

coremltools finds the ranges of activations by running the package, for which it needs macOS. Here
they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.coreml.format.library import coremltools
from _edgeship.export.coreml.rounded_activations import (
    common_ranges,
    moved_along,
    rounded_variables,
)


def quantize_activations(
    program: Any, ranges: Ranges, trace: Mapping[str, str], given: Ranges | None = None
) -> int:
    """Round activations to 8 bits, in place, and return how many.

    An activation gets one ``quantize`` and one ``dequantize``, and all its readers read the rounded
    one; the program's outputs are not rounded. A range without negative numbers becomes uint8
    without a zero point, any other int8 with one. Scales are numbers that float16 can hold, since
    they are stored in it.

    Args:
        program: A float32 program with the function ``main``, for iOS 17 or later.
        ranges: Name of an ONNX value -> the smallest and the largest number it takes.
        trace: Name of a variable -> name of the ONNX value that it holds. Variables that are
            neither traced nor made of traced ones by moving elements stay as they are.
        given: Ranges that a file quantized before had, by the same names; they are not widened to
            those of others.
    """
    coremltools()
    from coremltools.converters.mil import Builder

    function = program.functions["main"]
    given = given or {}
    measured, fixed = (
        {
            variable: found[trace[variable.name]]
            for variable in [*function.inputs.values(), *_computed(function)]
            if trace.get(variable.name) in found
        }
        for found in (ranges | given, given)
    )
    bounds = common_ranges(function, measured) | moved_along(function, fixed)
    variables = rounded_variables(function, bounds)
    outputs = list(function.outputs)
    with function:
        for variable in variables:
            scale, zero_point = affine(*bounds[variable])
            dtype = "uint8" if zero_point is None else "int8"
            first = _first_after(function, variable)
            steps = Builder.quantize(
                input=variable,
                scale=scale,
                zero_point=zero_point,
                output_dtype=dtype,
                name=f"{variable.name}_{dtype}",
                before_op=first,
            )
            rounded = Builder.dequantize(
                input=steps,
                scale=scale,
                zero_point=zero_point,
                name=f"{variable.name}_rounded",
                before_op=first,
            )
            function.replace_uses_of_var_after_op(
                anchor_op=rounded.op, old_var=variable, new_var=rounded
            )
        function.set_outputs(outputs)
    return len(variables)


def affine(low: float, high: float) -> tuple[np.float32, np.int8 | None]:
    """Return the scale and the zero point of a range, as MIL's ``quantize`` takes them.

    ``quantize`` is ``clip(round(input / scale) + zero_point)``. The range is widened to hold 0,
    which is always one of the steps.

    Args:
        low: The smallest number of the range.
        high: The largest number of the range.

    Returns:
        The scale, and the zero point for int8; None for uint8, whose zero point is 0.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    # Otherwise a range too small for float16 would have the scale 0.
    half = np.maximum(np.float16((high - low) / 255), np.finfo(np.float16).smallest_subnormal)
    scale = np.float32(half)
    if low == 0.0:
        return scale, None
    return scale, np.int8(np.clip(np.rint(-128 - low / scale), -128, 127))


def _computed(function: Any) -> list[Any]:
    return [variable for op in function.operations for variable in op.outputs]


def _first_after(function: Any, variable: Any) -> Any:
    """Return the first operator after a variable exists; its readers can be put before that one."""
    operations = list(function.operations)
    if variable.op is None:
        return operations[0]
    return operations[operations.index(variable.op) + 1]
