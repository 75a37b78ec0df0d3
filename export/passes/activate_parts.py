"""An activation of a Concat becomes one of its parts, where those that compute them apply it.

Bounds act on each number by itself, so that they may come before a Concat as well as behind it.
Before it, a convolution or an addition applies them as it writes, and parts that are never below
zero need none. Behind it they are an operator of their own, over all elements; in int8, where
XNNPACK has no RELU, the three of ShuffleNet V1 (g=3) were 30 % of its instructions on arm64.
"""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.graph.nonnegative import is_nonnegative
from _edgeship.export.passes.new_values import NewValues

#: What applies bounds to its result at no cost, in one runtime or all.
_APPLYING = {"Add", "BatchNormalization", "Conv", "Div", "Gemm", "Mul", "Sub"}


def activate_parts(model: ir.Model) -> int:
    """Let Relu and Clip act on the parts of a Concat that only they read, in place.

    Not where more than one part would need an operator of its own.

    Returns:
        The number of activations that changed their place.
    """
    new = NewValues(model.graph)
    moved = 0
    waiting = [node for node in model.graph if node.op_type in ("Clip", "Relu")]
    while waiting:
        node = waiting.pop()
        joint = _joint_before(node)
        if joint is not None:
            waiting += _move(model.graph, new, node, joint)
            moved += 1
    if moved:
        model.graph.sort()
    return moved


def _joint_before(node: ir.Node) -> ir.Node | None:
    """Return the Concat whose parts an activation is better applied to."""
    value = node.inputs[0]
    if value is None or not _is_read_once(value):
        return None
    joint = value.producer()
    if joint is None or joint.op_type != "Concat":
        return None
    if any(bound is not None and bound.const_value is None for bound in node.inputs[1:]):
        return None
    left = [part for part in joint.inputs if not _is_free(node, part)]
    return joint if len(left) <= min(1, len(joint.inputs) - 1) else None


def _is_free(node: ir.Node, part: ir.Value | None) -> bool:
    """Return whether the activation of a part needs no operator."""
    if part is None or _changes_nothing(node, part):
        return True
    maker = part.producer()
    if maker is None or not _is_read_once(part):
        return False
    return maker.op_type in _APPLYING or (
        maker.op_type == "Concat" and all(_is_free(node, inner) for inner in maker.inputs)
    )


def _changes_nothing(node: ir.Node, part: ir.Value) -> bool:
    maker = part.producer()
    if node.op_type == "Relu":
        return is_nonnegative(part)
    same = maker is not None and maker.op_type == "Clip" and maker.inputs[1:] == node.inputs[1:]
    return same and maker is not None and dict(maker.attributes) == dict(node.attributes)


def _is_read_once(value: ir.Value) -> bool:
    return len(value.uses()) == 1 and not value.is_graph_output()


def _move(graph: ir.Graph, new: NewValues, node: ir.Node, joint: ir.Node) -> list[ir.Node]:
    """Return the new activations."""
    added: dict[ir.Value, ir.Node] = {}
    for index, part in enumerate(joint.inputs):
        if part is None or _changes_nothing(node, part):
            continue
        if part not in added:
            activation = ir.node(node.op_type, [part, *node.inputs[1:]], node.attributes)
            result = new.result(activation, f"{part.name}_activated", part)
            result.shape = part.shape
            added[part] = activation
        joint.replace_input_with(index, added[part].outputs[0])
    old, joined = node.outputs[0], joint.outputs[0]
    ir.convenience.replace_nodes_and_values(graph, node, [node], [], [old], [joined])
    return list(added.values())
