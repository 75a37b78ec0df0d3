"""The names of a graph's inputs and outputs.

The process of a user's network uses this file too: it imports nothing of edgeship.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx_ir as ir


def rename_ports(model: ir.Model, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """Give the inputs and outputs of a graph other names, in place.

    Whatever else has one of these names gets another. An output that is an input, a constant or
    another output becomes the result of an Identity, so that each port has a name of its own.

    Args:
        model: The graph.
        inputs: One for each input that is fed, in order.
        outputs: One for each output. No two of all these are equal.

    Returns:
        Name of each value that had another -> its name now.
    """
    graph = model.graph
    fed = fed_inputs(graph)
    _separate(graph)
    ports = [*fed, *graph.outputs]
    names = [*inputs, *outputs]
    taken = {value.name for value in _values(graph)} | set(names)
    changed = [
        (value, name) for value, name in zip(ports, names, strict=True) if value.name != name
    ]
    moved = {value for value, _ in changed}
    wanted = {name for _, name in changed}
    before = {value: value.name or "" for value in _values(graph)}
    for value, own in before.items():
        if value in moved or own in wanted:
            value.name = unused(own, taken)
    for value, name in changed:
        value.name = name
    return {own: value.name or "" for value, own in before.items() if value.name != own}


def fed_inputs(graph: ir.Graph) -> list[ir.Value]:
    """Return the inputs that have no value of their own."""
    return [value for value in graph.inputs if not value.is_initializer()]


def unused(name: str, taken: set[str | None] | set[str]) -> str:
    """Return a name like ``name`` that is not among those taken, and take it."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate


def _separate(graph: ir.Graph) -> None:
    """Make every output the result of a node, and of no other output."""
    seen: set[ir.Value] = set()
    for index, value in enumerate(graph.outputs):
        if value.producer() is not None and value not in seen:
            seen.add(value)
            continue
        node = ir.node("Identity", [value])
        [copied] = node.outputs
        copied.name, copied.shape, copied.type = f"{value.name}_copied", value.shape, value.type
        graph.append(node)
        graph.outputs[index] = copied


def _values(graph: ir.Graph) -> Iterator[ir.Value]:
    """Yield every value of a graph once, those of the graphs in its attributes too."""
    seen: set[ir.Value] = set()
    for part in (graph, *graph.subgraphs()):
        results = (value for node in part for value in node.outputs)
        for value in (*part.inputs, *part.initializers.values(), *results):
            if value not in seen and value.name:
                seen.add(value)
                yield value
