"""Matrix products: Gemm and MatMul."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.ops.registry import lowers


@lowers("Gemm")
def gemm(ctx: Context, node: ir.Node) -> None:
    """FULLY_CONNECTED, alpha and beta in the weights; an addend that is not a row becomes ADD."""
    x, y = attributes.source(node), node.outputs[0]
    weight = ctx.required_constant(node.inputs[1], "the weight of Gemm")
    weight = weight * np.float32(attributes.real(node, "alpha", 1.0))
    if not attributes.integer(node, "transB", 0):
        weight = weight.T
    addend = np.zeros((), np.float32)
    if (given := attributes.optional_input(node, 2)) is not None:
        addend = ctx.required_constant(given, "the addend of Gemm")
        addend = addend * np.float32(attributes.real(node, "beta", 1.0))
    is_row = addend.size in (1, *addend.shape[-1:])
    bias = np.broadcast_to(addend.reshape(-1) if is_row else np.float32(0), weight.shape[:1])
    inputs = _factors(ctx, x, y, weight, bias, bool(attributes.integer(node, "transA", 0)))
    opts = options("FullyConnectedOptions")
    perm = layout.identity(2)
    if is_row:
        ctx.emit("FULLY_CONNECTED", inputs, y, perm, opts)
        return
    product = ctx.temporary("FULLY_CONNECTED", inputs, ctx.shape(y), f"{y.name}/product", opts)
    inputs = [product, ctx.floats(f"{y.name}/addend", addend)]
    ctx.emit("ADD", inputs, y, perm, options("AddOptions"))


@lowers("MatMul")
def matmul(ctx: Context, node: ir.Node) -> None:
    """FULLY_CONNECTED for a constant matrix on the right, BATCH_MATMUL otherwise."""
    x, y = attributes.source(node), node.outputs[0]
    other = attributes.source(node, 1)
    if min(len(ctx.shape(x)), len(ctx.shape(other))) < 2:
        raise Unsupported("MatMul with a vector")
    perm = layout.identity(len(ctx.shape(y)))
    weight = ctx.constant(other)
    if weight is None or weight.ndim > 2:
        inputs = [ctx.read(x), ctx.read(other)]
        if inputs[0] == inputs[1]:
            raise Unsupported("MatMul of a value by itself, which LiteRT 2.3 can compute wrong")
        ctx.emit("BATCH_MATMUL", inputs, y, perm, options("BatchMatMulOptions"))
        return
    inputs = _factors(ctx, x, y, weight.T, np.zeros(weight.shape[1], np.float32))
    opts = options("FullyConnectedOptions", keepNumDims=len(perm) > 2)
    ctx.emit("FULLY_CONNECTED", inputs, y, perm, opts)


def _factors(
    ctx: Context, x: ir.Value, y: ir.Value, weight: Array, bias: Array, transposed: bool = False
) -> list[int]:
    """Return the inputs of FULLY_CONNECTED; ``weight`` is (outputs, inputs)."""
    stored = ctx.places.get(x)
    if stored is not None and stored.columns is not None:
        tensor = stored.tensor
        weight = weight[:, stored.columns]
    else:
        tensor = ctx.read(x, (1, 0) if transposed else None)
    return [tensor, ctx.floats(f"{y.name}/weight", weight), ctx.floats(f"{y.name}/bias", bias)]


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
