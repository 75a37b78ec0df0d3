"""Matrix products: Gemm and MatMul."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Gemm")
def gemm(ctx: Context, node: ir.Node) -> None:
    """FULLY_CONNECTED, alpha and beta in the weights; an addend that is not a row becomes ADD.

    Of two computed matrices, BATCH_MATMUL.
    """
    x, y = attributes.source(node), node.outputs[0]
    if dtype_of(x) != np.float32:
        raise Unsupported("Gemm of integers")
    weight = ctx.constant(node.inputs[1])
    given = attributes.optional_input(node, 2)
    addend = np.zeros((), np.float32) if given is None else ctx.constant(given)
    alpha, beta = attributes.real(node, "alpha", 1.0), attributes.real(node, "beta", 1.0)
    shape, perm = ctx.shape(y), layout.identity(2)
    is_row = addend is not None and addend.size in (1, *addend.shape[-1:])
    if weight is None:
        product = _scaled(ctx, _product(ctx, node), alpha, y)
    else:
        weight = weight * np.float32(alpha)
        if not attributes.integer(node, "transB", 0):
            weight = weight.T
        row = addend * np.float32(beta) if is_row and addend is not None else np.zeros(1)
        bias = np.broadcast_to(row.reshape(-1), weight.shape[:1])
        inputs = _factors(ctx, node, weight, bias, bool(attributes.integer(node, "transA", 0)))
        opts = options("FullyConnectedOptions")
        if is_row:
            ctx.emit("FULLY_CONNECTED", inputs, y, perm, opts)
            return
        product = ctx.temporary("FULLY_CONNECTED", inputs, shape, f"{y.name}/product", opts)
    if given is None:
        ctx.bind(y, product, perm)
        return
    if addend is not None:
        other = ctx.floats(f"{y.name}/addend", addend * np.float32(beta))
    else:
        other = _scaled(ctx, ctx.operand(given, perm), beta, y)
    ctx.emit("ADD", [product, other], y, perm, options("AddOptions"))


def _product(ctx: Context, node: ir.Node) -> int:
    """Return the product of the two matrices of a Gemm."""
    sides = [attributes.source(node), attributes.source(node, 1)]
    turned = [bool(attributes.integer(node, name, 0)) for name in ("transA", "transB")]
    opts = options("BatchMatMulOptions", adjX=turned[0], adjY=turned[1])
    inputs = _different(ctx, ctx.read(sides[0]), ctx.read(sides[1]), opts)
    y = node.outputs[0]
    return ctx.temporary("BATCH_MATMUL", inputs, ctx.shape(y), f"{y.name}/product", opts)


def _scaled(ctx: Context, tensor: int, factor: float, y: ir.Value) -> int:
    if factor == 1.0:
        return tensor
    inputs = [tensor, ctx.floats("factor", factor)]
    shape = ctx.graph.tensors[tensor].shape
    return ctx.temporary("MUL", inputs, shape, f"{y.name}/scaled", options("MulOptions"))


@lowers("MatMul")
def matmul(ctx: Context, node: ir.Node) -> None:
    """FULLY_CONNECTED for a constant matrix on the right, BATCH_MATMUL otherwise.

    A vector is a matrix of one row, or of one column. Integers are multiplied and added up.
    """
    x, y = attributes.source(node), node.outputs[0]
    other = attributes.source(node, 1)
    if dtype_of(x) != np.float32:
        _sum_of_products(ctx, node)
        return
    perm = layout.identity(len(ctx.shape(y)))
    weight = ctx.constant(other)
    if weight is not None and weight.ndim == 2 and len(ctx.shape(x)) > 1:
        inputs = _factors(ctx, node, weight.T, np.zeros(weight.shape[1], np.float32))
        opts = options("FullyConnectedOptions", keepNumDims=len(perm) > 2)
        ctx.emit("FULLY_CONNECTED", inputs, y, perm, opts)
        return
    opts = options("BatchMatMulOptions")
    inputs = _different(ctx, *_matrices(ctx, x, other), opts)
    outers = [ctx.graph.tensors[tensor].shape[:-2] for tensor in inputs]
    if len(perm) > 4 and outers[0] == outers[1]:
        # Delegates take four axes.
        inputs = [ctx.reshape(tensor, _rows_of(ctx, tensor)) for tensor in inputs]
    elif min(len(ctx.shape(x)), len(ctx.shape(other))) > 1:
        ctx.emit("BATCH_MATMUL", inputs, y, perm, opts)
        return
    outer = np.broadcast_shapes(*(ctx.graph.tensors[tensor].shape[:-2] for tensor in inputs))
    rows, columns = (ctx.graph.tensors[inputs[side]].shape[side - 2] for side in (0, 1))
    full = (*outer, rows, columns)
    product = ctx.temporary("BATCH_MATMUL", inputs, full, f"{y.name}/product", opts)
    ctx.bind(y, ctx.reshape(product, ctx.shape(y)), perm)


def _rows_of(ctx: Context, tensor: int) -> Shape:
    """Return the shape of a tensor as one list of matrices."""
    *outer, rows, columns = ctx.graph.tensors[tensor].shape
    return (math.prod(outer), rows, columns)


def _matrices(ctx: Context, x: ir.Value, other: ir.Value) -> tuple[int, int]:
    """Return the factors of a MatMul, vectors as matrices."""
    left, right = ctx.read(x), ctx.read(other)
    if len(ctx.shape(x)) == 1:
        left = ctx.reshape(left, (1, *ctx.shape(x)))
    if len(ctx.shape(other)) == 1:
        right = ctx.reshape(right, (*ctx.shape(other), 1))
    return left, right


def _different(ctx: Context, left: int, right: int, opts: Any) -> list[int]:
    """Return two factors as two tensors: LiteRT 2.3 can compute a square wrong."""
    if left == right:
        rank = len(ctx.graph.tensors[right].shape)
        right = ctx.transpose(right, (*range(rank - 2), rank - 1, rank - 2))
        opts.adjY = not opts.adjY
    return [left, right]


def _sum_of_products(ctx: Context, node: ir.Node) -> None:
    x, y = attributes.source(node), node.outputs[0]
    left, right = _matrices(ctx, x, attributes.source(node, 1))
    dtype = np.dtype(np.int64 if dtype_of(y) in (np.int64, np.uint32) else np.int32)
    left, right = ctx.cast(left, dtype), ctx.cast(right, dtype)
    shapes = [ctx.graph.tensors[tensor].shape for tensor in (left, right)]
    left = ctx.reshape(left, (*shapes[0], 1))
    right = ctx.reshape(right, (*shapes[1][:-2], 1, *shapes[1][-2:]))
    outer = np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2])
    full = (*outer, *shapes[0][-2:], shapes[1][-1])
    opts = options("MulOptions")
    products = ctx.temporary("MUL", [left, right], full, f"{y.name}/products", opts)
    inputs = [products, ctx.ints("axes", [len(full) - 2])]
    shape = (*full[:-2], full[-1])
    opts = options("ReducerOptions", keepDims=False)
    total = ctx.temporary("SUM", inputs, shape, f"{y.name}/sum", opts)
    result = ctx.reshape(ctx.cast(total, dtype_of(y)), ctx.shape(y))
    ctx.bind(y, result, layout.identity(len(ctx.shape(y))))


def _factors(
    ctx: Context, node: ir.Node, weight: Array, bias: Array, transposed: bool = False
) -> list[int]:
    """Return the inputs of FULLY_CONNECTED; ``weight`` is (outputs, inputs)."""
    x, y = attributes.source(node), node.outputs[0]
    # The network's own name tells whoever profiles the file which layer it is.
    name = attributes.source(node, 1).name or f"{y.name}/weight"
    stored = ctx.places.get(x)
    if stored is not None and stored.columns is not None:
        tensor = stored.tensor
        weight = weight[:, stored.columns]
    else:
        tensor = ctx.read(x, (1, 0) if transposed else None)
    return [tensor, ctx.floats(name, weight), ctx.floats(f"{y.name}/bias", bias)]


def takes_columns(value: ir.Value) -> bool:
    """Return whether all readers multiply ``value`` by constant matrices from the right.

    They may do so behind an Identity or a Dropout.
    """
    if value.is_graph_output() or not value.uses():
        return False
    for node, index in value.uses():
        if node.op_type in ("Identity", "Dropout"):
            takes = takes_columns(node.outputs[0])
        else:
            takes = index == 0 and _multiplies_by_constant(node)
        if not takes:
            return False
    return True


def _multiplies_by_constant(node: ir.Node) -> bool:
    if node.op_type not in ("Gemm", "MatMul") or attributes.integer(node, "transA", 0):
        return False
    weight = node.inputs[1]
    data = None if weight is None else weight.const_value
    return data is not None and len(data.shape) == 2
