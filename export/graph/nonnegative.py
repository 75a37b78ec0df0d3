"""Which values of an ONNX graph can never be below zero."""

from __future__ import annotations

import math

import onnx_ir as ir

_ALWAYS = {"Abs", "Exp", "HardSigmoid", "Relu", "Sigmoid", "Softmax", "Sqrt"}
_IF_FIRST_IS = {
    "AveragePool",
    "DepthToSpace",
    "Dropout",
    "Expand",
    "Flatten",
    "Gather",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "MaxPool",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Reshape",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
}
_IF_ALL_ARE = {"Add", "Concat", "Min", "Mul", "Sum"}


def is_nonnegative(value: ir.Value) -> bool:
    """Return whether a value is at least zero for every input, as far as its producers tell.

    Of a Concat, a sum or a product, every operand must be so. Shapes, axes and indices do not
    matter.
    """
    seen: set[ir.Value] = set()
    waiting = [value]
    while waiting:
        node = waiting.pop().producer()
        if node is None:
            return False
        if node.op_type in _ALWAYS or (node.op_type == "Clip" and _lower_bound(node) >= 0):
            continue
        if node.op_type in _IF_ALL_ARE:
            data = node.inputs
        elif node.op_type in _IF_FIRST_IS:
            data = node.inputs[:1]
        else:
            return False
        new = [item for item in data if item is not None and item not in seen]
        seen.update(new)
        waiting += new
    return True


def _lower_bound(node: ir.Node) -> float:
    """Return the smallest value that a Clip can give: its upper bound where the bounds cross."""
    low, high = (_bound(node, name, index) for name, index in (("min", 1), ("max", 2)))
    low = -math.inf if low is None else low
    return low if high is None else min(low, high)


def _bound(node: ir.Node, name: str, index: int) -> float | None:
    """Return a bound of a Clip: None if it has none, minus infinity if the graph computes it."""
    if name in node.attributes:
        return node.attributes[name].as_float()
    bound = node.inputs[index] if index < len(node.inputs) else None
    if bound is None:
        return None
    return -math.inf if bound.const_value is None else float(bound.const_value.numpy().item())
