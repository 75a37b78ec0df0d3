"""Who has to compute more, so that a pool reads more: back to the convolutions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import onnx_ir as ir

from _edgeship.export.tflite.borders.carriers import carried
from _edgeship.export.tflite.borders.windows import (
    Growth,
    all_enlarged,
    axes_of,
    made_same,
    needs_pad,
)


@dataclass(frozen=True)
class Makers:
    """What must grow.

    Attributes:
        nodes: The pool, and those that compute more for it.
        needed: Value -> growth; the pool's result is among them.
    """

    nodes: list[ir.Node]
    needed: dict[ir.Value, Growth]


def find_makers(
    pool: ir.Node, source: Growth, result: Growth, settled: Callable[[ir.Node], bool]
) -> Makers | None:
    """Return what must grow with a pool, or None if something cannot.

    Args:
        pool: Its input and output grow.
        source: By how much the input does.
        result: By how much the output does.
        settled: Says whether a node must stay as it is.
    """
    found = Makers([pool], {pool.outputs[0]: result})
    waiting = [(pool.inputs[0], source)]
    while waiting:
        value, growth = waiting.pop()
        node = None if value is None else value.producer()
        if value in found.needed:
            if found.needed[value] != growth:
                return None
            continue
        wishes = None if node is None or settled(node) else _wishes(node, growth)
        if node is None or wishes is None:
            return None
        found.nodes.append(node)
        found.needed.update((output, growth) for output in node.outputs)
        waiting += wishes
    return found


def _wishes(node: ir.Node, growth: Growth) -> list[tuple[ir.Value | None, Growth]] | None:
    """Return what must grow for the results of a node to grow, or None if they cannot."""
    operands = carried(node)
    if operands is not None:
        return [(value, growth) for value in operands]
    axes = axes_of(node) if node.op_type in ("Conv", "MaxPool") else None
    if axes is None:
        return None
    larger = all_enlarged(axes, (0,) * len(axes), growth)
    if larger is not None and (node.op_type == "Conv" or not needs_pad(larger)):
        return []
    growths = made_same(axes) if node.op_type == "MaxPool" else None
    return [(node.inputs[0], growths[0])] if growths is not None and growths[1] == growth else None
