"""Which node of an ONNX file makes which tensor, and what each reads; names are the file's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import onnx

#: Operators whose result is known when the shapes are.
_OF_SHAPES = ("Shape", "Size")

#: Operators whose outputs have as many elements as the data decide.
COUNTING = frozenset({"Compress", "NonMaxSuppression", "NonZero", "StringSplit", "Unique"})


@dataclass(frozen=True)
class Flow:
    """The nodes of a graph, and the tensors between them.

    A node with subgraphs (If, Loop, Scan) reads what they read of the graph around them.

    Attributes:
        graph: The main graph of a file.
    """

    graph: onnx.GraphProto

    @cached_property
    def producers(self) -> dict[str, int]:
        """Name of a tensor -> number of the node that makes it."""
        return {
            name: number
            for number, node in enumerate(self.graph.node)
            for name in node.output
            if name
        }

    @cached_property
    def owners(self) -> dict[str, int]:
        """Name of a tensor -> number of the node that makes it, also inside of its subgraphs."""
        inner = {
            name: number
            for number, node in enumerate(self.graph.node)
            for graph in subgraphs(node)
            for name in Flow(graph).owners
        }
        return {**inner, **self.producers}

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names of the initializers; older files list them as inputs too."""
        dense = (one.name for one in self.graph.initializer)
        sparse = (one.values.name for one in self.graph.sparse_initializer)
        return frozenset((*dense, *sparse))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of what the graph is fed with, in order."""
        return tuple(one.name for one in self.graph.input if one.name not in self.constants)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the graph gives, in order."""
        return tuple(one.name for one in self.graph.output)

    @cached_property
    def reads(self) -> tuple[tuple[str, ...], ...]:
        """Names of the tensors that each node reads, in the order of the nodes."""
        return tuple(tuple(dict.fromkeys(_reads(node))) for node in self.graph.node)

    @cached_property
    def fed(self) -> frozenset[str]:
        """Names of the tensors whose values depend on an input, and not on its shape alone."""
        found = set(self.inputs)
        for node, reads in zip(self.graph.node, self.reads, strict=True):
            if node.op_type not in _OF_SHAPES and not found.isdisjoint(reads):
                found.update(name for name in node.output if name)
        return frozenset(found)

    @cached_property
    def counting(self) -> frozenset[int]:
        """Numbers of the nodes whose output shapes depend on what an input is fed with."""
        return frozenset(
            number
            for number, node in enumerate(self.graph.node)
            if node.op_type in COUNTING and not self.fed.isdisjoint(self.reads[number])
        )

    def before(self, names: Collection[str], stops: Collection[str] = ()) -> set[int]:
        """Return the numbers of the nodes that tensors are computed by.

        Args:
            names: Of the tensors.
            stops: Names of tensors that are given, so that what makes them is not needed.
        """
        needed: set[int] = set()
        waiting = [name for name in names if name not in stops]
        while waiting:
            number = self.producers.get(waiting.pop())
            if number is not None and number not in needed:
                needed.add(number)
                waiting += [name for name in self.reads[number] if name not in stops]
        return needed

    def behind(self, numbers: Collection[int]) -> set[int]:
        """Return the numbers of nodes, and of all that read what they make."""
        found = set(numbers)
        made = {name for number in found for name in self.graph.node[number].output if name}
        for number, node in enumerate(self.graph.node):
            if number in found or not made.isdisjoint(self.reads[number]):
                found.add(number)
                made.update(name for name in node.output if name)
        return found


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the graphs in the attributes of a node."""
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    yield from (name for name in node.input if name)
    for graph in subgraphs(node):
        yield from _outer_reads(graph)


def _outer_reads(graph: onnx.GraphProto) -> Iterator[str]:
    """Yield what a subgraph reads that it does not make, its outputs included."""
    flow = Flow(graph)
    own = {one.name for one in graph.input} | flow.constants | set(flow.producers)
    for reads in (*flow.reads, flow.outputs):
        yield from (name for name in reads if name not in own)
