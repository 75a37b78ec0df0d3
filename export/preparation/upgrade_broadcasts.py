"""Operators that broadcast by rules of their own before operator set 7."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.preparation.rules import Site, replaces

Values = Sequence[ir.Value | None]


@replaces(
    "Add",
    "And",
    "Div",
    "Equal",
    "Greater",
    "Less",
    "Mul",
    "Or",
    "Pow",
    "Sub",
    "Xor",
    before=7,
)
def binary(node: ir.Node, site: Site) -> Values | None:
    """The axes of the second operand lay at ``axis`` of the first's, or at its end."""
    first, second = node.inputs[:2]
    rank, own = len(site.shape(first)), len(site.shape(second))
    if integer(node, "broadcast", 0) and "axis" in node.attributes and own:
        axis = integer(node, "axis", 0) % rank
        shape = (*site.shape(second), *(1,) * (rank - axis - own))
        second = site.op("Reshape", second, site.constant(np.array(shape, np.int64)))
    return [site.op(node.op_type, first, second)]


@replaces("PRelu", before=7)
def prelu(node: ir.Node, site: Site) -> Values | None:
    """The slopes lay along the channels."""
    x, slope = node.inputs[:2]
    rank, own = len(site.shape(x)), site.shape(slope)
    if len(own) != 1 or own == (1,) or rank <= 2:
        return None
    shape = np.array((*own, *(1,) * (rank - 2)), np.int64)
    return [site.op("PRelu", x, site.op("Reshape", slope, site.constant(shape)))]
