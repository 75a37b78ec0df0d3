"""Which values of an ONNX graph can never be below zero."""

from __future__ import annotations

import onnx_ir as ir

_ALWAYS = {"Relu", "Sigmoid", "HardSigmoid", "Softmax", "Abs", "Exp", "Sqrt"}
_IF_INPUTS_ARE = {
    "AveragePool",
    "Concat",
    "Dropout",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "MaxPool",
    "ReduceMax",
    "ReduceMean",
    "Reshape",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
}


def is_nonnegative(value: ir.Value) -> bool:
    """Return whether a value is at least zero for every input, as far as its producers tell.

    A branch of a Concat must be so as well as the others; shape operands do not count.
    """
    node = value.producer()
    if node is None:
        return False
    if node.op_type in _ALWAYS:
        return True
    if node.op_type == "Clip":
        return _lower_bound(node) >= 0
    if node.op_type in _IF_INPUTS_ARE:
        data = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        return all(item is not None and is_nonnegative(item) for item in data)
    return False


def _lower_bound(node: ir.Node) -> float:
    if "min" in node.attributes:
        return node.attributes["min"].as_float()
    bound = node.inputs[1] if len(node.inputs) > 1 else None
    if bound is None or bound.const_value is None:
        return float("-inf")
    return float(bound.const_value.numpy().reshape(-1)[0])
