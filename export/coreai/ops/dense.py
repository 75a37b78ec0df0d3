"""Matrix products: Gemm and MatMul."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context, Operand, shape_of
from _edgeship.export.coreai.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


@lowers("Gemm")
def gemm(ctx: Context, node: ir.Node) -> None:
    """Batch matmul, or a 1x1 convolution in half precision, and add; alpha goes into constants.

    Core AI's runtime sums the products of convolutions in single precision, and those of matrices
    in the type of the arithmetic, which in half leaves two digits of a sum of some hundred.
    """
    a, y = attributes.source(node), node.outputs[0]
    if not ctx.is_float(y):
        raise Unsupported("Gemm of integers")
    x = ctx.read(a)
    if attributes.integer(node, "transA", 0):
        x = ctx.transpose(x, (1, 0))
    half = ctx.real == np.float16 and len(ctx.shape(y)) == 2
    product = _convolved(ctx, node, x) if half else _multiplied(ctx, node, x)
    addend = attributes.optional_input(node, 2)
    if addend is not None:
        beta = attributes.real(node, "beta", 1.0)
        plain = beta == 1 and ctx.constant(addend) is not None
        summand = ctx.parameter(addend, ctx.shape(addend)) if plain else _scaled(ctx, addend, beta)
        product = ctx.temporary("broadcasting_add", product, summand)
    ctx.bind(y, product, "broadcasting_batch_matmul")


def _multiplied(ctx: Context, node: ir.Node, x: Operand) -> Operand:
    """Return the product of two matrices, times alpha."""
    b, alpha = attributes.source(node, 1), attributes.real(node, "alpha", 1.0)
    across = bool(attributes.integer(node, "transB", 0))
    data = ctx.constant(b)
    if data is not None:
        matrix = ctx.weight(b, 1, (data.T if across else data) * np.float32(alpha))
    else:
        matrix = _scaled(ctx, b, alpha)
        matrix = ctx.transpose(matrix, (1, 0)) if across else matrix
    return ctx.temporary("broadcasting_batch_matmul", x, matrix)


def _convolved(ctx: Context, node: ir.Node, x: Operand) -> Operand:
    """Return the same as a convolution of images of one pixel."""
    b, alpha = attributes.source(node, 1), attributes.real(node, "alpha", 1.0)
    across = bool(attributes.integer(node, "transB", 0))
    inner = shape_of(x)[1]
    columns = ctx.shape(b)[0 if across else 1]
    data = ctx.constant(b)
    if data is not None:
        turned = (data if across else data.T) * np.float32(alpha)
        filters = ctx.weight(b, 0, turned.reshape(columns, inner, 1, 1))
    else:
        matrix = _scaled(ctx, b, alpha)
        matrix = matrix if across else ctx.transpose(matrix, (1, 0))
        filters = ctx.reshape(matrix, (columns, inner, 1, 1))
    return _pixel_by_pixel(ctx, x, filters)


def _pixel_by_pixel(ctx: Context, x: Operand, filters: Operand) -> Operand:
    """Return (rows, inner) times filters (columns, inner, 1, 1): (rows, columns)."""
    rows, inner = shape_of(x)
    one = np.ones(2, np.uint32)
    pixels = ctx.reshape(x, (rows, inner, 1, 1))
    product = ctx.temporary("conv2d", pixels, filters, one, one, np.uint32(1))
    return ctx.reshape(product, (rows, shape_of(product)[1]))


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
    """Batch matmul, or a 1x1 convolution in half precision where the second matrix is constant.

    A vector is made a matrix first, as ONNX has it.
    """
    a, b, result = attributes.source(node), attributes.source(node, 1), node.outputs[0]
    ranks = len(ctx.shape(a)), len(ctx.shape(b))
    constant = ctx.constant(b)
    x = ctx.read(a)
    if constant is not None and ranks[1] == 2 and ctx.dtype(result) == np.float16:
        inner, columns = constant.shape
        filters = ctx.weight(b, 0, constant.T.reshape(columns, inner, 1, 1))
        product = _pixel_by_pixel(
            ctx, ctx.reshape(x, (math.prod(ctx.shape(a)[:-1]), inner)), filters
        )
        ctx.bind(result, ctx.reshape(product, ctx.shape(result)), "conv2d")
        return
    y = ctx.read(b) if constant is None or ranks[1] < 2 else ctx.weight(b, ranks[1] - 1)
    if ranks[0] == 1:
        x = ctx.reshape(x, (1, *ctx.shape(a)))
    if ranks[1] == 1:
        y = ctx.reshape(y, (*ctx.shape(b), 1))
    product = ctx.temporary("broadcasting_batch_matmul", x, y)
    ctx.bind(result, ctx.reshape(product, ctx.shape(result)), "broadcasting_batch_matmul")
