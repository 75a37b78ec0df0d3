"""Transposes of transposes and reshapes of reshapes become one."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.new_values import NewValues

_RESHAPES = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"}


def join_moves(model: ir.Model) -> int:
    """Let a Transpose or a reshape read what the one before it reads, in place.

    Returns:
        The number of nodes changed.
    """
    return sum(_join_transposes(node) or _join_reshapes(model, node) for node in model.graph)


def _join_transposes(node: ir.Node) -> bool:
    before = _producer(node) if node.op_type == "Transpose" else None
    if before is None or before.op_type != "Transpose" or before.inputs[0] is None:
        return False
    rank = len(static_shape(node.outputs[0]) or ())
    first, second = _perm(before, rank), _perm(node, rank)
    node.attributes["perm"] = ir.AttrInt64s("perm", [first[axis] for axis in second])
    node.replace_input_with(0, before.inputs[0])
    return True


def _join_reshapes(model: ir.Model, node: ir.Node) -> bool:
    before = _producer(node) if node.op_type in _RESHAPES else None
    if before is None or before.op_type not in _RESHAPES:
        return False
    source, shape = before.inputs[0], static_shape(node.outputs[0])
    if source is None or shape is None or 0 in shape:
        return False
    old = node.outputs[0]
    target = NewValues(model.graph).constant(f"{old.name}_shape", np.array(shape, np.int64))
    joined = ir.node("Reshape", [source, target], name=node.name)
    joined.outputs[0].shape, joined.outputs[0].type = old.shape, old.type
    ir.convenience.replace_nodes_and_values(
        model.graph, node, [node], [joined], [old], joined.outputs
    )
    return True


def _producer(node: ir.Node) -> ir.Node | None:
    x = node.inputs[0]
    return None if x is None else x.producer()


def _perm(node: ir.Node, rank: int) -> list[int]:
    """Return the order of a Transpose; by default it turns all axes round."""
    perm = node.attributes.get("perm")
    return list(range(rank))[::-1] if perm is None else list(perm.as_ints())
