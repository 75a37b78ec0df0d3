"""What a lowering raises for a node that it cannot express."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import onnx_ir as ir

from _edgeship.errors import EdgeshipError, UnsupportedError


class Unsupported(Exception):  # noqa: N818 (it is collected, and becomes an UnsupportedError)
    """One node cannot be lowered; the message says why. All of a model's are reported at once."""


class UnknownShape(Unsupported):
    """The shape of a value is not known, often only because its node is not supported."""


class Unhandled(Unsupported):
    """A defect of ours: code tripped over one node. The cause says where, and ``--debug`` shows it.

    It is collected like the others, because a user can often replace or cut off the node; but it is
    to be reported and mended.
    """


@contextmanager
def tripping_is_unhandled() -> Iterator[None]:
    """Turn what code that handles one node trips over into `Unhandled`, with its cause.

    Lack of memory, of a file or of a package says nothing of the node, and stays what it is.
    """
    try:
        yield
    except (Unsupported, EdgeshipError, MemoryError, OSError, ImportError):
        raise
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise Unhandled(
            f"this form of it is not handled ({text[:200]}); run it again with --debug and report "
            "what it prints"
        ) from error


class Problem(str):
    """What is wrong with a node, in a sentence that names it.

    Attributes:
        values: Names of the values that cannot be computed for that reason.
        defect: What was raised, where that is a defect of ours.
    """

    __slots__ = ("defect", "values")

    def __new__(cls, text: str, values: Sequence[str], defect: Unhandled | None = None) -> Problem:
        """Return the sentence with the names of the values."""
        problem = super().__new__(cls, text)
        problem.values = tuple(values)
        problem.defect = defect
        return problem

    values: tuple[str, ...]
    defect: Unhandled | None


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
