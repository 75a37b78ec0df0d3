"""Outputs that hang on which of several numbers is the largest.

Two scores that are nearly equal change places under the least noise, and then whole rows that are
gathered by them do. How many such there are is the network's affair; an ideal file has them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

#: Operators that say where the largest numbers are -> which of their outputs does.
_CHOOSING = {"ArgMax": 0, "ArgMin": 0, "TopK": 1}


def choices(graph: ir.Model) -> dict[str, tuple[str, ...]]:
    """Return output -> the values with the places of the largest numbers that it is computed from.

    Args:
        graph: In the order of its nodes; outputs that hang on no choice are left out.
    """
    behind: dict[ir.Value, dict[str, None]] = {}
    for node in graph.graph:
        common: dict[str, None] = {}
        for value in node.inputs:
            common |= behind.get(value, {}) if value is not None else {}
        for index, value in enumerate(node.outputs):
            own = {str(value.name): None} if _CHOOSING.get(node.op_type) == index else {}
            if common or own:
                behind[value] = common | own
    return {
        str(value.name): tuple(behind[value]) for value in graph.graph.outputs if value in behind
    }
