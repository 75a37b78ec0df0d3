"""Matrix products: Gemm and MatMul."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from export.tflite import layout
from export.tflite.context import Context, Unsupported
from export.tflite.graph import Array, options
from export.tflite.ops import attributes
from export.tflite.ops.registry import lowers


@lowers("Gemm")
def gemm(ctx: Context, node: ir.Node) -> None:
    """FULLY_CONNECTED; alpha and beta go into the weights."""
    x, y = attributes.source(node), node.outputs[0]
    weight = ctx.required_constant(node.inputs[1], "the weight of Gemm")
    weight = weight * np.float32(attributes.real(node, "alpha", 1.0))
    if not attributes.integer(node, "transB", 0):
        weight = weight.T
    bias = np.zeros(weight.shape[0], np.float32)
    if (addend := attributes.optional_input(node, 2)) is not None:
        addend_data = ctx.required_constant(addend, "the addend of Gemm")
        addend_data = addend_data * np.float32(attributes.real(node, "beta", 1.0))
        if addend_data.size > 1 and addend_data.shape[-1:] != (addend_data.size,):
            raise Unsupported("an addend of Gemm that differs between rows")
        bias = np.broadcast_to(addend_data.reshape(-1), weight.shape[:1])
    _fully_connected(ctx, x, y, weight, bias, bool(attributes.integer(node, "transA", 0)))


@lowers("MatMul")
def matmul(ctx: Context, node: ir.Node) -> None:
    """FULLY_CONNECTED for a constant matrix on the right, BATCH_MATMUL otherwise."""
    x, y = attributes.source(node), node.outputs[0]
    other = attributes.source(node, 1)
    weight = ctx.constant(other)
    if weight is not None and weight.ndim == 2 and len(ctx.shape(x)) >= 2:
        _fully_connected(ctx, x, y, weight.T, np.zeros(weight.shape[1], np.float32), False)
        return
    if min(len(ctx.shape(x)), len(ctx.shape(other))) < 2:
        raise Unsupported("MatMul with a vector")
    inputs = [ctx.read(x), ctx.read(other)]
    opts = options("BatchMatMulOptions")
    ctx.emit("BATCH_MATMUL", inputs, y, layout.identity(len(ctx.shape(y))), opts)


def _fully_connected(
    ctx: Context, x: ir.Value, y: ir.Value, weight: Array, bias: Array, transposed: bool
) -> None:
    stored = ctx.stored.get(x)
    if stored is not None and stored.columns is not None:
        tensor = stored.tensor
        weight = weight[:, stored.columns]
    else:
        tensor = ctx.read(x, (1, 0) if transposed else None)
    rank = len(ctx.shape(y))
    opts = options("FullyConnectedOptions", keepNumDims=rank > 2)
    inputs = [
        tensor,
        ctx.floats(f"{y.name}/weight", weight),
        ctx.floats(f"{y.name}/bias", bias),
    ]
    ctx.emit("FULLY_CONNECTED", inputs, y, layout.identity(rank), opts)


def takes_columns(node: ir.Node, value: ir.Value) -> bool:
    """Return whether a node reads ``value`` as the left factor of a product with constants."""
    if node.op_type not in ("Gemm", "MatMul") or list(node.inputs[1:]).count(value):
        return False
    weight = node.inputs[1]
    constant = weight is not None and weight.const_value is not None
    plain = attributes.integer(node, "transA", 0) == 0
    return constant and plain and weight is not None and len(weight.shape or ()) == 2
