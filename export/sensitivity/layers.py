"""The layers of a graph: what is rounded together, and what people call it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from _edgeship.errors import InputError
from _edgeship.export.verification.rounded_values import FUSED, MOVING
from _edgeship.export.verification.rounded_weights import channel_axis

if TYPE_CHECKING:
    import onnx_ir as ir

#: What PyTorch calls the weights of a module, behind its name.
_WEIGHT = ".weight"

#: How many near names an error offers.
_NEAR = 3


@dataclass(frozen=True)
class Layer:
    """An operator and the activation that is computed with it; or an input of the network.

    Attributes:
        name: The module whose weights it has, where their name tells and no other layer has it;
            else the name of its first node; of an input, the input's.
        kind: The operators, such as ``Conv + Relu``; ``input`` for one of the network.
        nodes: Names of its nodes, in order.
        values: Names of the values that it computes, its results last.
        results: Names of those that other layers read.
        weight: Name of the constant that is rounded with it, or "".
        readers: Names of the layers that read its results, also where others move them first.
    """

    name: str
    kind: str
    nodes: tuple[str, ...]
    values: tuple[str, ...]
    results: tuple[str, ...]
    weight: str = ""
    readers: tuple[str, ...] = ()

    def called(self, pattern: str) -> bool:
        """Return whether a name or a pattern of names means this layer."""
        names = (self.name, *self.nodes, *self.values, self.weight)
        return any(name == pattern or fnmatchcase(name, pattern) for name in names if name)


def layers_of(graph: ir.Model, known: Collection[str] | None = None) -> list[Layer]:
    """Return the inputs of a graph and its layers, in the order of its nodes.

    Operators that only move elements are no layers: they move rounded ones.

    Args:
        graph: With its constants as initializers.
        known: The values that can be rounded; those of floating point by default.
    """
    groups = list(_groups(graph, known))
    modules = Counter(module for nodes in groups if (module := _module(nodes[0])))
    makers = {id(node): place for place, nodes in enumerate(groups) for node in nodes}
    inputs = [
        value for value in graph.graph.inputs if not value.is_initializer() and _known(value, known)
    ]
    names = [
        module if (module := _module(nodes[0])) and modules[module] == 1 else str(nodes[0].name)
        for nodes in groups
    ]

    def readers(values: Sequence[ir.Value]) -> tuple[str, ...]:
        places = sorted({makers[id(node)] for node in _readers(values) if id(node) in makers})
        return tuple(names[place] for place in places)

    found = [
        Layer(str(one.name), "input", (), (), (str(one.name),), readers=readers([one]))
        for one in inputs
    ]
    for name, nodes in zip(names, groups, strict=True):
        results = [value for value in nodes[-1].outputs if _known(value, known)]
        found.append(
            Layer(
                name=name,
                kind=" + ".join(node.op_type for node in nodes),
                nodes=tuple(str(node.name) for node in nodes),
                values=tuple(str(value.name) for node in nodes for value in node.outputs),
                results=tuple(str(value.name) for value in results),
                weight=_weight(nodes[0]),
                readers=readers(results),
            )
        )
    return found


def named_layers(layers: Sequence[Layer], patterns: Sequence[str], option: str) -> list[Layer]:
    """Return the layers that names or patterns of them mean, in the order of the graph.

    Args:
        layers: All of the graph; its inputs cannot be meant.
        patterns: Names of layers, nodes, values or weights; ``*``, ``?`` and ``[...]`` stand for
            parts of them.
        option: What the user gave them with, for the message.

    Raises:
        InputError: One means no layer.
    """
    computed = [layer for layer in layers if layer.nodes]
    for pattern in patterns:
        if not any(layer.called(pattern) for layer in computed):
            names = [layer.name for layer in computed]
            near = get_close_matches(pattern, names, _NEAR, 0.4) or names[:_NEAR]
            raise InputError(
                f"The network has no layer {pattern!r}.",
                where=option,
                todo=f"`sensitivity` prints the names; near ones are {', '.join(near)}",
            )
    return [layer for layer in computed if any(map(layer.called, patterns))]


def _groups(graph: ir.Model, known: Collection[str] | None) -> Iterator[list[ir.Node]]:
    """Yield the nodes of each layer."""
    outputs = set(graph.graph.outputs)
    taken: set[int] = set()
    for node in graph.graph:
        if id(node) in taken or node.op_type in MOVING:
            continue
        group = [node]
        while (follower := _fused(group[-1], outputs)) is not None:
            group.append(follower)
        taken |= {id(one) for one in group}
        if any(_known(value, known) for value in group[-1].outputs):
            yield group


def _fused(node: ir.Node, outputs: Collection[ir.Value]) -> ir.Node | None:
    """Return the activation that is computed with a node, if one is."""
    if len(node.outputs) != 1 or node.outputs[0] in outputs:
        return None
    uses = list(node.outputs[0].uses())
    if len(uses) != 1 or uses[0].node.op_type not in FUSED or uses[0].idx != 0:
        return None
    return uses[0].node


def _readers(values: Sequence[ir.Value]) -> Iterator[ir.Node]:
    """Yield the nodes that compute with values, past those that only move their elements."""
    waiting, seen = list(values), set(values)
    while waiting:
        for use in waiting.pop().uses():
            if use.node.op_type not in MOVING:
                yield use.node
                continue
            further = [value for value in use.node.outputs if value not in seen]
            seen.update(further)
            waiting += further


def _known(value: ir.Value, known: Collection[str] | None) -> bool:
    import onnx_ir as ir

    floating = value.dtype == ir.DataType.FLOAT
    return floating and (known is None or value.name in known)


def _weight(node: ir.Node) -> str:
    """Return the name of the weight that is rounded to 8 bits in a node, or ""."""
    axis = channel_axis(node)
    weight = node.inputs[1] if axis is not None else None
    if weight is None or weight.const_value is None:
        return ""
    data = weight.const_value
    return str(weight.name) if data.dtype.is_floating_point() and len(data.shape) > 1 else ""


def _module(node: ir.Node) -> str:
    """Return the name of the module that a node's weights belong to, or ""."""
    module, found, _ = _weight(node).partition(_WEIGHT)
    return module if found else ""
