"""Matrix products: Gemm and MatMul."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand, is_float
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import dtype_of


@lowers("Gemm")
def gemm(ctx: Context, node: ir.Node) -> None:
    """linear, or matmul if the right matrix is not constant; add for an addend that is no row.

    Alpha and beta are multiplied into constants where there are any.
    """
    x, matrix, y = attributes.source(node), attributes.source(node, 1), node.outputs[0]
    if not is_float(y):
        raise Unsupported(f"Gemm of {dtype_of(y).name}")
    down = bool(attributes.integer(node, "transA", 0))
    across = bool(attributes.integer(node, "transB", 0))
    alpha = np.float32(attributes.real(node, "alpha", 1.0))
    addend, bias = _addend(ctx, node), None
    data = ctx.constant(matrix)
    if data is None:
        product = ctx.temporary(
            "matmul",
            f"{y.name}/product",
            x=ctx.read(x),
            y=ctx.read(matrix),
            transpose_x=down,
            transpose_y=across,
        )
        if alpha != 1:
            product = ctx.temporary("mul", f"{y.name}/scaled", x=product, y=alpha)
    else:
        weight = (data if across else data.T) * alpha
        source = ctx.read(x)
        if down:
            source = ctx.temporary("transpose", f"{y.name}/turned", x=source, perm=(1, 0))
        if isinstance(addend, np.ndarray) and addend.size in (1, *addend.shape[-1:]):
            bias, addend = np.broadcast_to(addend.reshape(-1), weight.shape[:1]).copy(), None
        product = ctx.temporary("linear", y.name or "product", x=source, weight=weight, bias=bias)
    if addend is None:
        ctx.bind(y, product)
    else:
        ctx.emit("add", y, x=product, y=addend)


def _addend(ctx: Context, node: ir.Node) -> Operand:
    """Return beta times the third input, or None where there is none."""
    given = attributes.optional_input(node, 2)
    beta = np.float32(attributes.real(node, "beta", 1.0))
    if given is None:
        return None
    data = ctx.constant(given)
    if data is not None:
        return np.asarray(data * beta)
    if beta == 1:
        return ctx.read(given)
    return ctx.temporary("mul", f"{node.outputs[0].name}/addend", x=ctx.read(given), y=beta)


@lowers("MatMul")
def matmul(ctx: Context, node: ir.Node) -> None:
    """linear, or matmul if the matrix on the right is not constant.

    A vector is made a matrix first, as ONNX's specification has it.
    """
    a, b, result = attributes.source(node), attributes.source(node, 1), node.outputs[0]
    ranks = len(ctx.shape(a)), len(ctx.shape(b))
    weight = ctx.constant(b)
    if weight is not None and weight.ndim == 2 and ranks[0] <= 3:
        ctx.emit("linear", result, x=ctx.read(a), weight=weight.T)
        return
    x, y = ctx.read(a), ctx.read(b)
    if min(ranks) > 1:
        ctx.emit("matmul", result, x=x, y=y)
        return
    if ranks[0] == 1:
        x = ctx.temporary("expand_dims", f"{result.name}/row", x=x, axes=[0])
    if ranks[1] == 1:
        y = ctx.temporary("expand_dims", f"{result.name}/column", x=y, axes=[1])
    product = ctx.temporary("matmul", f"{result.name}/product", x=x, y=y)
    added = [axis for axis, rank in zip((-2, -1), ranks, strict=True) if rank == 1]
    ctx.emit("squeeze", result, x=product, axes=added)
