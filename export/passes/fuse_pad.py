"""A border of zeros in front of a convolution or a pool becomes its own."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.nonnegative import is_nonnegative
from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.channel_moves import constant


def fuse_pad(model: ir.Model) -> int:
    """Turn a Pad and the convolution or pool behind it into one with larger pads, in place.

    TensorFlow and Keras write SAME padding with a stride of two like this. An average counts the
    zeros of the border, as it did when they were elements. A max pool does not see a border of its
    own, which is the same where it reads nothing below zero.

    Returns:
        The number of operators whose border was taken in.
    """
    fused = 0
    for node in list(model.graph):
        takes = node.op_type == "Conv" or _is_plain_average(node) or _is_plain_max(node)
        x = node.inputs[0] if takes else None
        pad = x.producer() if x is not None else None
        if pad is None or pad.op_type != "Pad":
            continue
        border = _spatial_zeros(pad)
        own = _pads(node)
        if border is None or own is None or len(border) != len(own):
            continue
        pads = [a + b for a, b in zip(border, own, strict=True)]
        if node.op_type != "Conv" and not _is_inside(node, pads):
            continue
        node.attributes["pads"] = ir.AttrInt64s("pads", pads)
        node.attributes.pop("auto_pad", None)
        if node.op_type == "AveragePool":
            node.attributes["count_include_pad"] = ir.AttrInt64("count_include_pad", 1)
        node.replace_input_with(0, pad.inputs[0])
        if not pad.outputs[0].uses() and not pad.outputs[0].is_graph_output():
            model.graph.remove(pad, safe=True)
        fused += 1
    return fused


def _is_plain_average(node: ir.Node) -> bool:
    """Return whether a node is an average whose windows count their borders, if they have any."""
    if node.op_type != "AveragePool" or integer(node, "ceil_mode", 0):
        return False
    pads = node.attributes.get("pads")
    return bool(integer(node, "count_include_pad", 0)) or pads is None or not any(pads.as_ints())


def _is_plain_max(node: ir.Node) -> bool:
    """Return whether a node is a maximum of the values of a Pad that are not below zero."""
    pad = node.inputs[0].producer() if node.op_type == "MaxPool" and node.inputs[0] else None
    source = None if pad is None or pad.op_type != "Pad" else pad.inputs[0]
    dilations = node.attributes.get("dilations")
    if source is None or integer(node, "ceil_mode", 0) or len(node.outputs) > 1:
        return False
    return (dilations is None or set(dilations.as_ints()) == {1}) and is_nonnegative(source)


def _is_inside(pool: ir.Node, pads: list[int]) -> bool:
    """Return whether no window of a pool would lie in the border alone, which runtimes refuse."""
    kernel = list(pool.attributes["kernel_shape"].as_ints())
    return all(pad < extent for pad, extent in zip(pads, kernel * 2, strict=True))


def _pads(conv: ir.Node) -> list[int] | None:
    """Return the pads of a convolution, None if it chooses them itself."""
    auto = conv.attributes.get("auto_pad")
    if auto is not None and auto.as_string() not in ("NOTSET", "VALID"):
        return None
    shape = static_shape(conv.inputs[0])
    if shape is None:
        return None
    none = [0] * (2 * (len(shape) - 2))
    pads = conv.attributes.get("pads")
    valid = auto is not None and auto.as_string() == "VALID"
    return none if pads is None or valid else list(pads.as_ints())


def _spatial_zeros(pad: ir.Node) -> list[int] | None:
    """Return the border that a Pad adds behind the channels' axis, if it is one of zeros alone."""
    mode = pad.attributes.get("mode")
    shape = static_shape(pad.inputs[0])
    if shape is None or (mode is not None and mode.as_string() != "constant"):
        return None
    rank = len(shape)
    given = [value for value in pad.inputs[1:] if value is not None]
    if any(value.const_value is None for value in given):
        return None
    pads, fill, axes = map(constant, (*pad.inputs[1:], None, None, None)[:3])
    if pads is None or (fill is not None and fill.any()):
        return None
    chosen = list(range(rank)) if axes is None else [int(axis) % rank for axis in axes.reshape(-1)]
    border = np.zeros((2, rank), np.int64)
    border[:, chosen] = pads.reshape(2, -1)
    if border[:, :2].any() or (border < 0).any():
        return None
    return [int(extent) for extent in border[:, 2:].reshape(-1)]
