"""Chains of nodes that only pick elements along one axis become one Gather of that axis.

PyTorch's ``x[:, indices]`` is exported as a Transpose, a GatherND and a Transpose back, and
``expand`` between reshapes, which repeats channels, as a Reshape, an Expand and a Reshape. As a
Gather with constant indices, later passes absorb it, or a target cuts and joins.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.passes.channel_moves import constant, integers
from _edgeship.export.passes.new_values import NewValues

Numbers = NDArray[np.int64]

#: Longest chain that is followed, and most elements.
_LONGEST_CHAIN = 5
_MOST_ELEMENTS = 1 << 22


def plain_moves(model: ir.Model) -> int:
    """Replace chains with a GatherND or an Expand in them by a Gather, in place.

    Only chains whose values nobody else reads; the result of a chain is an axis of what goes in,
    its elements in another order, repeated or left out. Requires static shapes.

    Returns:
        The number of chains replaced.
    """
    replaced = 0
    for node in list(model.graph):
        if node.graph is None or node.op_type not in _MOVES:
            continue
        chain = _chain(node)
        if chain is not None:
            _replace(model.graph, *chain)
            replaced += 1
    return replaced


def _chain(first: ir.Node) -> tuple[list[ir.Node], int, Numbers] | None:
    """Return the longest chain from a node on that is a Gather, its axis and its indices.

    Numbers that name the elements are sent through the chain.
    """
    source = first.inputs[0]
    shape = static_shape(source)
    if source is None or source.const_value is not None or shape is None:
        return None
    if not 0 < math.prod(shape) <= _MOST_ELEMENTS:
        return None
    elements = np.arange(math.prod(shape)).reshape(shape)
    moved, nodes, best = elements, [first], None
    while True:
        following = _moved(nodes[-1], moved)
        if following is None:
            return best
        moved = following
        if any(node.op_type in ("Expand", "GatherND") for node in nodes):
            gathered = _as_gather(elements, moved)
            if gathered is not None:
                best = (list(nodes), *gathered)
        result = nodes[-1].outputs[0]
        uses = result.uses()
        if len(uses) != 1 or result.is_graph_output() or len(nodes) == _LONGEST_CHAIN:
            return best
        use = next(iter(uses))
        if use.node.op_type not in _MOVES or use.idx != 0:
            return best
        nodes.append(use.node)


def _moved(node: ir.Node, data: Numbers) -> Numbers | None:
    """Return what a node makes of numbers; None if they are too many, or it would fail on them."""
    shape = static_shape(node.outputs[0])
    if shape is None or math.prod(shape) > _MOST_ELEMENTS:
        return None
    try:
        moved = _MOVES[node.op_type](node, data)
    except (IndexError, ValueError):  # an index beyond the end, or another order of axes
        return None
    return moved if moved is not None and moved.shape == tuple(shape) else None


def _as_gather(before: Numbers, after: Numbers) -> tuple[int, Numbers] | None:
    """Return the axis and the indices that make ``after`` of ``before``, if there are."""
    if before.ndim != after.ndim:
        return None
    changed = [axis for axis in range(before.ndim) if before.shape[axis] != after.shape[axis]]
    for axis in changed or range(before.ndim):
        line = np.moveaxis(after, axis, 0).reshape(after.shape[axis], -1)[:, 0]
        indices = (line // math.prod(before.shape[axis + 1 :])) % before.shape[axis]
        taken = before.take(indices, axis)
        if taken.shape == after.shape and np.array_equal(taken, after):
            return axis, indices
    return None


def _replace(graph: ir.Graph, nodes: list[ir.Node], axis: int, indices: Numbers) -> None:
    source, old = nodes[0].inputs[0], nodes[-1].outputs[0]
    name = old.name or "moved"
    constants = NewValues(graph)
    gather = ir.node(
        "Gather",
        [source, constants.constant(f"{name}_indices", indices)],
        attributes={"axis": axis},
        name=nodes[-1].name,
    )
    ir.convenience.replace_nodes_and_values(
        graph, nodes[-1], nodes[::-1], [gather], [old], gather.outputs
    )


def _shaped(node: ir.Node, data: Numbers) -> Numbers | None:
    shape = static_shape(node.outputs[0])
    return None if shape is None or math.prod(shape) != data.size else data.reshape(shape)


def _transposed(node: ir.Node, data: Numbers) -> Numbers:
    order = node.attributes.get("perm")
    return np.transpose(data, None if order is None else list(order.as_ints()))


def _expanded(node: ir.Node, data: Numbers) -> Numbers | None:
    shape: Shape | None = static_shape(node.outputs[0])
    return None if shape is None else np.broadcast_to(data, shape)


def _gathered(node: ir.Node, data: Numbers) -> Numbers | None:
    indices = constant(node.inputs[1])
    if indices is None or indices.ndim != 1:
        return None
    return data.take(indices.astype(np.int64), integer(node, "axis", 0))


def _gathered_rows(node: ir.Node, data: Numbers) -> Numbers | None:
    indices = constant(node.inputs[1])
    if indices is None or indices.ndim != 2 or indices.shape[1] != 1:
        return None
    if integer(node, "batch_dims", 0):
        return None
    return data[indices[:, 0].astype(np.int64)]


def _tiled(node: ir.Node, data: Numbers) -> Numbers | None:
    repeats = integers(node, "repeats", 1)
    return None if repeats is None else np.tile(data, repeats)


_MOVES: dict[str, Callable[[ir.Node, Numbers], Numbers | None]] = {
    "Expand": _expanded,
    "Gather": _gathered,
    "GatherND": _gathered_rows,
    "Reshape": _shaped,
    "Squeeze": _shaped,
    "Tile": _tiled,
    "Transpose": _transposed,
    "Unsqueeze": _shaped,
}
