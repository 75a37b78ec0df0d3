"""Before and after the walk: what is known becomes initializers, and what nobody reads goes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.preparation.knowledge import Array, Knowledge

#: What is stored may be so much larger than what it is made of, all values together. The files of
#: all targets must stay below 2 GiB.
_MOST_GROWTH = 2**30


def sweep(graph: ir.Graph) -> None:
    """Remove nodes and initializers that no output needs."""
    for node in reversed(list(graph)):
        if not any(output.uses() or output.is_graph_output() for output in node.outputs):
            graph.remove(node, safe=True)
    for name, value in list(graph.initializers.items()):
        if not value.uses() and not value.is_graph_output():
            del graph.initializers[name]


def clean(graph: ir.Graph, knowledge: Knowledge) -> None:
    """Store the known values that are read, and remove everything that no output needs."""
    sizes = _least_bytes(graph, knowledge)
    names = {value.name for node in graph for value in node.outputs} | set(graph.initializers)
    growth = 0
    for node in reversed(list(graph)):
        used = [out for out in node.outputs if out.uses() or out.is_graph_output()]
        read = sum(sizes.get(value, 0) for value in node.inputs if value is not None)
        known = [knowledge.arrays.get(output) for output in used]
        grown = growth + sum(0 if array is None else array.nbytes for array in known) - read
        if used and grown <= _MOST_GROWTH and all(array is not None for array in known):
            growth = max(growth, grown)
            for output in used:
                _store(graph, node, output, knowledge.arrays[output], names)
            used = []
        if not used:
            graph.remove(node, safe=True)
    sweep(graph)


def _least_bytes(graph: ir.Graph, knowledge: Knowledge) -> dict[ir.Value, int]:
    """Return how many bytes each known value takes in a file: itself, or what it is made of."""
    sizes = {value: array.nbytes for value, array in knowledge.arrays.items()}
    for node in graph:
        read = sum(sizes.get(value, 0) for value in node.inputs if value is not None)
        for output in node.outputs:
            if output in sizes and node.inputs:
                sizes[output] = min(sizes[output], read)
    return sizes


def _store(
    graph: ir.Graph, node: ir.Node, output: ir.Value, array: Array, names: set[str | None]
) -> None:
    """Make a value an initializer, or the copy of one where it is an output of the graph."""
    name = output.name or ""
    own = name
    while own in names and output.is_graph_output():
        own += "_value"
    names.add(own)
    output.name = f"{name}_computed"
    tensor = ir.tensor(np.ascontiguousarray(array).reshape(array.shape), name=own)
    value = ir.Value(name=own, const_value=tensor, shape=ir.Shape(array.shape))
    value.type = ir.TensorType(tensor.dtype)
    graph.register_initializer(value)
    if output.is_graph_output():
        copied = ir.node("Identity", [value], name=f"{name}_copy")
        result = copied.outputs[0]
        result.name, result.shape, result.type = name, value.shape, value.type
        graph.insert_after(node, copied)
        ir.convenience.replace_all_uses_with(output, result, replace_graph_outputs=True)
    else:
        ir.convenience.replace_all_uses_with(output, value)
