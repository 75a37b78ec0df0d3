"""Multiply-accumulates and parameters of an ONNX graph with static shapes."""

from __future__ import annotations

import math

import onnx_ir as ir


def mult_adds(model: ir.Model) -> int:
    """Return the multiply-accumulates of convolutions and matrix products, for the whole batch.

    As in the ShuffleNet and MobileNet papers, biases, activations and element-wise arithmetic do
    not count.
    """
    return sum(_node_mult_adds(node) for node in model.graph)


def parameters(model: ir.Model) -> int:
    """Return how many floating-point numbers the constants hold.

    Batch norms count as the graph has them: not at all where they have been folded.
    """
    return sum(
        math.prod(_shape(value))
        for value in model.graph.initializers.values()
        if value.dtype is not None and value.dtype.is_floating_point()
    )


def _node_mult_adds(node: ir.Node) -> int:
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    x, weight = node.inputs[0], node.inputs[1]
    if x is None or weight is None:
        return 0
    if node.op_type == "Conv":
        # Each output element sums one filter, whose first axis counts the filters.
        return math.prod(_shape(node.outputs[0])) * math.prod(_shape(weight)[1:])
    if node.op_type == "ConvTranspose":
        return math.prod(_shape(x)) * math.prod(_shape(weight)[1:])
    transposed = node.op_type == "Gemm" and "transA" in node.attributes
    inner = _shape(x)[0 if transposed and node.attributes["transA"].as_int() else -1]
    return math.prod(_shape(node.outputs[0])) * inner


def _shape(value: ir.Value) -> tuple[int, ...]:
    return tuple(int(str(extent)) for extent in value.shape or ())
