"""Operators that move integers about, written as moving real numbers between Q and DQ."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.preparation.quantized_constants import constant, fitting

_MOVING = {
    "DepthToSpace",
    "Expand",
    "Flatten",
    "Gather",
    "Identity",
    "MaxPool",
    "Pad",
    "ReduceMax",
    "ReduceMin",
    "Reshape",
    "Resize",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
}


def move_reals(model: ir.Model) -> int:
    """Let operators that keep integers as they are work on what these stand for, in place.

    Behind them stands a QuantizeLinear with the scale of the one in front.

    Returns:
        The number of operators changed.
    """
    graph, new, count = model.graph, NewValues(model.graph), 0
    for node in list(graph):
        data = list(node.inputs) if node.op_type == "Concat" else list(node.inputs[:1])
        moves = node.op_type in _MOVING or node.op_type == "Concat"
        makers = [_quantizer(value) for value in data]
        first = makers[0] if makers else None
        if not moves or first is None or not _alike(makers):
            continue
        if node.op_type == "Resize" and not _is_nearest(node):
            continue
        with fitting(node):
            _surround(graph, new, node, data, first)
        count += 1
    return count


def _quantizer(value: ir.Value | None) -> ir.Node | None:
    node = None if value is None else value.producer()
    return node if node is not None and node.op_type == "QuantizeLinear" else None


def _alike(makers: list[ir.Node | None]) -> bool:
    """Return whether all values come from QuantizeLinear by one scale and zero point."""
    if any(maker is None for maker in makers):
        return False
    params = [[constant(value) for value in maker.inputs[1:]] for maker in makers if maker]
    return all(
        len(one) == len(params[0])
        and all(a is not None and b is not None and np.array_equal(a, b) for a, b in pairs)
        for one in params
        for pairs in [list(zip(one, params[0], strict=False))]
    )


def _is_nearest(node: ir.Node) -> bool:
    mode = node.attributes.get("mode")
    return mode is None or mode.as_string() == "nearest"


def _surround(
    graph: ir.Graph,
    new: NewValues,
    node: ir.Node,
    data: list[ir.Value | None],
    quantizer: ir.Node,
) -> None:
    scale = list(quantizer.inputs[1:])
    for index, value in enumerate(data):
        real = ir.node("DequantizeLinear", [value, *scale])
        real.outputs[0].name = new.name(f"{node.outputs[0].name}_input{index}")
        graph.insert_before(node, real)
        node.replace_input_with(index, real.outputs[0])
    if node.op_type == "Pad":
        _real_border(graph, new, node, scale)
    for output in list(node.outputs):
        if node.op_type == "MaxPool" and output is not node.outputs[0]:
            continue  # its indices
        back = ir.node("QuantizeLinear", [output, *scale])
        output.replace_all_uses_with(back.outputs[0], replace_graph_outputs=True)
        back.replace_input_with(0, output)
        back.outputs[0].type, back.outputs[0].shape = output.type, output.shape
        back.outputs[0].name, output.name = output.name, new.name(f"{output.name}_real")
        output.type = None
        graph.insert_after(node, back)


def _real_border(
    graph: ir.Graph, new: NewValues, node: ir.Node, scale: list[ir.Value | None]
) -> None:
    """Give a Pad the number that its border of integers stands for: not 0 where it says nothing."""
    step, zero = (constant(value) for value in (*scale, None)[:2])
    border = constant(node.inputs[2]) if len(node.inputs) > 2 else None
    mode = node.attributes.get("mode")
    if step is None or (mode is not None and mode.as_string() != "constant"):
        return
    counts = int(border.item()) if border is not None else 0
    offset = int(zero.item()) if zero is not None else 0
    value = np.asarray((counts - offset) * step.astype(np.float32).item(), step.dtype)
    if "value" in node.attributes or len(node.inputs) == 1:
        node.attributes["value"] = ir.AttrFloat32("value", float(value))
        return
    node.resize_inputs(max(3, len(node.inputs)))
    node.replace_input_with(2, new.constant(f"{node.outputs[0].name}_border", value))
