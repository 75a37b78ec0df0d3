"""What a lowering raises for a node that it cannot express."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from _edgeship.errors import UnsupportedError


class Unsupported(Exception):  # noqa: N818 (it is collected, and becomes an UnsupportedError)
    """One node cannot be lowered; the message says why. All of a model's are reported at once."""


class UnknownShape(Unsupported):
    """The shape of a value is not known, often only because its node is not supported."""


class Problem(str):
    """What is wrong with a node, in a sentence that names it.

    Attributes:
        values: Names of the values that cannot be computed for that reason.
    """

    __slots__ = ("values",)

    def __new__(cls, text: str, values: Sequence[str]) -> Problem:
        """Return the sentence with the names of the values."""
        problem = super().__new__(cls, text)
        problem.values = tuple(values)
        return problem

    values: tuple[str, ...]


def values_behind(node: ir.Node) -> list[str]:
    """Return the names of all values that need a node, in the order of the walk.

    They are many because a prepared or rewritten graph has values that the user's has not: of a
    node that took the place of another, only what comes behind it may have a name that both graphs
    know.
    """
    found: dict[ir.Value, None] = dict.fromkeys(node.outputs)
    waiting = list(node.outputs)
    while waiting:
        for use in waiting.pop().uses():
            new = [value for value in use.node.outputs if value not in found]
            found.update(dict.fromkeys(new))
            waiting += new
    return [value.name for value in found if value.name]


class UnsupportedNodes(UnsupportedError):  # noqa: N818 (nodes are what is wrong)
    """Nodes of a network cannot be expressed.

    Attributes:
        values: Names of the values that cannot be computed for that reason.
        fixed: Whether these have fixed shapes, so that an application could compute them instead.
    """

    def __init__(
        self,
        what: str,
        values: Sequence[str],
        *,
        fixed: bool = True,
        where: str = "",
        why: str = "",
        todo: str = "",
    ) -> None:
        super().__init__(what, where=where, why=why, todo=todo)
        self.values = tuple(dict.fromkeys(values))
        self.fixed = fixed
