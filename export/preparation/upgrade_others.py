"""Old forms that are alone of their kind, and the experimental operators of ONNX's first years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer, real
from _edgeship.export.preparation.knowledge import dtype_of
from _edgeship.export.preparation.rules import Site, kept, replaces

Values = Sequence[ir.Value | None]

_NORM_INPUTS = 5


@replaces("BatchNormalization", before=14)
def batch_norm(node: ir.Node, site: Site) -> Values | None:
    """Of up to five outputs one is left; statistics for each pixel become plain arithmetic."""
    x, gamma, beta, mean, variance = node.inputs[:_NORM_INPUTS]
    epsilon = real(node, "epsilon", 1e-5)
    if integer(node, "spatial", 1):
        return [
            site.op("BatchNormalization", x, gamma, beta, mean, variance, epsilon=epsilon),
            *[None] * (len(node.outputs) - 1),
        ]
    small = _scalar(epsilon, x, site)
    deviation = site.op("Sqrt", site.op("Add", variance, small))
    scale = site.op("Div", gamma, deviation)
    shift = site.op("Sub", beta, site.op("Mul", mean, scale))
    return [site.op("Add", site.op("Mul", x, scale), shift)]


@replaces("Cast", before=6)
def cast(node: ir.Node, site: Site) -> Values | None:
    """The type was spelled out."""
    to = node.attributes["to"]
    if to.type != ir.AttributeType.STRING:
        return None
    return [site.op("Cast", node.inputs[0], to=ir.DataType[to.as_string().upper()].value)]


@replaces("Scatter")
def scatter(node: ir.Node, site: Site) -> Values | None:
    """Scatter was renamed."""
    return [site.op("ScatterElements", *node.inputs, **kept(node))]


@replaces("Selu", before=6)
def selu(node: ir.Node, site: Site) -> Values | None:
    """Its constants had fewer digits."""
    alpha, gamma = real(node, "alpha", 1.6732), real(node, "gamma", 1.0507)
    return [site.op("Selu", node.inputs[0], alpha=alpha, gamma=gamma)]


@replaces("LpPool", "GlobalLpPool", before=2)
def lp_pool(node: ir.Node, site: Site) -> Values | None:
    """The exponent was a float."""
    return [site.op(node.op_type, node.inputs[0], **{**kept(node), "p": int(real(node, "p", 2.0))})]


@replaces("Affine")
def affine(node: ir.Node, site: Site) -> Values | None:
    """``alpha x + beta``."""
    x, alpha, beta = node.inputs[0], real(node, "alpha", 1.0), real(node, "beta", 0.0)
    scaled = site.op("Mul", x, _scalar(alpha, x, site))
    return [site.op("Add", scaled, _scalar(beta, x, site))]


@replaces("ImageScaler")
def image_scaler(node: ir.Node, site: Site) -> Values | None:
    """``scale x`` and a bias for each channel."""
    x, scale = node.inputs[0], real(node, "scale", 1.0)
    bias = np.array(node.attributes["bias"].as_floats(), dtype_of(x)).reshape(-1, 1, 1)
    scaled = site.op("Mul", x, _scalar(scale, x, site))
    return [site.op("Add", scaled, site.constant(bias))]


@replaces("ScaledTanh")
def scaled_tanh(node: ir.Node, site: Site) -> Values | None:
    """``alpha tanh(beta x)``."""
    x, alpha, beta = node.inputs[0], real(node, "alpha", 1.0), real(node, "beta", 1.0)
    inner = site.op("Mul", x, _scalar(beta, x, site))
    return [site.op("Mul", site.op("Tanh", inner), _scalar(alpha, x, site))]


@replaces("ParametricSoftplus")
def parametric_softplus(node: ir.Node, site: Site) -> Values | None:
    """``alpha log(1 + exp(beta x))``."""
    x, alpha, beta = node.inputs[0], real(node, "alpha", 1.0), real(node, "beta", 1.0)
    inner = site.op("Mul", x, _scalar(beta, x, site))
    return [site.op("Mul", site.op("Softplus", inner), _scalar(alpha, x, site))]


def _scalar(number: float, like: ir.Value | None, site: Site) -> ir.Value:
    return site.constant(np.array(number, dtype_of(like)))
