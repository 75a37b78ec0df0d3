"""The walk over the nodes of a graph, and what is said of those that cannot be lowered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import onnx_ir as ir

from _edgeship.export.lowering.unsupported import (
    Problem,
    Unhandled,
    UnknownShape,
    Unsupported,
    UnsupportedNodes,
    tripping_is_unhandled,
    values_behind,
)
from _edgeship.export.lowering.values import Values

Context = TypeVar("Context", bound=Values[Any])


def lower_nodes(
    ctx: Context,
    graph: ir.Graph,
    lowerings: Mapping[str, Callable[[Context, ir.Node], None]],
    target: str,
    stand_in: Callable[[Context, ir.Value], None],
    pieces: Callable[[ir.Node], list[ir.Node] | None] = lambda node: None,
) -> list[str]:
    """Lower all nodes, and collect what is wrong instead of stopping at the first problem.

    A node is passed over in silence if it reads what could not be made. Unknown shapes are reported
    only where they are the only problem: an unknown operator may have kept them from being
    inferred.

    Args:
        ctx: What the lowerings work with.
        graph: Its nodes are in order of execution.
        lowerings: ONNX operator -> the function that writes it.
        target: Its name, for messages.
        pieces: Puts simpler nodes into the graph for one that cannot be lowered, and returns them:
            they are lowered in its place. None if it knows none; it raises Unsupported if it knows
            why there are none.
        stand_in: Gives an output of a node that failed a place, so that the nodes behind it are
            tried as well. It raises Unsupported if the output's shape or type is not known. After
            a failure, nothing that was lowered is used.

    Returns:
        What is wrong, a sentence for each node.
    """
    problems: list[str] = []
    shapes: list[str] = []
    waiting = list(graph)[::-1]
    while waiting:
        node = waiting.pop()
        try:
            simpler = _lower(ctx, node, lowerings, target, pieces)
            if simpler is not None:
                waiting.extend(simpler[::-1])
                continue
        except Unsupported as problem:
            found = shapes if isinstance(problem, UnknownShape) else problems
            text = f"{node.op_type} ({_name(node)}): {problem}"
            defect = problem if isinstance(problem, Unhandled) else None
            found.append(Problem(text, values_behind(node), defect))
        for output in node.outputs:
            with suppress(Unsupported):
                stand_in(ctx, output)
    return problems or shapes


def _lower(
    ctx: Context,
    node: ir.Node,
    lowerings: Mapping[str, Callable[[Context, ir.Node], None]],
    target: str,
    pieces: Callable[[ir.Node], list[ir.Node] | None],
) -> list[ir.Node] | None:
    """Lower a node, or return the nodes that are to be lowered in its place.

    None if what it reads could not be made, though there is a lowering.

    Raises:
        Unsupported: Neither is possible.
    """
    before = ctx.progress()
    try:
        if node.domain not in ("", "ai.onnx") or node.op_type not in lowerings:
            raise Unsupported(f"no {target} lowering for this operator")
        if not all(value is None or ctx.knows(value) for value in node.inputs):
            return None
        with tripping_is_unhandled():
            lowerings[node.op_type](ctx, node)
        _check_outputs(ctx, node)
        return []
    except Unsupported as problem:
        ctx.take_back(before, node)
        if isinstance(problem, Unhandled):
            raise  # simpler operators might do, and hide it
        refused = problem
    try:
        simpler = pieces(node)
    except Unsupported as problem:
        raise type(problem)(f"{refused}; in simpler operators: {problem}") from problem
    if simpler is None:
        raise refused
    return simpler


def demand_none(problems: Sequence[str], target: str) -> None:
    """Refuse a network if some of its parts cannot be lowered.

    Raises:
        UnsupportedNodes: There are problems; it names them all. Its cause is the first defect of
            ours among them.
    """
    if problems:
        nodes = [problem for problem in problems if isinstance(problem, Problem)]
        defect = next((node.defect for node in nodes if node.defect is not None), None)
        raise UnsupportedNodes(
            f"{len(problems)} parts of the network cannot be expressed in {target}."
            if len(problems) > 1
            else f"A part of the network cannot be expressed in {target}.",
            [name for node in nodes for name in node.values],
            where=f"lowering to {target}",
            why="\n       ".join(problems),
            todo="replace these parts of the network; "
            "`python -m export list --ops` prints the operators that are supported",
        ) from defect


def _name(node: ir.Node) -> str:
    """Return the name of a node, or of its first output where it has none of its own."""
    return node.name or next((value.name for value in node.outputs if value.name), "unnamed")


def _check_outputs(values: Values[Any], node: ir.Node) -> None:
    for number, output in enumerate(node.outputs):
        if not values.knows(output) and (output.uses() or output.is_graph_output()):
            raise Unsupported(f"its output {number} ({output.name}) is used")
