"""Multiply-accumulates and parameters of an ONNX graph, where they can be counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape, static_shape

#: Operators that multiply and sum in ways that are not counted here, and those that run others.
_NOT_COUNTED = {
    "Attention",
    "CausalConvWithState",
    "ConvInteger",
    "DFT",
    "DeformConv",
    "If",
    "LinearAttention",
    "Loop",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
    "STFT",
    "Scan",
    "SequenceMap",
}


def mult_adds(model: ir.Model) -> int | None:
    """Return the multiply-accumulates of convolutions and matrix products, for the whole batch.

    As in the ShuffleNet and MobileNet papers, biases, activations and element-wise arithmetic do
    not count.

    Returns:
        None if a shape that a count needs is not known, or an operator's work is not.
    """
    return _total(node_mult_adds(node) for node in model.graph)


def parameters(model: ir.Model) -> int | None:
    """Return how many floating-point numbers the constants hold, None if a shape is not known.

    Batch norms count as the graph has them: not at all where they have been folded.
    """
    shapes = [
        static_shape(value)
        for value in model.graph.initializers.values()
        if value.dtype is not None and value.dtype.is_floating_point()
    ]
    return _total(None if shape is None else math.prod(shape) for shape in shapes)


def _total(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def node_mult_adds(node: ir.Node) -> int | None:
    """Return the multiply-accumulates of one node; see `mult_adds`."""
    if node.domain or node.op_type in _NOT_COUNTED:
        return None
    count = _COUNTS.get(node.op_type)
    if count is None:
        return 0
    inputs = [static_shape(value) for value in node.inputs if value is not None]
    output = static_shape(next((out for out in node.outputs if out.name), None))
    if output is None or any(shape is None for shape in inputs):
        return None
    return count(node, [shape for shape in inputs if shape is not None], output)


def _conv(node: ir.Node, inputs: list[Shape], output: Shape) -> int:
    # Each output element sums one filter, whose first axis counts the filters.
    return math.prod(output) * math.prod(inputs[1][1:])


def _transposed_conv(node: ir.Node, inputs: list[Shape], output: Shape) -> int:
    return math.prod(inputs[0]) * math.prod(inputs[1][1:])


def _product(node: ir.Node, inputs: list[Shape], output: Shape) -> int:
    transposed = node.op_type == "Gemm" and "transA" in node.attributes
    axis = 0 if transposed and node.attributes["transA"].as_int() else -1
    return math.prod(output) * inputs[0][axis]


def _einsum(node: ir.Node, inputs: list[Shape], output: Shape) -> int | None:
    """Of two operands, one for each way to choose the letters; their order is open with more."""
    equation = node.attributes["equation"].as_string().replace(" ", "")
    terms = equation.split("->")[0].split(",")
    if len(terms) == 1:
        return 0
    if len(terms) > 2 or "." in equation:
        return None
    extents = {
        letter: extent
        for term, shape in zip(terms, inputs, strict=True)
        for letter, extent in zip(term, shape, strict=True)
    }
    return math.prod(extents.values())


def _recurrent(node: ir.Node, inputs: list[Shape], output: Shape) -> int:
    # x (T, N, I) or (N, T, I), weights (D, gates x H, I) and recurrent ones (D, gates x H, H).
    x, weights, recurrent = inputs[:3]
    return math.prod(x[:2]) * (math.prod(weights) + math.prod(recurrent))


_COUNTS: dict[str, Callable[[ir.Node, list[Shape], Shape], int | None]] = {
    "Conv": _conv,
    "ConvTranspose": _transposed_conv,
    "Einsum": _einsum,
    "GRU": _recurrent,
    "Gemm": _product,
    "LSTM": _recurrent,
    "MatMul": _product,
    "RNN": _recurrent,
}
