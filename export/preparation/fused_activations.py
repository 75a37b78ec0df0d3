"""GELU in all the forms that ONNX Runtime's optimizer has an operator for, taken apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import real
from _edgeship.export.preparation.knowledge import dtype_of
from _edgeship.export.preparation.rules import Site, replaces

Values = Sequence[ir.Value | None]

MICROSOFT = "com.microsoft"


@replaces("Gelu", "BiasGelu", domain=MICROSOFT)
def exact(node: ir.Node, site: Site) -> Values | None:
    """``x / 2 (1 + erf(x / sqrt 2))``, of the sum with a bias if there is one."""
    return [gelu(_sum(node, site), site)]


@replaces("FastGelu", domain=MICROSOFT)
def fast(node: ir.Node, site: Site) -> Values | None:
    """The form with tanh, of the sum with a bias if there is one."""
    x = _sum(node, site)
    cube = site.op("Mul", x, site.op("Mul", x, x))
    inner = site.op("Add", x, site.op("Mul", cube, number(0.044715, x, site)))
    grown = site.op("Tanh", site.op("Mul", inner, number(math.sqrt(2 / math.pi), x, site)))
    return [_half_of(x, grown, site)]


@replaces("QuickGelu", domain=MICROSOFT)
def quick(node: ir.Node, site: Site) -> Values | None:
    """``x sigmoid(alpha x)``; with an alpha of 1 it is SiLU."""
    x, alpha = _sum(node, site), real(node, "alpha", 1.702)
    scaled = x if alpha == 1 else site.op("Mul", x, number(alpha, x, site))
    return [site.op("Mul", x, site.op("Sigmoid", scaled))]


@replaces("BiasSplitGelu", domain=MICROSOFT)
def split(node: ir.Node, site: Site) -> Values | None:
    """The first half of a sum's last axis times GELU of the second."""
    total = _sum(node, site)
    first, second = site.ops("Split", [total], 2, axis=-1, num_outputs=2)
    return [site.op("Mul", first, gelu(second, site))]


def gelu(x: ir.Value, site: Site) -> ir.Value:
    """Return exact GELU of a value."""
    scaled = site.op("Mul", x, number(math.sqrt(0.5), x, site))
    return _half_of(x, site.op("Erf", scaled), site)


def number(value: float, like: ir.Value, site: Site) -> ir.Value:
    """Return a scalar of the type of another value."""
    return site.constant(np.array(value, dtype_of(like)))


def _half_of(x: ir.Value, grown: ir.Value, site: Site) -> ir.Value:
    """Return ``x / 2 (1 + grown)``."""
    gate = site.op("Add", grown, number(1.0, x, site))
    return site.op("Mul", site.op("Mul", x, number(0.5, x, site)), gate)


def _sum(node: ir.Node, site: Site) -> ir.Value:
    x = node.inputs[0]
    if x is None:
        raise ValueError(f"{node.op_type} has no input")
    bias = node.inputs[1] if len(node.inputs) > 1 else None
    return x if bias is None else site.op("Add", x, bias)
