"""A constant added in front of a convolution or a matrix product becomes part of its bias."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import float64_data, integer, real
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.new_values import NewValues

_POOLS = ("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool")
_REDUCTIONS = ("ReduceMax", "ReduceMean", "ReduceMin")


def absorb_offset(model: ir.Model) -> int:
    """Take ``Add`` of one constant per channel into the next Conv's or Gemm's bias, in place.

    Pools in between do not matter: the maximum, or the mean, of sums with a constant is the sum of
    the maximum, or the mean, with it. Nor does flattening. Padding matters: nothing was added to
    the zeros around the map; those around a max pool never count.

    Returns:
        The number of additions absorbed.
    """
    absorbed = 0
    for node in list(model.graph):
        found = _offset(node) if node.op_type == "Add" else None
        reader = _reader_behind(node) if found is not None else None
        if found is None or reader is None:
            continue
        x, offset = found
        if reader.op_type == "Conv":
            _absorb(model.graph, reader, _sums(reader, offset))
        else:
            _absorb(model.graph, reader, _products(reader, offset))
        node.outputs[0].replace_all_uses_with(x)
        model.graph.remove(node, safe=True)
        absorbed += 1
    return absorbed


def _offset(node: ir.Node) -> tuple[ir.Value, NDArray[np.float64]] | None:
    """Return the operand that is not constant, and what is added to each channel, (C,)."""
    for x, constant in (node.inputs, node.inputs[::-1]):
        if x is None or constant is None or constant.const_value is None or x.shape is None:
            continue
        channels = x.shape[1] if len(x.shape) > 2 else None
        values = constant.const_value.numpy().astype(np.float64)
        # One value per channel: every other axis has one place, and no axis is added.
        shape = (1,) * (len(x.shape) - values.ndim) + values.shape
        if isinstance(channels, int) and shape == (1, channels, *[1] * (len(x.shape) - 2)):
            return x, values.reshape(-1)
    return None


def _reader_behind(node: ir.Node) -> ir.Node | None:
    """Return the unpadded Conv, or the Gemm, that alone reads a result, through pools."""
    value = node.outputs[0]
    while len(value.uses()) == 1 and not value.is_graph_output():
        ((reader, index),) = value.uses()
        if _keeps_offsets(reader):
            value = reader.outputs[0]
            continue
        constant = all(v is None or v.const_value is not None for v in reader.inputs[1:])
        if index != 0 or not constant:
            return None
        able = reader.op_type == "Conv" and _is_unpadded(reader)
        return reader if able or _is_plain_product(reader) else None
    return None


def _keeps_offsets(node: ir.Node) -> bool:
    """Return whether a node gives x + c for x + c, where c is one number for each channel."""
    if node.op_type in _POOLS:
        average = node.op_type == "AveragePool"
        inside = _is_unpadded(node) and not integer(node, "ceil_mode", 0)
        return len(node.outputs) == 1 and (inside or not average)
    if node.op_type in _REDUCTIONS:
        return _reduces_places(node)
    if node.op_type not in ("Flatten", "Reshape"):
        return False
    before, after = static_shape(node.inputs[0]), static_shape(node.outputs[0])
    return before is not None and after is not None and len(after) == 2 and after[0] == before[0]


def _reduces_places(node: ir.Node) -> bool:
    """Return whether a reduction leaves samples and channels apart."""
    shape = static_shape(node.inputs[0])
    axes = _axes(node)
    return shape is not None and bool(axes) and min(axis % len(shape) for axis in axes) > 1


def _axes(node: ir.Node) -> list[int]:
    """Return the axes that a reduction names, none if they are not known."""
    if "axes" in node.attributes:
        return list(node.attributes["axes"].as_ints())
    given = node.inputs[1] if len(node.inputs) > 1 else None
    if given is None or given.const_value is None:
        return []
    return [int(axis) for axis in given.const_value.numpy().reshape(-1)]


def _is_plain_product(node: ir.Node) -> bool:
    return (
        node.op_type == "Gemm"
        and not integer(node, "transA", 0)
        and real(node, "alpha", 1.0) == real(node, "beta", 1.0) == 1
    )


def _is_unpadded(node: ir.Node) -> bool:
    pads, auto = node.attributes.get("pads"), node.attributes.get("auto_pad")
    return (pads is None or not any(pads.as_ints())) and (
        auto is None or auto.as_string() in ("NOTSET", "VALID")
    )


def _sums(conv: ir.Node, offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a Conv makes of one constant for each of its input's channels: (outputs,)."""
    weight = float64_data(conv.inputs[1])
    groups = integer(conv, "group", 1)
    # An output reads the channels of its group: (groups, outputs, channels), (groups, channels).
    sums = weight.reshape(groups, weight.shape[0] // groups, weight.shape[1], -1).sum(3)
    result: NDArray[np.float64] = np.einsum("goc,gc->go", sums, offset.reshape(groups, -1))
    return result.reshape(-1)


def _products(gemm: ir.Node, offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a Gemm makes of one constant for each channel of a map that was flattened."""
    weight = float64_data(gemm.inputs[1])
    weight = weight.T if integer(gemm, "transB", 0) else weight
    result: NDArray[np.float64] = np.repeat(offset, len(weight) // len(offset)) @ weight
    return result


def _absorb(graph: ir.Graph, node: ir.Node, change: NDArray[np.float64]) -> None:
    """Add to the bias of a node."""
    has_bias = len(node.inputs) > 2 and node.inputs[2] is not None
    bias = change + float64_data(node.inputs[2]) if has_bias else change
    new = NewValues(graph).constant(f"{node.outputs[0].name}_bias", bias.astype(np.float32))
    node.resize_inputs(3)
    node.replace_input_with(2, new)
