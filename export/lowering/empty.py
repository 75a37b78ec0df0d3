"""Values without elements: they are constants, and joining them adds nothing."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import static_shape


def fold_empty(graph: ir.Graph) -> None:
    """Make constants of all computed values without elements, in place.

    Nodes that compute nothing else go, and a Concat no longer reads such a value. Inputs and
    outputs of the graph stay as they are.
    """
    for node in list(graph):
        empty = [output for output in node.outputs if _is_empty(output)]
        for output in empty:
            if not output.is_graph_output():
                output.replace_all_uses_with(_constant(graph, output))
        if node.op_type == "Concat":
            _skip_empty(node)
        if empty and not any(value.uses() or value.is_graph_output() for value in node.outputs):
            graph.remove(node, safe=True)


def _is_empty(value: ir.Value) -> bool:
    shape = static_shape(value)
    return shape is not None and math.prod(shape) == 0


def _constant(graph: ir.Graph, value: ir.Value) -> ir.Value:
    shape = static_shape(value)
    if value.dtype is None or shape is None:
        raise AssertionError(f"the type of {value.name} is not known")
    data = np.zeros(shape, value.dtype.numpy())
    result = ir.val(f"{value.name}/empty", const_value=ir.tensor(data, name=f"{value.name}/empty"))
    graph.register_initializer(result)
    return result


def _skip_empty(node: ir.Node) -> None:
    kept = [value for value in node.inputs if value is not None and not _is_empty(value)]
    if kept and len(kept) < len(node.inputs):
        node.resize_inputs(len(kept))
        for index, value in enumerate(kept):
            node.replace_input_with(index, value)
