"""Activations and other functions of one operand."""

from __future__ import annotations

import onnx_ir as ir

from export.coreml.context import Context
from export.coreml.ops.registry import lowers
from export.lowering import attributes

_UNARY = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}


@lowers(*_UNARY)
def unary(ctx: Context, node: ir.Node) -> None:
    """One MIL operator."""
    ctx.emit(_UNARY[node.op_type], node.outputs[0], x=ctx.read(attributes.source(node)))
