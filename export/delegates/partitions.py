"""Which operators of a file run on a delegate that takes some of them, and one piece only.

This is LiteRT's own way (``graph_info.cc`` and ``FP16GraphPartitionHelper`` in
``delegates/utils.cc``): operators are gathered in pieces, each as large as the order of computation
lets it be, alternately of those that the delegate takes and of those that it leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from _edgeship.export.delegates.operation import Operation


def pieces(operations: Sequence[Operation], taken: Collection[int]) -> list[list[int]]:
    """Return the pieces of a file that a delegate could run, each as places of operators.

    Args:
        operations: All operators, in the file's order.
        taken: The places of those that the delegate takes.
    """
    waiting = {one.tensor for op in operations for one in op.outputs}
    left = list(range(len(operations)))
    found: list[list[int]] = []
    while left:
        kind: bool | None = None
        piece: list[int] = []
        grew = True
        while grew:
            grew = False
            for place in list(left):
                op = operations[place]
                if any(one.tensor in waiting for one in op.read):
                    continue
                if kind is None:
                    kind = place in taken
                if (place in taken) != kind:
                    continue
                left.remove(place)
                piece.append(place)
                waiting -= {one.tensor for one in op.outputs}
                grew = True
        if not piece:
            break  # operators that wait for one another: no valid file
        if kind:
            found.append(piece)
    return found


def unpackers(operations: Sequence[Operation]) -> list[int]:
    """Return the places of the operators that only unpack a constant of float16."""
    return [
        place
        for place, op in enumerate(operations)
        if op.kind == "DEQUANTIZE" and op.read[0].dtype == "float16" and op.read[0].constant
    ]


def on_one_piece(operations: Sequence[Operation], taken: Collection[int]) -> list[int]:
    """Return the places of the operators that run on a delegate that runs one piece of a file.

    Operators that only unpack a constant run there only where all others do.

    Args:
        operations: All operators.
        taken: The places of those that it takes; of those that only unpack a constant, none.
    """
    if len(taken) + len(unpackers(operations)) == len(operations):
        return list(range(len(operations)))
    found = pieces(operations, taken)
    largest: list[int] = max(found, key=len) if found else []
    return sorted(largest)
