"""In which order a file's operators run, where a delegate leaves some of them out.

TFLite cuts the graph into parts that a delegate takes and parts that it does not. A part takes
every operator whose inputs are there by then, wherever it stands in the file: what lies behind an
operator that was left out waits for the next part, while a branch beside it is computed at once
(TensorFlow Lite's graph_info.cc, PartitionGraphIntoIndependentNodeSubsets).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from _edgeship.device_bench.results.records import Profile
from _edgeship.export.advice.steps import NetworkSteps
from _edgeship.export.tflite.reading import OperatorRecord, read_model


def executed(operators: Sequence[OperatorRecord], left: Collection[int]) -> list[int]:
    """Return the indices of a file's operators in the order in which they run.

    Args:
        operators: Those of the file, each behind those that it reads from.
        left: Indices of those that the delegate leaves out.
    """
    makers = {
        tensor: index for index, operator in enumerate(operators) for tensor in operator.outputs
    }
    needs = [
        {makers[tensor] for tensor in operator.inputs if tensor in makers} for operator in operators
    ]
    order: list[int] = []
    done: set[int] = set()
    while len(order) < len(operators):
        part: list[int] = []
        of_delegate: bool | None = None
        for index, needed in enumerate(needs):
            if index in done or not needed <= done:
                continue
            taken = index not in left
            if of_delegate in (None, taken):
                of_delegate = taken
                part.append(index)
                done.add(index)
        if not part:
            # Operators that wait for one another: a damaged file. They stay in its order.
            part = [index for index in range(len(operators)) if index not in done]
            done.update(part)
        order += part
    return order


def in_order(network: NetworkSteps, data: bytes, profile: Profile) -> NetworkSteps:
    """Return the steps of a file in the order in which the operators of a profile ran.

    Where all operators are a delegate's, or none, that is the file's order. Elsewhere the host's
    runtime is asked what its delegate leaves out; if that is not what the profile shows, nothing is
    known, and the file's order stays.

    Args:
        network: The steps of the file.
        data: Its bytes.
        profile: A profile of it.
    """
    outside = sum(not op.delegated for op in profile.ops)
    if outside in (0, len(profile.ops)):
        return network
    from _edgeship.export.delegates.xnnpack import xnnpack_report
    from _edgeship.export.runtimes.apart import run_apart
    from _edgeship.export.tflite.operations import operations
    from _edgeship.export.tflite.reading import parsed
    from _edgeship.export.tflite.writer import from_bytes

    nodes = run_apart("Opening the file in LiteRT", _nodes, data)
    with parsed():
        report = xnnpack_report(nodes, {}, lambda: operations(from_bytes(data)))
    left = {one.index for one in report.left}
    if len(left) != outside:
        return network
    operators = read_model(data).subgraphs[0].operators
    known = {index for index in left if index is not None}
    places = {
        str(tensor): place
        for place, index in enumerate(executed(operators, known))
        for tensor in operators[index].outputs
    }
    steps = sorted(network.steps, key=lambda step: places[step.outputs[0]] if step.outputs else -1)
    return NetworkSteps(network.name, tuple(steps))


def _nodes(data: bytes) -> list[dict[str, Any]]:
    """Return what LiteRT knows of the nodes of a file, in the process of the file."""
    from _edgeship.export.runtimes.interpreters import open_interpreter

    return open_interpreter(data)._get_ops_details()  # Python has no other way to them
