"""One range for all values that integer kernels can pass on without rounding them again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import onnx_ir as ir

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.disjoint_sets import DisjointSets
from _edgeship.export.onnx.kernels import MOVING

#: A value that others read besides a Concat keeps its own range if the common one is this many
#: times as wide: the others would lose two bits.
_TOO_WIDE = 4.0


def share_ranges(model: ir.Model, ranges: Ranges, apart: Collection[ir.Node] = ()) -> Ranges:
    """Return the ranges with every set of tied values given its widest one.

    What an operator only moves is tied to what comes out, and what goes into a Concat to the whole.
    ONNX Runtime's kernels would convert between ranges, but a half that a shuffled network hands on
    from block to block would then be rounded in each. Networks differ: of five, two gained 1 and
    4 dB by sharing, two kept what they had within 1 dB, and one (50 layers of squeeze-and-excite,
    untrained) lost 4.

    Args:
        model: The graph.
        ranges: Name of a value -> measured (min, max).
        apart: Nodes that stay in float, so that they tie nothing.
    """
    sets = DisjointSets[str]()
    postponed = []
    for node in model.graph:
        if node in apart:
            continue
        if node.op_type in MOVING:
            pairs = [(result, node.inputs[0]) for result in node.outputs]
        else:
            pairs = [(node.outputs[0], value) for value in node.inputs if node.op_type == "Concat"]
        for result, value in pairs:
            # Constants and integers have no range.
            if value is None or value.name not in ranges or result.name not in ranges:
                continue
            if node.op_type == "Concat" and len(value.uses()) > 1:
                postponed.append((str(result.name), str(value.name)))
            else:
                sets.join(str(result.name), str(value.name))
    for result_name, name in postponed:
        own, common = (_width(sets.members(one), ranges) for one in (name, result_name))
        if common < _TOO_WIDE * own:
            sets.join(result_name, name)
    shared = dict(ranges)
    for members in sets.all():
        shared.update(dict.fromkeys(members, _widest(members, ranges)))
    return shared


def _widest(names: Sequence[str], ranges: Ranges) -> tuple[float, float]:
    return min(ranges[name][0] for name in names), max(ranges[name][1] for name in names)


def _width(names: Sequence[str], ranges: Ranges) -> float:
    """Return how many real units the steps of a range span; zero is always in it."""
    low, high = _widest(names, ranges)
    return max(high, 0.0) - min(low, 0.0)
