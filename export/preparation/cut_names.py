"""The names that a user cuts a network at, and what is said of those that do not fit."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator, Sequence

import onnx

from _edgeship.errors import InputError
from _edgeship.export.graph.flow import Flow, subgraphs

#: How many names an error offers.
_OFFERED = 5


def joined(flow: Flow, names: Sequence[str]) -> list[str]:
    """Return names with those put together again that were taken apart at a comma of their own."""
    known = {*flow.inputs, *flow.producers}
    found: list[str] = []
    start = 0
    while start < len(names):
        ends = range(start + 1, len(names) + 1)
        end = next((end for end in ends if ",".join(names[start:end]) in known), start + 1)
        found.append(",".join(names[start:end]))
        start = end
    return found


def check(flow: Flow, names: Sequence[str], option: str) -> None:
    """Check that tensors are there, and that a graph can be cut at them.

    Args:
        flow: The graph.
        names: What the user wrote.
        option: Where, for messages.

    Raises:
        InputError: One is not there, is there twice, or is a constant.
    """
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(f"{option} names {name} twice.")
        if name in flow.constants:
            raise InputError(
                f"{name} of {option} is a constant of the network (an initializer).",
                why="it is the same whatever the network is fed with",
                todo="name a tensor that a node computes",
            )
        if name not in flow.producers and name not in flow.inputs:
            raise _unknown(flow, name, option)


def quoted(names: Sequence[str]) -> str:
    """Return names as one word for a shell: ``boxes,scores``."""
    return shlex.quote(",".join(names))


def _unknown(flow: Flow, name: str, option: str) -> InputError:
    what = f"The network has no tensor {name!r} to cut at ({option})."
    look = (
        "`python -m export inspect FILE.onnx --tensors` prints all names; for a network from "
        "PyTorch, of the .onnx that an export writes"
    )
    for node in flow.graph.node:
        if node.name == name:
            made = [output for output in node.output if output]
            return InputError(
                what,
                why=f"a node ({node.op_type}) is called so; tensors have names of their own",
                todo=f"name what the node makes: {option} {quoted(made)}",
            )
    if name in _inner_names(flow.graph):
        return InputError(
            what,
            why="it is inside of a subgraph (the body of an If, Loop or Scan), which is one piece",
            todo=f"name an output of the node that the subgraph belongs to; {look}",
        )
    close = closest(name, [*flow.inputs, *flow.producers])
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return InputError(what, todo=meant + look)


def closest(name: str, known: Sequence[str]) -> list[str]:
    """Return the names that are most like one that is not there, the most similar first."""
    lower = {one.lower(): one for one in reversed(known)}
    near = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, _OFFERED, 0.6)]
    inside = [one for one in known if name.lower() in one.lower()] if len(name) > 2 else []
    return list(dict.fromkeys([*near, *inside]))[:_OFFERED]


def _inner_names(graph: onnx.GraphProto) -> set[str]:
    """Return the names of all tensors inside of subgraphs."""
    return {name for node in graph.node for inner in subgraphs(node) for name in _names(inner)}


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    yield from (one.name for one in graph.input)
    for node in graph.node:
        yield from node.output
        for inner in subgraphs(node):
            yield from _names(inner)
