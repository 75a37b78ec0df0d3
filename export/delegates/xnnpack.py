"""What XNNPACK takes of a file, from the plan that the runtime made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from _edgeship.export.delegates.operation import Operation
from _edgeship.export.delegates.report import DelegateReport, Left
from _edgeship.export.delegates.xnnpack_reasons import reason

#: What the runtime calls the node that stands for a partition.
_DELEGATE = "DELEGATE"

Node = Mapping[str, Any]


def xnnpack_report(
    nodes: Sequence[Node],
    names: Mapping[int, str],
    operations: Callable[[], Sequence[Operation]],
) -> DelegateReport:
    """Return how much of a file XNNPACK takes.

    Args:
        nodes: Those of an interpreter whose tensors are allocated: the file's operators, then one
            for each partition, which reads and writes what the operators in it do together.
        names: Index of a tensor -> its name.
        operations: Returns the file's operators, which is asked for only where some are left.
    """
    operators = [node for node in nodes if node["op_name"] != _DELEGATE]
    partitions = [node for node in nodes if node["op_name"] == _DELEGATE]
    taken: set[int] = set()
    for partition in partitions:
        taken |= _inside(partition, operators)
    others = [node for node in operators if node["index"] not in taken]
    found = operations() if others else []
    left = tuple(
        Left(
            node["op_name"],
            reason(found[node["index"]]),
            node["index"],
            names.get(_result(node), ""),
        )
        for node in others
    )
    return DelegateReport("XNNPACK", len(operators), len(taken), len(partitions), left)


def _inside(partition: Node, operators: Sequence[Node]) -> set[int]:
    """Return the operators between what a partition reads and what it writes."""
    producers = {int(tensor): node for node in operators for tensor in node["outputs"]}
    read = {int(tensor) for tensor in partition["inputs"]}
    waiting = [int(tensor) for tensor in partition["outputs"]]
    found: set[int] = set()
    while waiting:
        tensor = waiting.pop()
        node = producers.get(tensor)
        if node is None or tensor in read or node["index"] in found:
            continue
        found.add(int(node["index"]))
        waiting += [int(source) for source in node["inputs"]]
    return found


def _result(node: Node) -> int:
    return int(node["outputs"][0]) if len(node["outputs"]) else -1
