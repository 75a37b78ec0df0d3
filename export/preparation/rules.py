"""The table of rules that replace a node by others, and what a rule has to work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.preparation.knowledge import Array, Knowledge


class Site(Protocol):
    """The place of the node that is being replaced; new nodes are put before it.

    Attributes:
        knowledge: What is known of all values up to here.
    """

    knowledge: Knowledge

    def op(self, op_type: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """Add a node of ONNX's own domain and return its output, whose shape is known at once."""

    def ops(
        self, op_type: str, inputs: Sequence[ir.Value | None], outputs: int, **attributes: Any
    ) -> list[ir.Value]:
        """Add a node with several outputs."""

    def constant(self, array: Array) -> ir.Value:
        """Add an initializer."""

    def copy(self, nodes: Sequence[ir.Node]) -> None:
        """Add nodes that no graph has, in this order."""

    def rename(self, nodes: Sequence[ir.Node]) -> None:
        """Give the outputs of nodes that are copies of others names of their own."""

    def shape(self, value: ir.Value | None) -> Shape:
        """Return the static shape of a value."""

    def note(self, text: str) -> None:
        """Tell the user something about this file, once."""


#: Takes a node and its place, and returns what stands for its outputs (None for those that nobody
#: reads), or None where it has nothing to replace.
Rule = Callable[[ir.Node, Site], Sequence[ir.Value | None] | None]


@dataclass(frozen=True)
class Entry:
    """A rule, and the operator set before which the operator had another form; 0 for any."""

    rule: Rule
    before: int


#: What a rule returns that has learnt all there is to know of a node and leaves it to be swept.
DONE: Sequence[ir.Value | None] = ()

#: (domain, operator) -> its rules, of which the first that replaces something counts.
RULES: dict[tuple[str, str], list[Entry]] = {}


def replaces(*operators: str, domain: str = "", before: int = 0) -> Callable[[Rule], Rule]:
    """Enter a rule into the table.

    Args:
        *operators: What it replaces.
        domain: Of which domain.
        before: Only nodes of operator sets older than this one; 0 for all.
    """

    def enter(rule: Rule) -> Rule:
        for operator in operators:
            RULES.setdefault((domain, operator), []).append(Entry(rule, before))
        return rule

    return enter


def kept(node: ir.Node, *dropped: str) -> dict[str, Any]:
    """Return the attributes of a node for a new one, but for those that it is not to have."""
    return {
        name: attribute.value
        if attribute.type != ir.AttributeType.TENSOR
        else attribute.as_tensor()
        for name, attribute in node.attributes.items()
        if name not in (*dropped, "consumed_inputs")
    }


@contextmanager
def following(values: Sequence[ir.Value]) -> Iterator[Callable[[], list[ir.Value]]]:
    """Give a function that says what stands for values now, though rules may have replaced them."""
    reader = ir.Node("", "Reader", list(values), num_outputs=0)
    try:
        yield lambda: [value for value in reader.inputs if value is not None]
    finally:
        reader.resize_inputs(0)
