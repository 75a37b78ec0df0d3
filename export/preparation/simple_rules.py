"""Nodes that say less than they seem to: Shape, Identity, Dropout, a Squeeze of no axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.preparation.rules import Site, replaces


@replaces("Identity")
def identity(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Identity: the value itself."""
    return [node.inputs[0]]


@replaces("Shape")
def shape(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Shape of a value that has a static one: a constant."""
    extents = static_shape(node.inputs[0])
    if extents is None:
        return None
    start = integer(node, "start", 0)
    end = integer(node, "end", len(extents))
    return [site.constant(np.array(extents[slice(start, end)], np.int64))]


@replaces("Size")
def size(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Size of a value that has a static shape: a constant."""
    extents = static_shape(node.inputs[0])
    return None if extents is None else [site.constant(np.array(np.prod(extents), np.int64))]


@replaces("Dropout")
def dropout(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Dropout outside of training: the value itself, and a mask of what is kept."""
    training = site.knowledge.array(node.inputs[2]) if len(node.inputs) > 2 else None
    if len(node.inputs) > 2 and node.inputs[2] is not None and (training is None or training.any()):
        return None
    mask = node.outputs[1] if len(node.outputs) > 1 else None
    kept = None
    if mask is not None and (mask.uses() or mask.is_graph_output()):
        kept = site.constant(np.ones(site.shape(node.inputs[0]), np.bool_))
    return [node.inputs[0], kept]


@replaces("Cast")
def cast(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Cast to the type that the value has: the value itself."""
    value, to = node.inputs[0], node.attributes.get("to")
    if value is None or to is None or to.type != ir.AttributeType.INT:
        return None
    return [value] if value.dtype == ir.DataType(to.as_int()) else None


@replaces("CastLike")
def cast_like(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """CastLike: a Cast to the type of the other value."""
    other = node.inputs[1]
    return (
        [site.op("Cast", node.inputs[0], to=other.dtype.value)] if other and other.dtype else None
    )


@replaces("Squeeze")
def squeeze(node: ir.Node, site: Site) -> Sequence[ir.Value | None] | None:
    """Squeeze of no axes: of all that have one entry, as runtimes read it, and not of none."""
    axes = site.knowledge.array(node.inputs[1]) if len(node.inputs) > 1 else None
    return None if axes is None or axes.size else [site.op("Squeeze", node.inputs[0])]
