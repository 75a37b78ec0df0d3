"""Operators whose attributes became inputs in later operator sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer, real
from _edgeship.export.preparation.knowledge import dtype_of
from _edgeship.export.preparation.rules import Site, kept, replaces

Values = Sequence[ir.Value | None]

REDUCTIONS = (
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSumSquare",
)


@replaces("Squeeze", "Unsqueeze", "ReduceSum", before=13)
@replaces(*REDUCTIONS, before=18)
def axes(node: ir.Node, site: Site) -> Values | None:
    """The attribute ``axes`` became the second input."""
    found = integers(node, "axes")
    if found is None:
        return None
    given = site.constant(np.array(found, np.int64))
    return [site.op(node.op_type, node.inputs[0], given, **kept(node, "axes"))]


@replaces("Slice", before=10)
def slices(node: ir.Node, site: Site) -> Values | None:
    """The bounds of a Slice were attributes."""
    starts, ends = integers(node, "starts"), integers(node, "ends")
    if starts is None or ends is None:
        return None
    axes_ = integers(node, "axes") or list(range(len(starts)))
    bounds = [site.constant(np.array(each, np.int64)) for each in (starts, ends, axes_)]
    return [site.op("Slice", node.inputs[0], *bounds)]


@replaces("Split", before=18)
def split(node: ir.Node, site: Site) -> Values | None:
    """The sizes of a Split were an attribute, and its equal parts were counted by its outputs."""
    sizes = integers(node, "split")
    given = node.inputs[1] if len(node.inputs) > 1 else None
    if sizes is not None and given is None:
        given = site.constant(np.array(sizes, np.int64))
    attributes = kept(node, "split")
    if given is None:
        attributes["num_outputs"] = len(node.outputs)
    return site.ops("Split", [node.inputs[0], given], len(node.outputs), **attributes)


@replaces("Clip", before=11)
def clip(node: ir.Node, site: Site) -> Values | None:
    """The bounds of a Clip were attributes."""
    bounds = [
        site.constant(np.array(real(node, name, 0.0), dtype_of(node.inputs[0])))
        if name in node.attributes
        else None
        for name in ("min", "max")
    ]
    return [site.op("Clip", node.inputs[0], *bounds)]


@replaces("Pad", before=11)
def pad(node: ir.Node, site: Site) -> Values | None:
    """Width and value of a Pad were attributes; the very first form called them paddings."""
    widths = integers(node, "pads") or integers(node, "paddings") or []
    value = np.array(real(node, "value", 0.0), dtype_of(node.inputs[0]))
    mode = node.attributes.get("mode")
    return [
        site.op(
            "Pad",
            node.inputs[0],
            site.constant(np.array(widths, np.int64)),
            site.constant(value),
            mode=mode.as_string() if mode else "constant",
        )
    ]


@replaces("TopK", before=10)
def top_k(node: ir.Node, site: Site) -> Values | None:
    """How many to take was an attribute."""
    count = site.constant(np.array([integer(node, "k", 1)], np.int64))
    return site.ops("TopK", [node.inputs[0], count], 2, **kept(node, "k"))


@replaces("Reshape", before=5)
def reshape(node: ir.Node, site: Site) -> Values | None:
    """The shape was an attribute."""
    shape = integers(node, "shape")
    if shape is None:
        return None
    return [site.op("Reshape", node.inputs[0], site.constant(np.array(shape, np.int64)))]


@replaces("Tile", before=6)
def tile(node: ir.Node, site: Site) -> Values | None:
    """A Tile repeated along one axis, and took both as inputs."""
    times, axis = (site.knowledge.integers(value) for value in node.inputs[1:3])
    if times is None or axis is None:
        return None
    repeats = np.ones(len(site.shape(node.inputs[0])), np.int64)
    repeats[axis[0]] = times[0]
    return [site.op("Tile", node.inputs[0], site.constant(repeats))]


def integers(node: ir.Node, name: str) -> list[int] | None:
    """Return an attribute that is a list of integers, or None if the node has none."""
    attribute = node.attributes.get(name)
    return None if attribute is None else list(attribute.as_ints())
