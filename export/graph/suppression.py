"""What a detector that suppresses boxes itself would pick them from."""

from __future__ import annotations

from _edgeship.export.graph.flow import Flow

#: The operator that keeps the best of boxes that overlap.
SUPPRESSION = "NonMaxSuppression"


def boxes_and_scores(flow: Flow) -> tuple[str, str] | None:
    """Return the names of all boxes (1, N, 4) and scores (1, C, N) that a graph picks from.

    None if there are not one such pair, or if the shapes of these depend on the data as well.
    """
    pairs = {
        (node.input[0], node.input[1])
        for number, node in enumerate(flow.graph.node)
        if node.op_type == SUPPRESSION and number in flow.counting and len(node.input) > 1
    }
    if len(pairs) != 1:
        return None
    [pair] = pairs
    if not flow.fed.issuperset(pair) or not flow.counting.isdisjoint(flow.before(pair)):
        return None
    return pair
