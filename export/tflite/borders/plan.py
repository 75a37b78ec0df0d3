"""Which values to grow by elements that do not matter, so that a pool needs no written border."""

from __future__ import annotations

from dataclasses import dataclass, field

import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.windows import Axis
from _edgeship.export.tflite.borders.carriers import carried
from _edgeship.export.tflite.borders.costs import added_work, pad_cost
from _edgeship.export.tflite.borders.makers import Makers, find_makers
from _edgeship.export.tflite.borders.ride import Ride, find_ride
from _edgeship.export.tflite.borders.windows import (
    WINDOWS,
    Growth,
    all_enlarged,
    axes_of,
    made_same,
    needs_pad,
)


@dataclass(frozen=True)
class Plan:
    """What to change in a graph.

    Attributes:
        grown: Value -> how far each of its spatial axes grows.
        windows: Node that slides a window -> its axes from now on.
        cut: Value -> the nodes that are to read it without what was added; an output of the graph
            is cut in any case.
    """

    grown: dict[ir.Value, Growth] = field(default_factory=dict)
    windows: dict[ir.Node, list[Axis]] = field(default_factory=dict)
    cut: dict[ir.Value, list[ir.Node]] = field(default_factory=dict)

    def has(self, node: ir.Node) -> bool:
        """Return whether something about a node is planned."""
        return node in self.windows or any(value in self.grown for value in node.outputs)

    def add(self, other: Plan) -> None:
        """Take over what another plan changes elsewhere."""
        self.grown.update(other.grown)
        self.windows.update(other.windows)
        self.cut.update(other.cut)


def plan(graph: ir.Graph) -> Plan:
    """Return all that saves more than it costs, in a graph with static shapes."""
    whole = Plan()
    for node in graph:
        if node.op_type == "MaxPool" and not whole.has(node):
            whole.add(_planned(graph, node, whole))
    return whole


def _planned(graph: ir.Graph, pool: ir.Node, settled: Plan) -> Plan:
    """Return how a pool comes to need no border; nothing if it cannot, or if that does not pay."""
    axes = axes_of(pool)
    growths = made_same(axes) if axes is not None and needs_pad(axes) else None
    makers = None if growths is None else find_makers(pool, *growths, settled.has)
    if makers is None:
        return Plan()
    ride = find_ride(graph, makers, settled.has)
    spent = ride.cost + sum(added_work(node, ride.grown[node.outputs[0]]) for node in makers.nodes)
    if spent >= pad_cost(pool):
        return Plan()
    return Plan(ride.grown, _windows(graph, makers, ride), ride.cut)


def _windows(graph: ir.Graph, makers: Makers, ride: Ride) -> dict[ir.Node, list[Axis]]:
    found = {}
    for node in dict.fromkeys((*makers.nodes, *ride.riders)):
        axes = axes_of(node) if node.op_type in WINDOWS and carried(node) is None else None
        if axes is None:
            continue
        none = (0,) * len(axes)
        source = ride.grown[attributes.source(node)] if node in ride.riders else none
        larger = all_enlarged(axes, source, ride.grown.get(node.outputs[0], none))
        if larger is None:
            raise AssertionError(f"{node.name} was found to be able to grow")
        found[node] = larger
    return found
