"""Adding nodes and constants to a graph under names that nothing else has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray


class NewValues:
    """What a pass adds to a graph."""

    def __init__(self, graph: ir.Graph) -> None:
        self._graph = graph
        self._names = {value.name for value in (*graph.inputs, *graph.initializers.values())}
        for node in graph:
            self._names.update(output.name for output in node.outputs)

    def constant(self, name: str, data: NDArray[Any]) -> ir.Value:
        """Add an initializer and return it."""
        name = self.name(name)
        # NumPy gives a single number an axis when it makes it contiguous.
        tensor = ir.tensor(np.ascontiguousarray(data).reshape(data.shape), name=name)
        value = ir.Value(name=name, const_value=tensor, shape=ir.Shape(data.shape))
        value.type = ir.TensorType(tensor.dtype)
        self._graph.register_initializer(value)
        return value

    def result(self, node: ir.Node, name: str, like: ir.Value) -> ir.Value:
        """Append a node with one output and return that, with the type of ``like``."""
        (output,) = self.results(node, [name], [like])
        return output

    def results(
        self, node: ir.Node, names: Sequence[str], like: Sequence[ir.Value]
    ) -> list[ir.Value]:
        """Append a node and return its outputs, with the types of ``like``."""
        for output, name, typed in zip(node.outputs, names, like, strict=True):
            output.name = self.name(name)
            output.type = typed.type
        self._graph.append(node)
        return list(node.outputs)

    def name(self, name: str) -> str:
        """Return the name, or one like it that nothing else has."""
        candidate, count = name, 1
        while candidate in self._names:
            count += 1
            candidate = f"{name}_{count}"
        self._names.add(candidate)
        return candidate
