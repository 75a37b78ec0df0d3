"""Activations in 8 bits: ``quantize`` and ``dequantize`` around the operators that can use them.

coremltools finds the ranges of activations by running the package, for which it needs macOS. Here
they are given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.coreml.format.library import coremltools
from _edgeship.export.coreml.rounded_activations import (
    Bounds,
    common_ranges,
    exact_variables,
    moved_along,
    moves,
    rounded_variables,
)
from _edgeship.export.coreml.weights import WEIGHTED


@dataclass(frozen=True)
class Rounding:
    """Which activations of a program are rounded to 8 bits.

    Attributes:
        bounds: Variable -> the range that it is rounded in, in program order.
        kept: Variables whose operators compute in floating point.
        exact: These, and what is made of them by moving elements: where a kept operator reads
            them, or one that only moves elements, they are not rounded.
    """

    bounds: Mapping[Any, Bounds]
    kept: Collection[Any] = ()
    exact: Collection[Any] = ()

    def reads_exact(self, op: Any, variable: Any) -> bool:
        """Return whether an operator reads a rounded variable as it was before."""
        if variable not in self.exact:
            return False
        return moves(op) or any(output in self.kept for output in op.outputs)


def plan_rounding(
    program: Any,
    ranges: Ranges,
    trace: Mapping[str, str],
    given: Ranges | None = None,
    keep: Collection[str] = (),
) -> Rounding:
    """Return which activations of a program are to be rounded; the program stays as it is.

    Args:
        program: A float32 program with the function ``main``, for iOS 17 or later.
        ranges: Name of an ONNX value -> the smallest and the largest number it takes.
        trace: Name of a variable -> name of the ONNX value that it holds. Variables that are
            neither traced nor made of traced ones by moving elements stay as they are.
        given: Ranges that a file quantized before had, by the same names; they are not widened to
            those of others.
        keep: Names of ONNX values that are computed in floating point.
    """
    function = program.functions["main"]
    given = given or {}
    variables = [*function.inputs.values(), *_computed(function)]
    measured, fixed = (
        {
            variable: found[trace[variable.name]]
            for variable in variables
            if trace.get(variable.name) in found
        }
        for found in (ranges | given, given)
    )
    bounds = common_ranges(function, measured) | moved_along(function, fixed)
    kept = {variable for variable in variables if trace.get(variable.name) in keep}
    rounded = rounded_variables(function, bounds, kept)
    exact = exact_variables(function, kept)
    return Rounding({variable: bounds[variable] for variable in rounded}, kept, exact)


def quantize_activations(program: Any, rounding: Rounding) -> int:
    """Round activations to 8 bits, in place, and return how many.

    An activation gets one ``quantize`` and one ``dequantize``, and its readers read the rounded
    one, all but those that are to read it as it is; the program's outputs are not rounded. A range
    without negative numbers becomes uint8 without a zero point, any other int8 with one. Scales are
    numbers that float16 can hold, since they are stored in it.

    Args:
        program: As for `plan_rounding`.
        rounding: What that returned for this program.
    """
    coremltools()
    from coremltools.converters.mil import Builder

    function = program.functions["main"]
    outputs = list(function.outputs)
    with function:
        for variable, bounds in rounding.bounds.items():
            exact = [op for op in variable.child_ops if rounding.reads_exact(op, variable)]
            scale, zero_point = affine(*bounds)
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
            for op in dict.fromkeys(exact):
                _read_instead(op, rounded, variable)
        function.set_outputs(outputs)
    return len(rounding.bounds)


def _read_instead(op: Any, old: Any, new: Any) -> None:
    """Let an operator read another variable, in place."""
    changed: dict[str, Any] = {}
    for name, bound in op.inputs.items():
        if isinstance(bound, list | tuple):
            changed[name] = tuple(new if one is old else one for one in bound)
        elif bound is old:
            changed[name] = new
    op.set_inputs(**changed)


def kept_results(program: Any, trace: Mapping[str, str], keep: Collection[str]) -> set[str]:
    """Return the names of variables that operators with weights compute in floating point.

    coremltools joins a product with the bias that is added to it, under the name of the sum.

    Args:
        program: As for `plan_rounding`.
        trace: Likewise.
        keep: Likewise.
    """
    found: set[str] = set()
    for op in program.functions["main"].operations:
        if op.op_type not in WEIGHTED or trace.get(op.outputs[0].name) not in keep:
            continue
        found.add(op.outputs[0].name)
        readers = op.outputs[0].child_ops
        if len(readers) == 1 and readers[0].op_type == "add":
            found.add(readers[0].outputs[0].name)
    return found


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
