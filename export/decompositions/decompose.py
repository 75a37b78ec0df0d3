"""Composite operators of a graph become simpler ones, where a target has nothing of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.functions import expanded, has_function
from _edgeship.export.decompositions.registry import DECOMPOSITIONS, Decomposition, Results
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.lowering.unsupported import Unsupported, tripping_is_unhandled

#: How often pieces may be taken apart again. No chain of ours is half as long.
_DEPTH = 16

#: Whether a target has an operator for a node.
Native = Callable[[ir.Node], bool]


def named(names: Collection[str]) -> Native:
    """Return the predicate of a target that has an operator for each of these names."""
    return lambda node: node.domain in ("", "ai.onnx") and node.op_type in names


def decompose(model: ir.Model, native: Native) -> int:
    """Replace every node that is not native by simpler ones, in place, until nothing changes.

    What has no decomposition, or one that refuses the node, stays as it is.

    Args:
        model: Its values have static shapes and types.
        native: Which nodes to leave alone.

    Returns:
        How many nodes were replaced.
    """
    decomposer = Decomposer(model.graph)
    waiting = list(model.graph)[::-1]
    replaced = 0
    while waiting:
        node = waiting.pop()
        if native(node):
            continue
        try:
            pieces = decomposer.replace(node)
        except Unsupported:
            # Whoever lowers the graph asks again, and then the reason reaches the user.
            continue
        if pieces is None:
            continue
        waiting.extend(pieces[::-1])
        replaced += 1
    return replaced


class Decomposer:
    """Replaces nodes of one graph, under names that nothing else in it has."""

    def __init__(self, graph: ir.Graph) -> None:
        self._graph = graph
        self._names = {value.name for value in (*graph.inputs, *graph.initializers.values())}
        for node in graph:
            self._names.update(output.name for output in node.outputs)
        self._depths: dict[ir.Node, int] = {}

    def replace(
        self, node: ir.Node, decomposition: Decomposition | None = None
    ) -> list[ir.Node] | None:
        """Replace a node by simpler ones, and return those in order of execution.

        The outputs keep their names; the values are new ones.

        Args:
            node: A node of the graph.
            decomposition: What writes the simpler ones; by default, the table's.

        Returns:
            The new nodes, or None if there is no decomposition of this operator.

        Raises:
            Unsupported: The decomposition refuses this node. The graph is as it was.
        """
        if node.domain in ("", "ai.onnx"):
            decomposition = decomposition or DECOMPOSITIONS.get(node.op_type)
            if _is_constant(node):
                decomposition = _computed
        if decomposition is None:
            if not has_function(node, self._opset()):
                return None
            decomposition = expanded
        if decomposition is not _computed:
            _demand_elements(node)
        depth = self._depths.get(node, 0) + 1
        if depth > _DEPTH:
            raise Unsupported("taking it apart leads to the same operator again")
        prefix = node.outputs[0].name or node.name or node.op_type
        builder = Builder(prefix, self._opset(), self._unique)
        with tripping_is_unhandled():
            outputs = _completed(builder, node, decomposition(builder, node))
        for value in {v for piece in builder.nodes for v in piece.inputs if v is not None}:
            if value.const_value is not None and value.name not in self._graph.initializers:
                self._graph.register_initializer(value)
        for old, new in zip(node.outputs, outputs, strict=True):
            if new is not None:
                old.shape = new.shape  # inferred from more than was known of the node
        replaced = [old for old, new in zip(node.outputs, outputs, strict=True) if new is not None]
        ir.convenience.replace_nodes_and_values(
            self._graph,
            node,
            [node],
            builder.nodes,
            replaced,
            [new for new in outputs if new is not None],
        )
        self._depths.update(dict.fromkeys(builder.nodes, depth))
        return builder.nodes

    def _opset(self) -> int:
        imports = self._graph.opset_imports
        # The forms of 18 are written whatever an older file says: lowerings read both.
        return max(imports.get("", 0) or imports.get("ai.onnx", 0), 18)

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._names:
            count += 1
            candidate = f"{name}_{count}"
        self._names.add(candidate)
        return candidate


def _demand_elements(node: ir.Node) -> None:
    """Refuse a node one of whose values is empty: Reshape means something else by an extent of 0.

    Raises:
        Unsupported: A value that it reads or computes has no elements.
    """
    for value in (*node.inputs, *node.outputs):
        if value is None or value.const_value is not None:  # no axes, for example
            continue
        if 0 in (static_shape(value) or ()):
            raise Unsupported(f"{value.name} has no elements")


def _is_constant(node: ir.Node) -> bool:
    """Return whether a node computes the same whenever it runs."""
    given = [value for value in node.inputs if value is not None]
    graphs = (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
    return (
        bool(given)
        and all(value.const_value is not None for value in given)
        and not node.op_type.startswith("Random")
        and node.op_type not in ("Bernoulli", "Multinomial", "Identity")
        and all(attribute.type not in graphs for attribute in node.attributes.values())
    )


def _computed(builder: Builder, node: ir.Node) -> Results:
    """Return constants: what a node computes of constants alone."""
    given = {name: attribute.value for name, attribute in node.attributes.items()}
    return builder.ops(len(node.outputs), node.op_type, *node.inputs, **given)


def _completed(builder: Builder, node: ir.Node, results: Results) -> list[ir.Value | None]:
    """Return a value, or None, for each output of a node: each made by a node of its own.

    Raises:
        Unsupported: An output that is read was not made.
    """
    given: Sequence[ir.Value | None] = [results] if isinstance(results, ir.Value) else results
    outputs: list[ir.Value | None] = []
    for number, old in enumerate(node.outputs):
        used = bool(old.uses()) or old.is_graph_output()
        new = given[number] if number < len(given) and used else None
        if new is None and used:
            raise Unsupported(f"its output {number} ({old.name}) is used")
        if new is not None and (new.producer() not in builder.nodes or new in outputs):
            new = _identity(builder, new)
        outputs.append(new)
    return outputs


def _identity(builder: Builder, value: ir.Value) -> ir.Value:
    node = ir.node("Identity", [value], name=builder.named("Identity"))
    (output,) = node.outputs
    output.shape, output.type = value.shape, value.type
    builder.nodes.append(node)
    return output
