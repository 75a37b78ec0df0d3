"""Matrix products: Gemm and MatMul."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


@lowers("Gemm")
def gemm(ctx: Context, node: ir.Node) -> None:
    """batch matmul, and add; alpha and beta go into constants."""
    a, b, y = attributes.source(node), attributes.source(node, 1), node.outputs[0]
    if not ctx.is_float(y):
        raise Unsupported("Gemm of integers")
    x = ctx.read(a)
    if attributes.integer(node, "transA", 0):
        x = ctx.transpose(x, (1, 0))
    across = bool(attributes.integer(node, "transB", 0))
    alpha = attributes.real(node, "alpha", 1.0)
    data = ctx.constant(b)
    if data is not None:
        matrix = ctx.weight(b, 1, (data.T if across else data) * np.float32(alpha))
    else:
        matrix = _scaled(ctx, b, alpha)
        matrix = ctx.transpose(matrix, (1, 0)) if across else matrix
    product = ctx.temporary("broadcasting_batch_matmul", x, matrix)
    addend = attributes.optional_input(node, 2)
    if addend is not None:
        beta = attributes.real(node, "beta", 1.0)
        plain = beta == 1 and ctx.constant(addend) is not None
        summand = ctx.parameter(addend, ctx.shape(addend)) if plain else _scaled(ctx, addend, beta)
        product = ctx.temporary("broadcasting_add", product, summand)
    ctx.bind(y, product, "broadcasting_batch_matmul")


def _scaled(ctx: Context, value: ir.Value, factor: float) -> Operand:
    """Return a value times a number; nothing is appended for a constant, or a factor of 1."""
    operand = ctx.read(value)
    if factor == 1:
        return operand
    if isinstance(operand, np.ndarray):
        return np.asarray(operand * operand.dtype.type(factor))
    return ctx.temporary("broadcasting_mul", operand, ctx.number(value, factor))


@lowers("MatMul")
def matmul(ctx: Context, node: ir.Node) -> None:
    """batch matmul; a vector is made a matrix first, as ONNX has it."""
    a, b, result = attributes.source(node), attributes.source(node, 1), node.outputs[0]
    ranks = len(ctx.shape(a)), len(ctx.shape(b))
    constant = ctx.constant(b)
    x = ctx.read(a)
    y = ctx.read(b) if constant is None or ranks[1] < 2 else ctx.weight(b, ranks[1] - 1)
    if ranks[0] == 1:
        x = ctx.reshape(x, (1, *ctx.shape(a)))
    if ranks[1] == 1:
        y = ctx.reshape(y, (*ctx.shape(b), 1))
    product = ctx.temporary("broadcasting_batch_matmul", x, y)
    ctx.bind(result, ctx.reshape(product, ctx.shape(result)), "broadcasting_batch_matmul")
