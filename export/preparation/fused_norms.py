"""Normalizations that ONNX Runtime's optimizer fuses with what comes before them, taken apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer, real
from _edgeship.export.preparation.fused_activations import number
from _edgeship.export.preparation.rules import Site, replaces

Values = Sequence[ir.Value | None]

MICROSOFT = "com.microsoft"

#: Outputs of the operators with "Skip": the result, two statistics of training, and the sum.
_SUM = 3


@replaces("SkipLayerNormalization", domain=MICROSOFT)
def skip_layer_norm(node: ir.Node, site: Site) -> Values | None:
    """LayerNormalization of the sum of two values, and a bias if there is one."""
    x, skip, gamma, beta, bias = _padded(node, 5)
    total = _total([x, skip, bias], site)
    y = site.op(
        "LayerNormalization", total, gamma, beta, axis=-1, epsilon=real(node, "epsilon", 1e-12)
    )
    return _with_sum(node, y, total)


@replaces("SkipSimplifiedLayerNormalization", domain=MICROSOFT)
def skip_rms_norm(node: ir.Node, site: Site) -> Values | None:
    """The root mean square form of `skip_layer_norm`."""
    x, skip, gamma, bias = _padded(node, 4)
    total = _total([x, skip, bias], site)
    return _with_sum(node, _rms_norm(total, gamma, -1, real(node, "epsilon", 1e-12), site), total)


@replaces("SimplifiedLayerNormalization")
@replaces("SimplifiedLayerNormalization", domain=MICROSOFT)
def rms_norm(node: ir.Node, site: Site) -> Values | None:
    """``x / sqrt(mean(x^2) + epsilon)`` over the axes from one on, scaled."""
    x, gamma = node.inputs[:2]
    if x is None:
        return None
    y = _rms_norm(x, gamma, integer(node, "axis", -1), real(node, "epsilon", 1e-5), site)
    return [y, *[None] * (len(node.outputs) - 1)]


@replaces("LayerNormalization", domain=MICROSOFT)
def layer_norm(node: ir.Node, site: Site) -> Values | None:
    """ONNX took it over as it was."""
    x, gamma, beta = _padded(node, 3)
    axis, epsilon = integer(node, "axis", -1), real(node, "epsilon", 1e-5)
    y = site.op("LayerNormalization", x, gamma, beta, axis=axis, epsilon=epsilon)
    return [y, *[None] * (len(node.outputs) - 1)]


@replaces("EmbedLayerNormalization", domain=MICROSOFT)
def embed_layer_norm(node: ir.Node, site: Site) -> Values | None:
    """LayerNormalization of the sum of word, position and segment embeddings."""
    ids, segments, words, positions, kinds, gamma, beta, mask, places = _padded(node, 9)
    if mask is not None:
        return None
    if places is None:
        length = site.shape(ids)[1]
        places = site.constant(np.arange(length, dtype=np.int64)[np.newaxis])
    parts: list[ir.Value | None] = [
        site.op("Gather", words, ids),
        site.op("Gather", positions, places),
    ]
    if segments is not None and kinds is not None:
        parts.append(site.op("Gather", kinds, segments))
    total = _total(parts, site)
    epsilon = real(node, "epsilon", 1e-12)
    y = site.op("LayerNormalization", total, gamma, beta, axis=-1, epsilon=epsilon)
    return [y, None, total][: len(node.outputs)]


@replaces("GroupNorm", domain=MICROSOFT)
def group_norm(node: ir.Node, site: Site) -> Values | None:
    """GroupNormalization of channels that come last, then SiLU if it says so."""
    x, gamma, beta = _padded(node, 3)
    shape = site.shape(x)
    groups, last = integer(node, "groups", 1), integer(node, "channels_last", 1)
    if x is None:
        return None
    if last:
        x = site.op("Transpose", x, perm=[0, len(shape) - 1, *range(1, len(shape) - 1)])
    inner = site.shape(x)
    flat = site.op("Reshape", x, site.constant(np.array([inner[0], groups, -1], np.int64)))
    ones = site.constant(np.ones(groups, np.float32))
    zeros = site.constant(np.zeros(groups, np.float32))
    epsilon = real(node, "epsilon", 1e-5)
    flat = site.op("InstanceNormalization", flat, ones, zeros, epsilon=epsilon)
    y = site.op("Reshape", flat, site.constant(np.array(inner, np.int64)))
    channels = site.constant(np.array([-1, *(1,) * (len(inner) - 2)], np.int64))
    y = site.op("Mul", y, site.op("Reshape", gamma, channels))
    y = site.op("Add", y, site.op("Reshape", beta, channels))
    if integer(node, "activation", 0):
        y = site.op("Mul", y, site.op("Sigmoid", y))
    return [site.op("Transpose", y, perm=[0, *range(2, len(shape)), 1]) if last else y]


def _rms_norm(
    x: ir.Value, gamma: ir.Value | None, axis: int, epsilon: float, site: Site
) -> ir.Value:
    rank = len(site.shape(x))
    axes = site.constant(np.arange(axis % rank, rank, dtype=np.int64))
    mean = site.op("ReduceMean", site.op("Mul", x, x), axes, keepdims=1)
    root = site.op("Sqrt", site.op("Add", mean, number(epsilon, x, site)))
    return site.op("Mul", site.op("Div", x, root), gamma)


def _total(values: Sequence[ir.Value | None], site: Site) -> ir.Value:
    present = [value for value in values if value is not None]
    total = present[0]
    for value in present[1:]:
        total = site.op("Add", total, value)
    return total


def _with_sum(node: ir.Node, y: ir.Value, total: ir.Value) -> Values:
    return [y, None, None, total][: len(node.outputs)]


def _padded(node: ir.Node, count: int) -> list[ir.Value | None]:
    """Return the inputs of a node, None for those that it leaves out at the end."""
    return [*node.inputs, *[None] * count][:count]
