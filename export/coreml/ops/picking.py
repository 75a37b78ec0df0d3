"""Elements picked at constant places along axes: slices, gathers, mirrored borders, resizing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering.values import Array

#: A MIL operator and its inputs other than ``x``.
Step = tuple[str, dict[str, Operand]]


def pick(ctx: Context, x: ir.Value, y: ir.Value, places: Mapping[int, Array]) -> None:
    """Bind ``y`` to elements of ``x``, without an operator if it is all of them in their order.

    Args:
        ctx: The program.
        x: A value with at least one axis.
        y: What is picked.
        places: Axis -> the indices of the elements along it, none negative. An array of several
            axes puts these in the place of the one; there may be only one such array.
    """
    steps = picking(ctx.shape(x), places)
    if steps:
        emit_steps(ctx, ctx.read(x), y, steps)
    else:
        ctx.alias(y, x)


def picking(shape: Shape, places: Mapping[int, Array]) -> list[Step]:
    """Return the operators that pick elements at places as `pick` takes them.

    Places at equal distances are one slice for all axes together. Where they run backwards, the
    slice is reversed afterwards, because MIL's documentation leaves open how a negative stride
    reaches the first element. Other places are one gather for each axis.
    """
    kept = [range(extent) for extent in shape]
    backwards: list[int] = []
    gathers: list[Step] = []
    for axis, indices in places.items():
        even = _evenly_spaced(indices)
        if even is None:
            gathers.append(("gather", {"indices": indices.astype(np.int32), "axis": axis}))
            continue
        if even.step < 0:
            backwards.append(axis)
        kept[axis] = even if even.step > 0 else even[::-1]
    steps: list[Step] = []
    if kept != [range(extent) for extent in shape]:
        steps.append(("slice_by_index", slice_inputs(kept)))
    if backwards:
        steps.append(("reverse", {"axes": backwards}))
    return steps + gathers


def slice_inputs(kept: list[range]) -> dict[str, Any]:
    """Return the inputs of ``slice_by_index`` that keep these elements along each axis."""
    return {
        "begin": [elements.start for elements in kept],
        "end": [elements[-1] + 1 for elements in kept],
        "stride": [elements.step for elements in kept],
    }


def emit_steps(ctx: Context, operand: Operand, y: ir.Value, steps: list[Step]) -> None:
    """Append operators, each reading the result of the one before; that of the last is ``y``."""
    for kind, inputs in steps[:-1]:
        operand = ctx.temporary(kind, f"{y.name}_{kind}", x=operand, **inputs)
    kind, inputs = steps[-1]
    ctx.emit(kind, y, x=operand, **inputs)


def _evenly_spaced(indices: Array) -> range | None:
    """Return the indices as a range, or None if they are not at equal distances."""
    if indices.ndim != 1:
        return None
    step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
    if step == 0 or np.any(np.diff(indices) != step):
        return None
    return range(int(indices[0]), int(indices[-1]) + (1 if step > 0 else -1), step)
