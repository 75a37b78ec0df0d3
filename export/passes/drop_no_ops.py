"""Nodes that give back what they are given are taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import static_shape


def drop_no_ops(model: ir.Model) -> int:
    """Let the readers of a node that changes nothing read its input, in place.

    Returns:
        The number of nodes taken out.
    """
    dropped = 0
    for node in list(model.graph):
        x = node.inputs[0] if node.inputs else None
        rule = _RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        if x is None or rule is None or not rule(node):
            continue
        if any(output.uses() or output.is_graph_output() for output in node.outputs[1:]):
            continue
        kept = _kept(node)
        if kept is None or not _replace(node, kept):
            continue
        model.graph.remove(node, safe=True)
        dropped += 1
    return dropped


def _kept(node: ir.Node) -> ir.Value | None:
    """Return the input that a node gives back, if it has the result's shape and type."""
    for value in node.inputs[:2]:
        if value is None or value.const_value is not None:
            continue
        same_shape = static_shape(value) == static_shape(node.outputs[0]) is not None
        return value if same_shape and value.dtype == node.outputs[0].dtype else None
    return None


def _replace(node: ir.Node, kept: ir.Value) -> bool:
    """Let all that read a node's result read ``kept``; False where that would lose a name."""
    result = node.outputs[0]
    if not result.is_graph_output():
        result.replace_all_uses_with(kept)
        return True
    if kept.producer() is None or kept.is_graph_output():
        return False  # an output of the graph must be computed, and is called what it is called
    name = result.name
    result.replace_all_uses_with(kept, replace_graph_outputs=True)
    result.name = None
    kept.name = name
    return True


def _always(node: ir.Node) -> bool:
    return True


def _is_not_training(node: ir.Node) -> bool:
    flag = node.inputs[2] if len(node.inputs) > 2 else None
    return flag is None or (flag.const_value is not None and not flag.const_value.numpy().any())


def _same_order(node: ir.Node) -> bool:
    perm = node.attributes.get("perm")
    return perm is not None and list(perm.as_ints()) == sorted(perm.as_ints())


def _one_input(node: ir.Node) -> bool:
    return len(node.inputs) == 1


def _steps_forward(node: ir.Node) -> bool:
    """Return whether a Slice whose result is as large as its input leaves the order as it is."""
    steps = node.inputs[4] if len(node.inputs) > 4 else None
    return steps is None or (steps.const_value is not None and bool((_data(steps) > 0).all()))


def _keeps_values(node: ir.Node) -> bool:
    """Return whether a Pad whose result is as large as its input has no pads, of either sign."""
    pads = node.inputs[1] if len(node.inputs) > 1 else None
    return pads is not None and pads.const_value is not None and not _data(pads).any()


def _adds(neutral: float, *sides: int) -> Callable[[ir.Node], bool]:
    """Return a rule for arithmetic in which a constant ``neutral`` on one of the sides is lost."""

    def rule(node: ir.Node) -> bool:
        for side in sides:
            value = node.inputs[side]
            if value is not None and value.const_value is not None:
                return bool((_data(value) == neutral).all())
        return False

    return rule


def _data(value: ir.Value) -> NDArray[Any]:
    if value.const_value is None:
        raise ValueError(f"{value.name} is no constant")
    data: NDArray[Any] = value.const_value.numpy()
    return data


def _unclipped(node: ir.Node) -> bool:
    return all(value is None for value in node.inputs[1:])


_RULES: dict[str, Callable[[ir.Node], bool]] = {
    "Add": _adds(0.0, 0, 1),
    "Cast": _always,
    "Clip": _unclipped,
    "Concat": _one_input,
    "Div": _adds(1.0, 1),
    "Dropout": _is_not_training,
    "Expand": _always,
    "Flatten": _always,
    "Identity": _always,
    "Max": _one_input,
    "Mean": _one_input,
    "Min": _one_input,
    "Mul": _adds(1.0, 0, 1),
    "Pad": _keeps_values,
    "Pow": _adds(1.0, 1),
    "Reshape": _always,
    "Slice": _steps_forward,
    "Split": _always,
    "Squeeze": _always,
    "Sub": _adds(0.0, 1),
    "Sum": _one_input,
    "Tile": _always,
    "Transpose": _same_order,
    "Unsqueeze": _always,
}
