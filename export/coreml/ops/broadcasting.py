"""Operands repeated to a shape, where an operator of MIL does not do it by itself."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering.unsupported import Unsupported


def spread(ctx: Context, operand: Operand, shape: Shape, name: str) -> Operand:
    """Return an operand in a shape that it broadcasts to.

    Raises:
        Unsupported: It does not: the graph contradicts itself, or the value is no tensor.
    """
    before = tuple(operand.shape)
    if len(before) > len(shape) or any(
        a not in (1, b) for a, b in zip(before[::-1], shape[::-1], strict=False)
    ):
        raise Unsupported(f"an operand of shape {list(before)} where {list(shape)} is wanted")
    if isinstance(operand, np.ndarray | np.generic):
        return np.broadcast_to(operand, shape).copy()
    missing = len(shape) - len(before)
    if missing:
        operand = ctx.temporary("expand_dims", f"{name}/axes", x=operand, axes=list(range(missing)))
    repeats = [b // a for a, b in zip((1,) * missing + before, shape, strict=True)]
    if all(count == 1 for count in repeats):
        return operand
    return ctx.temporary("tile", f"{name}/spread", x=operand, reps=repeats)
