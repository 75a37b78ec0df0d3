"""An Expand whose readers broadcast does nothing for them: they read what it reads."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape, static_shape

_BROADCASTING = {
    *("Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max"),
    *("Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor"),
}


def bypass_expand(model: ir.Model) -> int:
    """Let broadcasting nodes read the input of an Expand where that changes no shape, in place.

    Requires static shapes. The Expand stays where anything else reads it.

    Returns:
        The number of reads that bypass an Expand.
    """
    bypassed = 0
    for node in model.graph:
        if node.op_type == "Expand":
            bypassed += sum(_bypass(node, use.node, use.idx) for use in node.outputs[0].uses())
    return bypassed


def _bypass(expand: ir.Node, reader: ir.Node, index: int) -> bool:
    source = expand.inputs[0]
    if reader.op_type not in _BROADCASTING or source is None:
        return False
    inputs = [source if i == index else value for i, value in enumerate(reader.inputs)]
    shapes: list[Shape] = []
    for value in inputs:
        shape = static_shape(value)
        if shape is None:
            return False
        shapes.append(shape)
    if np.broadcast_shapes(*shapes) != static_shape(reader.outputs[0]):
        return False
    reader.replace_input_with(index, source)
    return True
