"""A constant added in front of a convolution becomes part of its bias."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import float64_data, integer
from _edgeship.export.passes.new_values import NewValues


def absorb_offset(model: ir.Model) -> int:
    """Take ``Add`` of one constant per channel into the next convolution's bias, in place.

    A max pool in between does not matter: the maximum of sums with a constant is the sum of the
    maximum with it. Padding of the convolution does: nothing was added to the zeros around the map.

    Returns:
        The number of additions absorbed.
    """
    absorbed = 0
    for node in list(model.graph):
        found = _offset(node) if node.op_type == "Add" else None
        conv = _convolution_behind(node) if found is not None else None
        if found is None or conv is None:
            continue
        x, offset = found
        _absorb(model.graph, conv, offset)
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


def _convolution_behind(node: ir.Node) -> ir.Node | None:
    """Return the unpadded convolution that alone reads a result, through max pools."""
    value = node.outputs[0]
    while len(value.uses()) == 1 and not value.is_graph_output():
        ((reader, index),) = value.uses()
        if reader.op_type == "MaxPool" and len(reader.outputs) == 1:
            value = reader.outputs[0]
            continue
        constant = all(v is None or v.const_value is not None for v in reader.inputs[1:])
        if reader.op_type == "Conv" and index == 0 and constant and _is_unpadded(reader):
            return reader
        return None
    return None


def _is_unpadded(conv: ir.Node) -> bool:
    pads, auto = conv.attributes.get("pads"), conv.attributes.get("auto_pad")
    return (pads is None or not any(pads.as_ints())) and (
        auto is None or auto.as_string() in ("NOTSET", "VALID")
    )


def _absorb(graph: ir.Graph, conv: ir.Node, offset: NDArray[np.float64]) -> None:
    weight = float64_data(conv.inputs[1])
    groups = integer(conv, "group", 1)
    # An output reads the channels of its group: (groups, outputs, channels), (groups, channels).
    sums = weight.reshape(groups, weight.shape[0] // groups, weight.shape[1], -1).sum(3)
    change = np.einsum("goc,gc->go", sums, offset.reshape(groups, -1)).reshape(-1)
    has_bias = len(conv.inputs) > 2 and conv.inputs[2] is not None
    bias = change + float64_data(conv.inputs[2]) if has_bias else change
    new = NewValues(graph).constant(f"{conv.outputs[0].name}_bias", bias.astype(np.float32))
    conv.resize_inputs(3)
    conv.replace_input_with(2, new)
