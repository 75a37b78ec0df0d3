"""The attention of ONNX Runtime's optimizer, taken apart into products and a softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer, real
from _edgeship.export.preparation.fused_activations import number
from _edgeship.export.preparation.rules import Site, replaces

Values = Sequence[ir.Value | None]

MICROSOFT = "com.microsoft"

#: Ranks of what is masked: one mask for each key of a batch entry.
_BY_KEY = 2


@replaces("Attention", domain=MICROSOFT)
def attention(node: ir.Node, site: Site) -> Values | None:
    """Self-attention, with one product for queries, keys and values."""
    x, weight, bias, mask, past, added = [*node.inputs, *[None] * 6][:6]
    if past is not None or x is None:
        return None
    projected = site.op("MatMul", x, weight)
    if bias is not None:
        projected = site.op("Add", projected, bias)
    sizes = node.attributes.get("qkv_hidden_sizes")
    width = site.shape(projected)[-1]
    widths = list(sizes.as_ints()) if sizes is not None else [width // 3] * 3
    lengths = site.constant(np.array(widths, np.int64))
    query, key, value = site.ops("Split", [projected, lengths], 3, axis=-1)
    return _attend(node, (query, key, value), mask, added, site)


@replaces("MultiHeadAttention", domain=MICROSOFT)
def multi_head_attention(node: ir.Node, site: Site) -> Values | None:
    """Attention of queries, keys and values that were projected before."""
    query, key, value, bias, mask, added, *past = [*node.inputs, *[None] * 8][:8]
    if query is None or key is None or value is None or any(each is not None for each in past):
        return None
    ranks = {len(site.shape(each)) for each in (query, key, value)}
    if ranks != {3}:
        return None
    if bias is not None:
        widths = [site.shape(each)[-1] for each in (query, key, value)]
        lengths = site.constant(np.array(widths, np.int64))
        parts = site.ops("Split", [bias, lengths], 3, axis=0)
        query, key, value = (
            site.op("Add", each, part)
            for each, part in zip((query, key, value), parts, strict=True)
        )
    return _attend(node, (query, key, value), mask, added, site)


def _attend(
    node: ir.Node,
    operands: tuple[ir.Value, ir.Value, ir.Value],
    mask: ir.Value | None,
    added: ir.Value | None,
    site: Site,
) -> Values | None:
    """Return softmax(scale Q K^T + what is added) V, heads side by side."""
    if any(output.uses() or output.is_graph_output() for output in node.outputs[1:]):
        return None
    if mask is not None and len(site.shape(mask)) != _BY_KEY:
        return None
    heads = integer(node, "num_heads", 1)
    query, key, value = (_split_heads(each, heads, site) for each in operands)
    depth = site.shape(query)[-1]
    scale = real(node, "scale", 0.0) or 1 / math.sqrt(depth)
    swapped = site.op("Transpose", key, perm=[0, 1, 3, 2])
    scores = site.op("MatMul", query, swapped)
    scores = site.op("Mul", scores, number(scale, scores, site))
    if mask is not None:
        scores = site.op("Add", scores, _masking(node, mask, scores, site))
    if added is not None:
        scores = site.op("Add", scores, added)
    if integer(node, "unidirectional", 0):
        rows, columns = site.shape(scores)[-2:]
        above = np.triu(np.full((rows, columns), _filter(node), np.float32), columns - rows + 1)
        scores = site.op("Add", scores, site.constant(above))
    y = site.op("MatMul", site.op("Softmax", scores, axis=-1), value)
    y = site.op("Transpose", y, perm=[0, 2, 1, 3])
    batch, length = site.shape(y)[:2]
    y = site.op("Reshape", y, site.constant(np.array([batch, length, -1], np.int64)))
    return [y, *[None] * (len(node.outputs) - 1)]


def _split_heads(value: ir.Value, heads: int, site: Site) -> ir.Value:
    """Return (N, T, heads x D) as (N, heads, T, D)."""
    batch, length = site.shape(value)[:2]
    shape = site.constant(np.array([batch, length, heads, -1], np.int64))
    return site.op("Transpose", site.op("Reshape", value, shape), perm=[0, 2, 1, 3])


def _masking(node: ir.Node, mask: ir.Value, scores: ir.Value, site: Site) -> ir.Value:
    """Return what is added for a mask (N, T) of 1 for keys to see and 0 for others."""
    kind = scores.dtype.value if scores.dtype is not None else ir.DataType.FLOAT.value
    seen = site.op("Cast", mask, to=kind)
    hidden = site.op("Sub", number(1.0, scores, site), seen)
    spread = site.op("Unsqueeze", hidden, site.constant(np.array([1, 2], np.int64)))
    return site.op("Mul", spread, number(_filter(node), scores, site))


def _filter(node: ir.Node) -> float:
    return real(node, "mask_filter_value", -10000.0)
