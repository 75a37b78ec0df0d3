"""Before and after the walk: what is known becomes initializers, and what nobody reads goes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.preparation.knowledge import Array, Knowledge

#: A known value of more bytes is stored only if what it is made of is about as large. Tables of
#: positions and masks stay below; what a number was expanded to is computed where it is used.
_MOST_BYTES = 2 * 2**20

#: How many times larger than what it is made of a stored value may be: int8 becomes float32.
_GROWTH = 4


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
    for node in reversed(list(graph)):
        used = [out for out in node.outputs if out.uses() or out.is_graph_output()]
        read = sum(sizes.get(value, 0) for value in node.inputs if value is not None)
        if used and all(_is_storable(output, read, knowledge) for output in used):
            for output in used:
                _store(graph, output, knowledge.arrays[output])
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


def _is_storable(output: ir.Value, read: int, knowledge: Knowledge) -> bool:
    array = knowledge.arrays.get(output)
    if array is None or output.is_graph_output():
        return False
    return array.nbytes <= max(_MOST_BYTES, _GROWTH * read) or not output.producer().inputs


def _store(graph: ir.Graph, output: ir.Value, array: Array) -> None:
    name, output.name = output.name, f"{output.name}_computed"
    tensor = ir.tensor(np.ascontiguousarray(array).reshape(array.shape), name=name)
    value = ir.Value(name=name, const_value=tensor, shape=ir.Shape(array.shape))
    value.type = ir.TensorType(tensor.dtype)
    graph.register_initializer(value)
    ir.convenience.replace_all_uses_with(output, value)
