"""How far elements that do not matter are carried along, and where they are cut off.

What that costs is known from behind. Where somebody reads a value who must not see them, a slice is
paid anyway, and all read that; elsewhere it is the less of a slice and of carrying them on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import onnx_ir as ir

from _edgeship.export.tflite.borders.carriers import carried
from _edgeship.export.tflite.borders.costs import added_work, pad_cost, slice_cost
from _edgeship.export.tflite.borders.makers import Makers
from _edgeship.export.tflite.borders.windows import (
    WINDOWS,
    Growth,
    all_enlarged,
    axes_of,
    least_result,
    needs_pad,
)

_Growths = Mapping[ir.Value, Growth]


@dataclass(frozen=True)
class Ride:
    """What is done with the added elements.

    Attributes:
        grown: Value -> growth, those that had to grow among them.
        cut: Value -> the nodes that read it without what was added; none if it is cut only for
            being an output of the graph.
        riders: Node -> growth of its results, for those that read what was added.
        cost: Of slices and further work, what the makers do not among it.
    """

    grown: dict[ir.Value, Growth]
    cut: dict[ir.Value, list[ir.Node]]
    riders: dict[ir.Node, Growth]
    cost: float


@dataclass(frozen=True)
class _Able:
    """Which nodes may read what was added: node -> growth of its results, and value -> growth."""

    nodes: dict[ir.Node, Growth]
    growths: dict[ir.Value, Growth]


@dataclass(frozen=True)
class _Choice:
    """For each value: its cost, and who is to read what was added to it."""

    costs: dict[ir.Value, float] = field(default_factory=dict)
    readers: dict[ir.Value, set[ir.Node]] = field(default_factory=dict)


def find_ride(graph: ir.Graph, makers: Makers, settled: Callable[[ir.Node], bool]) -> Ride:
    """Return the cheapest way for the elements that were added.

    Args:
        graph: A graph with static shapes, in order.
        makers: What has grown.
        settled: Says whether a node must stay as it is.
    """
    stuck: set[ir.Node] = set()
    while True:
        able = _able(graph, makers, settled, stuck)
        choice = _choose(makers, able)
        mixed = _mixed(able, choice)
        if not mixed:
            return _carried_out(graph, makers, able, choice)
        stuck |= mixed  # who does not read all of its operands so reads none so


def _able(
    graph: ir.Graph, makers: Makers, settled: Callable[[ir.Node], bool], stuck: set[ir.Node]
) -> _Able:
    """Return the nodes that may read what was added, and by how much their results then grow."""
    able = _Able({}, dict(makers.needed))
    for node in graph:
        reads = any(value in able.growths for value in node.inputs)
        if not reads or node in stuck or settled(node):
            continue
        result = _result(node, able.growths, makers.needed.get(node.outputs[0]))
        if result is not None:
            able.nodes[node] = result
            able.growths.update((value, result) for value in node.outputs if any(result))
    return able


def _result(node: ir.Node, growths: _Growths, wanted: Growth | None) -> Growth | None:
    """Return the growth of the results of a node, None if it must read what was before."""
    operands = carried(node)
    data = node.inputs[:1] if operands is None else operands
    if any(value in growths and value not in data for value in node.inputs):
        return None
    sources = {None if value is None else growths.get(value) for value in data}
    source = sources.pop() if len(sources) == 1 else None
    if source is None or operands is not None:
        return source if wanted in (None, source) else None
    axes = axes_of(node) if node.op_type in WINDOWS else None
    if axes is None:
        return None
    free = node.op_type == "MaxPool"
    result = least_result(axes, source, free=free) if wanted is None else wanted
    larger = None if result is None else all_enlarged(axes, source, result)
    if larger is None or (node.op_type != "Conv" and needs_pad(larger) and not needs_pad(axes)):
        return None
    return result


def _choose(makers: Makers, able: _Able) -> _Choice:
    """Return who reads what, from behind; of the makers' results, the needed ones come last."""
    choice = _Choice()
    for value in reversed(able.growths):
        readers = dict.fromkeys(use.node for use in value.uses())  # a set has no fixed order
        must = {node for node in readers if node in able.nodes and node in makers.nodes}
        prices = {
            node: _price(node, value, able, choice.costs)
            for node in readers
            if node in able.nodes and node not in must
        }
        gains = {node: price for node, price in prices.items() if price < 0}
        apart = slice_cost(value) + sum(gains.values())
        together = sum(prices.values())
        whole = value.is_graph_output() or any(node not in able.nodes for node in readers)
        carry = not whole and together <= apart
        choice.costs[value] = together if carry else apart
        choice.readers[value] = must | (prices if carry else gains).keys()
    return choice


def _price(node: ir.Node, value: ir.Value, able: _Able, costs: Mapping[ir.Value, float]) -> float:
    """Return what it costs that a node reads what was added; its first operand pays."""
    if value not in (carried(node) or node.inputs)[:1]:
        return 0.0
    growth = able.nodes[node]
    price = added_work(node, growth) + sum(costs.get(out, 0.0) for out in node.outputs)
    axes = axes_of(node) if node.op_type == "MaxPool" else None
    larger = None if axes is None else all_enlarged(axes, able.growths[value], growth)
    if axes is not None and larger is not None and needs_pad(axes) and not needs_pad(larger):
        price -= pad_cost(node)
    return price


def _mixed(able: _Able, choice: _Choice) -> set[ir.Node]:
    """Return the nodes that are to read what was added to some operands, but not to all."""
    mixed = set()
    for node in able.nodes:
        chosen = [node in choice.readers[v] for v in node.inputs if v in choice.readers]
        if any(chosen) and not all(chosen):
            mixed.add(node)
    return mixed


def _carried_out(graph: ir.Graph, makers: Makers, able: _Able, choice: _Choice) -> Ride:
    cost = sum(choice.costs[value] for value in makers.needed)
    ride = Ride(dict(makers.needed), {}, {}, cost)
    for node in graph:
        for value in dict.fromkeys(value for value in node.inputs if value in ride.grown):
            if node not in choice.readers[value]:
                ride.cut.setdefault(value, []).append(node)
            elif node not in ride.riders:
                growth = ride.riders[node] = able.nodes[node]
                ride.grown.update((out, growth) for out in node.outputs if any(growth))
    for value in ride.grown:
        if value.is_graph_output():
            ride.cut.setdefault(value, [])
    return ride
