"""Where to cut a network of which some nodes cannot be expressed, so that the rest can be."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import onnx

from _edgeship.export.graph.flow import Flow
from _edgeship.export.graph.suppression import SUPPRESSION, boxes_and_scores

#: More names than this are no advice: the network is hardly one that ends in a few tensors.
MOST_NAMES = 12

#: Pieces of one tensor that are named one by one.
_MOST_PIECES = 4

#: Operators that an application does in a line: they move or compare what it is given.
_PLAIN = frozenset(
    [
        "ArgMax",
        "Cast",
        "Flatten",
        "Gather",
        "Greater",
        "GreaterOrEqual",
        "Identity",
        "Less",
        "LessOrEqual",
        "Not",
        "ReduceMax",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "TopK",
        "Transpose",
        "Unsqueeze",
    ]
)


@dataclass(frozen=True)
class Cut:
    """Two places to cut at; both in the order of the file.

    Attributes:
        before: The last tensors that need none of the failed nodes, and that the rest reads; the
            outputs of the network that do not need them are among these.
        behind: The first tensors that none of the failed nodes needs: given these, the nodes
            behind them can be computed.
        nodes_before: How many nodes `before` needs.
        nodes_behind: How many nodes come after `behind`.
    """

    before: tuple[str, ...]
    behind: tuple[str, ...]
    nodes_before: int
    nodes_behind: int


def find(
    graph: onnx.GraphProto, failed: Collection[str], known: Collection[str] | None = None
) -> Cut:
    """Return where to cut around nodes.

    Args:
        graph: The graph that the user can cut.
        failed: Names of tensors that cannot be computed; others than the graph's are passed over.
        known: Names that the user knows; None if all of the graph's are.
    """
    flow = Flow(graph)
    numbers = {flow.owners[name] for name in failed if name in flow.owners}
    if not numbers:
        return Cut((), (), 0, 0)
    # Of several nodes whose shapes depend on the data, an export fails at the first; a cut that
    # leaves the next one is no way out.
    numbers |= flow.counting
    before, needed = _before(flow, numbers, known)
    behind, rest = _behind(flow, numbers)
    if not numbers.isdisjoint(flow.before(flow.outputs, stops=behind)) or not (
        known is None or set(behind) <= set(known)
    ):
        behind, rest = (), 0
    return Cut(before, behind, needed, rest)


def advise(
    graph: onnx.GraphProto,
    failed: Collection[str],
    known: Collection[str] | None = None,
    *,
    behind: bool = True,
) -> str:
    """Return what options export the part of a network that can be, or "" if there is none.

    Args:
        graph: The graph that the user can cut.
        failed: Names of tensors that cannot be computed; others than the graph's are passed over.
        known: Names that the user knows; None if all of the graph's are.
        behind: Whether an application can compute the failed tensors and feed the rest with them.
    """
    cut = find(graph, failed, known)
    end = f"--outputs {_word(cut.before)}" if 0 < len(cut.before) <= MOST_NAMES else ""
    start = f"--inputs {_word(cut.behind)}" if 0 < len(cut.behind) <= MOST_NAMES else ""
    if end and start and behind and cut.nodes_behind > cut.nodes_before:
        return (
            f"cut before it: {end}; or cut behind it: {start}; "
            "the application computes what is between"
        )
    if end and any(
        one.op_type == SUPPRESSION and set(one.output) & set(failed) for one in graph.node
    ):
        own = boxes_and_scores(Flow(graph)) is not None
        instead = "; or let the files pick them: --detection nms" if own else ""
        return f"cut before it, and pick the boxes in the application: {end}{instead}"
    if end:
        return f"cut before it, and compute the rest in the application: {end}"
    if start and behind:
        return f"cut behind it, and compute what comes before in the application: {start}"
    return ""


def _before(
    flow: Flow, failed: Collection[int], known: Collection[str] | None
) -> tuple[tuple[str, ...], int]:
    """Return the last tensors before nodes, and how many nodes these need.

    A tensor without a name that the user knows is no place to cut: what makes it counts as failed.
    """
    spoiled = flow.behind(failed)
    while True:
        read = {name for number in spoiled for name in flow.reads[number]} | set(flow.outputs)
        names = tuple(
            name
            for name, number in flow.producers.items()
            if number not in spoiled and name in read and name in flow.fed
        )
        moved = [name for name in names if known is not None and name not in known]
        moved = moved or _moved(flow, names)
        if not moved:
            return names, len(flow.before(names))
        spoiled = flow.behind(spoiled | {flow.producers[name] for name in moved})


def _moved(flow: Flow, names: Sequence[str]) -> list[str]:
    """Return tensors that are made in a plain way of one other, which is enough to name.

    They are many, as the scores of each class are, or the other one is named as well. Boxes and
    scores, which are few, stay apart.
    """
    roots: dict[str, list[str]] = {}
    for name in names:
        source = None if name in flow.outputs else _plain_source(flow, name)
        if source in names:
            return [name]
        root = name
        while source is not None:
            root, source = source, _plain_source(flow, source)
        if root != name:
            roots.setdefault(root, []).append(name)
    return next((some for some in roots.values() if len(some) > _MOST_PIECES), [])


def _plain_source(flow: Flow, name: str) -> str | None:
    """Return the one tensor that a plain operator makes another of; None for all others."""
    number = flow.producers[name]
    sources = [one for one in flow.reads[number] if one in flow.fed]
    if flow.graph.node[number].op_type not in _PLAIN or len(sources) != 1:
        return None
    return sources[0] if sources[0] in flow.producers else None


def _behind(flow: Flow, failed: Collection[int]) -> tuple[tuple[str, ...], int]:
    """Return the first tensors behind nodes, and how many nodes come after them."""
    made = {name for number in failed for name in flow.graph.node[number].output if name}
    needed = flow.before(made)
    rest = flow.before(flow.outputs) - needed
    read = {name for number in rest for name in flow.reads[number] if name in flow.fed}
    names = tuple(
        name
        for name in (*flow.inputs, *flow.producers)
        if name in read and flow.producers.get(name) not in rest
    )
    return names, len(rest)


def _word(names: Sequence[str]) -> str:
    """Return names as one word for a shell: ``boxes,scores``."""
    return shlex.quote(",".join(names))
