"""Comparisons, logic, and the choice between two values."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.elementwise import operands
from _edgeship.export.tflite.ops.registry import lowers

_KINDS = {
    "And": ("LOGICAL_AND", "LogicalAndOptions"),
    "Equal": ("EQUAL", "EqualOptions"),
    "Greater": ("GREATER", "GreaterOptions"),
    "GreaterOrEqual": ("GREATER_EQUAL", "GreaterEqualOptions"),
    "Less": ("LESS", "LessOptions"),
    "LessOrEqual": ("LESS_EQUAL", "LessEqualOptions"),
    "Or": ("LOGICAL_OR", "LogicalOrOptions"),
    "Xor": ("NOT_EQUAL", "NotEqualOptions"),
}


@lowers(*_KINDS)
def comparison(ctx: Context, node: ir.Node) -> None:
    """One operator with broadcasting; Xor is NOT_EQUAL of booleans."""
    kind, kind_options = _KINDS[node.op_type]
    perm, inputs = operands(ctx, node)
    ctx.emit(kind, inputs, node.outputs[0], perm, options(kind_options))


@lowers("Where")
def where(ctx: Context, node: ir.Node) -> None:
    """SELECT_V2."""
    if dtype_of(attributes.source(node)) != np.bool_:
        raise Unsupported("its condition is not boolean")
    perm, inputs = operands(ctx, node)
    ctx.emit("SELECT_V2", inputs, node.outputs[0], perm, options("SelectV2Options"))
