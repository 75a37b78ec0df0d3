"""Scaled dot product attention in two MatMuls and a Softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Array, Builder
from _edgeship.export.decompositions.functions import expanded
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes

#: What is added to a score that does not count: e to it is 0, and half precision can hold it.
_NEVER = -1e4


@decomposes("Attention")
def attention(b: Builder, node: ir.Node) -> Sequence[ir.Value | None]:
    """Scores of queries and keys, masked, through Softmax, times the values.

    Rarer forms (a cache of its own lengths, a window, masks that the graph computes, the scores as
    an output) are written as ONNX defines them.
    """
    if _is_rare(b, node):
        return expanded(b, node)
    query, key, value = (_in_heads(b, node, number) for number in range(3))
    past = 0
    if attributes.optional_input(node, 4) is not None:
        past = b.shape(attributes.source(node, 4))[2]
        key = b.op("Concat", attributes.source(node, 4), key, axis=2)
        value = b.op("Concat", attributes.source(node, 5), value, axis=2)
    present = [key, value]
    heads, size = b.shape(query)[1], b.shape(query)[3]
    key, value = _repeated(b, key, heads), _repeated(b, value, heads)
    scale = attributes.real(node, "scale", 1 / math.sqrt(size))
    scores = b.op("MatMul", b.op("Mul", query, scale), b.transpose(key, [0, 1, 3, 2]))
    cap = attributes.real(node, "softcap", 0.0)
    if cap:
        scores = b.op("Mul", b.op("Tanh", b.op("Div", scores, cap)), cap)
    rows, columns = b.shape(scores)[2:]
    mask = b.data(attributes.optional_input(node, 3))
    if attributes.integer(node, "is_causal", 0):
        causal = np.tril(np.ones((rows, columns), bool), past)
        mask = causal if mask is None else _both(mask, causal)
    alive = None
    if mask is not None:
        bias: Array = np.where(mask, 0, _NEVER) if mask.dtype == bool else mask.clip(_NEVER)
        scores = b.op("Add", scores, np.asarray(bias, np.float32))
        alive = np.asarray((bias > _NEVER).any(-1, keepdims=True))
    shares = b.op("Softmax", scores, axis=-1)
    if alive is not None and not alive.all():
        # A query that no key counts for gives zeros.
        shares = b.op("Mul", shares, np.asarray(alive, np.float32))
    result = b.op("MatMul", shares, value)
    if len(b.shape(attributes.source(node))) == 3:
        batch, _, length, width = b.shape(result)
        result = b.reshape(b.transpose(result, [0, 2, 1, 3]), [batch, length, heads * width])
    return [result, *present]


def _is_rare(b: Builder, node: ir.Node) -> bool:
    mask = attributes.optional_input(node, 3)
    scores = node.outputs[3] if len(node.outputs) > 3 else None
    total = b.shape(attributes.source(node, 1))[-2]
    if attributes.optional_input(node, 4) is not None:
        total += b.shape(attributes.source(node, 4))[2]
    return (
        attributes.optional_input(node, 6) is not None
        or (mask is not None and (b.data(mask) is None or b.shape(mask)[-1] != total))
        or (scores is not None and bool(scores.uses() or scores.is_graph_output()))
        or any(
            attributes.integer(node, f"{side}_window_size", -1) >= 0 for side in ("left", "right")
        )
    )


def _both(mask: Array, causal: Array) -> Array:
    """Return a mask, of booleans or numbers to add, where what is not causal never counts."""
    if mask.dtype == bool:
        return mask & causal
    return np.where(causal, mask, np.float32(_NEVER))


def _in_heads(b: Builder, node: ir.Node, number: int) -> ir.Value:
    """Return an input as (batch, heads, length, size)."""
    x = attributes.source(node, number)
    if len(b.shape(x)) == 4:
        return x
    batch, length, width = b.shape(x)
    heads = attributes.integer(node, "kv_num_heads" if number else "q_num_heads", 1)
    return b.transpose(b.reshape(x, [batch, length, heads, width // heads]), [0, 2, 1, 3])


def _repeated(b: Builder, x: ir.Value, heads: int) -> ir.Value:
    """Return keys or values with each head repeated for the queries that share it."""
    return b.gather(x, np.repeat(np.arange(b.shape(x)[1]), heads // b.shape(x)[1]), 1)
