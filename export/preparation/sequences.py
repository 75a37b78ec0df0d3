"""Sequences and optional values whose members the file fixes become plain tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.preparation.rules import DONE, Site, replaces

Values = Sequence[ir.Value | None]


@replaces("SequenceConstruct", "SequenceEmpty", "Optional")
def construct(node: ir.Node, site: Site) -> Values:
    """A sequence of the inputs; an Optional holds one value or none."""
    members = [value for value in node.inputs if value is not None]
    if node.op_type == "Optional" and members and members[0] in site.knowledge.sequences:
        return members
    return _remember(node, members, site)


@replaces("SequenceInsert")
def insert(node: ir.Node, site: Site) -> Values | None:
    """The members with one more, at the end if nothing says where."""
    members = _members(node, site)
    place = _place(node, 2, site)
    value = node.inputs[1]
    if members is None or place is None or value is None:
        return None
    at = len(members) if not place else place[0] + (len(members) if place[0] < 0 else 0)
    return _remember(node, [*members[:at], value, *members[at:]], site)


@replaces("SequenceErase")
def erase(node: ir.Node, site: Site) -> Values | None:
    """The members without one, the last if nothing says which."""
    members, place = _members(node, site), _place(node, 1, site)
    if members is None or place is None:
        return None
    gone = (place[0] if place else -1) % len(members)
    return _remember(node, [*members[:gone], *members[gone + 1 :]], site)


@replaces("SequenceAt")
def at(node: ir.Node, site: Site) -> Values | None:
    """One of the members."""
    members, place = _members(node, site), _place(node, 1, site)
    return [members[place[0]]] if members and place else None


@replaces("SequenceLength")
def length(node: ir.Node, site: Site) -> Values | None:
    """The number of members."""
    members = _members(node, site)
    return None if members is None else [site.constant(np.array(len(members), np.int64))]


@replaces("ConcatFromSequence")
def concat(node: ir.Node, site: Site) -> Values | None:
    """The members, joined along an axis that they have or along a new one."""
    members = _members(node, site)
    if not members:
        return None
    axis = integer(node, "axis", 0)
    if integer(node, "new_axis", 0):
        place = site.constant(np.array([axis], np.int64))
        members = [site.op("Unsqueeze", member, place) for member in members]
    return [members[0] if len(members) == 1 else site.op("Concat", *members, axis=axis)]


@replaces("SplitToSequence")
def split(node: ir.Node, site: Site) -> Values | None:
    """Parts of a tensor along an axis: of one entry each, of equal length or of given lengths."""
    x = node.inputs[0]
    shape = site.shape(x)
    axis = integer(node, "axis", 0) % len(shape)
    given = node.inputs[1] if len(node.inputs) > 1 else None
    sizes = [1] * shape[axis]
    if given is not None:
        wanted = site.knowledge.integers(given)
        if wanted is None:
            return None
        sizes = wanted if site.shape(given) else _equal(shape[axis], wanted[0])
    parts: list[ir.Value] = [x] if x is not None else []
    if len(sizes) > 1:
        lengths = site.constant(np.array(sizes, np.int64))
        parts = site.ops("Split", [x, lengths], len(sizes), axis=axis)
    if given is None and not integer(node, "keepdims", 1):
        place = site.constant(np.array([axis], np.int64))
        parts = [site.op("Squeeze", part, place) for part in parts]
    return _remember(node, parts, site)


@replaces("OptionalHasElement")
def has_element(node: ir.Node, site: Site) -> Values | None:
    """Whether an optional value is there; a tensor always is."""
    value = node.inputs[0] if node.inputs else None
    known = site.knowledge.sequences.get(value) if value is not None else []
    return [site.constant(np.array(known is None or bool(known)))]


@replaces("OptionalGetElement")
def get_element(node: ir.Node, site: Site) -> Values | None:
    """The value that an optional one holds."""
    value = node.inputs[0]
    if value is None:
        return None
    held = site.knowledge.sequences.get(value)
    return [value] if held is None else held[:1] or None


def _remember(node: ir.Node, members: list[ir.Value], site: Site) -> Values:
    site.knowledge.sequences[node.outputs[0]] = members
    return DONE


def _members(node: ir.Node, site: Site) -> list[ir.Value] | None:
    value = node.inputs[0]
    return None if value is None else site.knowledge.sequences.get(value)


def _place(node: ir.Node, index: int, site: Site) -> list[int] | None:
    """Return where in a sequence a node works: one index, nothing if it says none, None if open."""
    value = node.inputs[index] if index < len(node.inputs) else None
    return [] if value is None else site.knowledge.integers(value)


def _equal(extent: int, size: int) -> list[int]:
    """Return lengths of parts that are equal, but for the last."""
    return [min(size, extent - start) for start in range(0, extent, size)]
