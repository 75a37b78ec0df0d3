"""What ONNX Runtime's optimizer fuses into one operator, taken apart: convolutions and products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer, real
from _edgeship.export.preparation.fused_activations import gelu, number
from _edgeship.export.preparation.rules import Site, kept, replaces

Values = Sequence[ir.Value | None]

MICROSOFT = "com.microsoft"


@replaces("FusedConv", "NhwcFusedConv", "NhwcConv", domain=MICROSOFT)
def fused_conv(node: ir.Node, site: Site) -> Values | None:
    """Conv, then the sum with a fourth input, then an activation."""
    x, weight, *rest = node.inputs
    bias, added = (*rest, None, None)[:2]
    last = node.op_type.startswith("Nhwc")
    rank = len(site.shape(x))
    if last:
        x, added = (_moved(value, [0, rank - 1, *range(1, rank - 1)], site) for value in (x, added))
    attributes = kept(node, "activation", "activation_params")
    y = site.op("Conv", x, weight, bias, **attributes)
    if added is not None:
        y = site.op("Add", y, added)
    parameters = node.attributes.get("activation_params")
    y = _activated(node, y, list(parameters.as_floats()) if parameters else [], site)
    return [_moved(y, [0, *range(2, rank), 1], site) if last else y]


@replaces("FusedGemm", domain=MICROSOFT)
def fused_gemm(node: ir.Node, site: Site) -> Values | None:
    """Gemm, then an activation."""
    names = ("alpha", "beta", "gamma")
    parameters = [
        real(node, f"activation_{name}", 0.0)
        for name in names
        if f"activation_{name}" in node.attributes
    ]
    dropped = ("activation", *(f"activation_{name}" for name in names))
    y = site.op("Gemm", *node.inputs, **kept(node, *dropped))
    return [_activated(node, y, parameters, site)]


@replaces("FusedMatMul", "TransposeMatMul", domain=MICROSOFT)
def fused_matmul(node: ir.Node, site: Site) -> Values | None:
    """MatMul of transposed operands, scaled."""
    operands = []
    for value, letter in zip(node.inputs, "AB", strict=True):
        order = list(range(len(site.shape(value))))
        if integer(node, f"transBatch{letter}", 0):
            order = [*order[1:-1], order[0], order[-1]]
        if integer(node, f"trans{letter}", 0):
            order[-2:] = order[:-3:-1]
        operands.append(_moved(value, order, site))
    y = site.op("MatMul", *operands)
    alpha = real(node, "alpha", 1.0)
    return [y if alpha == 1 else site.op("Mul", y, number(alpha, y, site))]


@replaces("BiasAdd", "BiasDropout", domain=MICROSOFT)
def bias_add(node: ir.Node, site: Site) -> Values | None:
    """The sum of a value, a bias and, if there is one, what was skipped."""
    y = site.op("Add", *node.inputs[:2])
    skipped = node.inputs[2] if len(node.inputs) > 2 else None
    y = y if skipped is None else site.op("Add", y, skipped)
    return [y, *[None] * (len(node.outputs) - 1)]


@replaces("BiasSoftmax", domain=MICROSOFT)
def bias_softmax(node: ir.Node, site: Site) -> Values | None:
    """Softmax over the axes from one on, of a sum."""
    x, bias = node.inputs
    rank = len(site.shape(x))
    axis = integer(node, "axis", 1) % rank
    if axis != rank - 1 or len(site.shape(bias)) != rank:
        return None
    return [site.op("Softmax", site.op("Add", x, bias), axis=axis)]


@replaces("ExpandDims", domain=MICROSOFT)
def expand_dims(node: ir.Node, site: Site) -> Values | None:
    """Unsqueeze at an axis that is a constant."""
    axis = site.knowledge.integers(node.inputs[1])
    if axis is None:
        return None
    return [site.op("Unsqueeze", node.inputs[0], site.constant(np.array(axis[:1], np.int64)))]


@replaces("Trilu", "GatherND", domain=MICROSOFT)
def renamed(node: ir.Node, site: Site) -> Values | None:
    """ONNX took it over as it was."""
    return [site.op(node.op_type, *node.inputs, **kept(node))]


def _activated(node: ir.Node, y: ir.Value, parameters: list[float], site: Site) -> ir.Value:
    attribute = node.attributes.get("activation")
    kind = attribute.as_string() if attribute is not None else ""
    if not kind:
        return y
    if kind == "Clip":
        low, high = (number(value, y, site) for value in parameters[:2])
        return site.op("Clip", y, low, high)
    if kind == "Gelu":
        return gelu(y, site)
    options = dict(zip(("alpha", "beta"), parameters, strict=False))
    return site.op(kind, y, **options)


def _moved(value: ir.Value | None, order: Sequence[int], site: Site) -> ir.Value | None:
    if value is None or list(order) == sorted(order):
        return value
    return site.op("Transpose", value, perm=list(order))
