"""Operators that only move channels: which input channel each output channel is.

The channel axis is axis 1, as in all of ONNX's convolution operators.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import static_shape

#: A channel: the value it belongs to, and its index there.
Channel = tuple[ir.Value, int]

_SHAPING = {"Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
#: Longest chain that spells one shuffle, and most elements to follow through it.
_LONGEST_CHAIN = 6
_MOST_ELEMENTS = 1 << 24


@dataclass(frozen=True)
class Move:
    """One operator, or a chain that amounts to one.

    Attributes:
        nodes: The nodes, in order.
        inputs: The values whose channels are moved.
        outputs: Output value -> its channels, taken from ``inputs``.
        permutes: Whether it changes the order within one value, as a channel shuffle does.
    """

    nodes: tuple[ir.Node, ...]
    inputs: tuple[ir.Value, ...]
    outputs: dict[ir.Value, list[Channel]]
    permutes: bool


def find_moves(graph: ir.Graph) -> list[Move]:
    """Return all moves of a graph with static shapes, in execution order."""
    moves: list[Move] = []
    taken: set[ir.Node] = set()
    for node in graph:
        if node in taken:
            continue
        move = _MOVES[node.op_type](node) if node.op_type in _MOVES else _shuffle(node)
        if move is not None:
            moves.append(move)
            taken.update(move.nodes)
    return moves


def constant(value: ir.Value | None) -> NDArray[np.generic] | None:
    """Return the data of a constant, or None."""
    if value is None or value.const_value is None:
        return None
    return np.asarray(value.const_value.numpy())


def integers(node: ir.Node, name: str, index: int) -> list[int] | None:
    """Return a list that is an attribute in older opsets and a constant input in newer ones."""
    if name in node.attributes:
        return [int(item) for item in node.attributes[name].as_ints()]
    data = constant(node.inputs[index]) if index < len(node.inputs) else None
    return None if data is None else [int(item) for item in data.reshape(-1)]


def _on_channels(node: ir.Node, axis: int) -> tuple[int, ...] | None:
    """Return the first input's shape if ``axis`` is its channel axis."""
    shape = static_shape(node.inputs[0])
    return shape if shape is not None and len(shape) >= 2 and axis % len(shape) == 1 else None


def _concat(node: ir.Node) -> Move | None:
    if _on_channels(node, integer(node, "axis", 0)) is None:
        return None
    inputs = [value for value in node.inputs if value is not None]
    shapes = [static_shape(value) for value in inputs]
    channels: list[Channel] = []
    for value, shape in zip(inputs, shapes, strict=True):
        if shape is None or value.const_value is not None:
            return None
        channels += [(value, index) for index in range(shape[1])]
    return Move((node,), tuple(dict.fromkeys(inputs)), {node.outputs[0]: channels}, False)


def _split(node: ir.Node) -> Move | None:
    shape = _on_channels(node, integer(node, "axis", 0))
    value = node.inputs[0]
    if shape is None or value is None:
        return None
    outputs: dict[ir.Value, list[Channel]] = {}
    start = 0
    for output in node.outputs:
        part = static_shape(output)
        if part is None:
            return None
        outputs[output] = [(value, start + index) for index in range(part[1])]
        start += part[1]
    return Move((node,), (value,), outputs, False)


def _slice(node: ir.Node) -> Move | None:
    starts, ends = integers(node, "starts", 1), integers(node, "ends", 2)
    if starts is None or ends is None:
        return None
    axes = integers(node, "axes", 3) or list(range(len(starts)))
    steps = integers(node, "steps", 4) or [1] * len(starts)
    if len(starts) != 1 or steps[0] < 1:
        return None
    shape, value = _on_channels(node, axes[0]), node.inputs[0]
    if shape is None or value is None:
        return None
    picked = range(shape[1])[slice(starts[0], ends[0], steps[0])]
    outputs = {node.outputs[0]: [(value, index) for index in picked]}
    return Move((node,), (value,), outputs, steps[0] != 1)


def _gather(node: ir.Node) -> Move | None:
    shape, value = _on_channels(node, integer(node, "axis", 0)), node.inputs[0]
    picked = constant(node.inputs[1])
    if shape is None or value is None or picked is None or picked.ndim != 1:
        return None
    channels = [(value, int(index) % shape[1]) for index in picked]
    return Move((node,), (value,), {node.outputs[0]: channels}, True)


def _shuffle(node: ir.Node) -> Move | None:
    """Recognise a permutation of channels in any spelling by reshapes and transposes.

    Numbers that name the elements are sent through the chain; where they come out as whole
    channels in another order, the chain is a shuffle. The longest such chain counts.
    """
    value = node.inputs[0] if node.op_type in _SHAPING else None
    shape = static_shape(value)
    if value is None or shape is None or len(shape) < 3:
        return None
    if value.const_value is not None or math.prod(shape) > _MOST_ELEMENTS:
        return None
    elements = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
    moved, chain, best = elements, [node], None
    while True:
        following = _shaped(chain[-1], moved)
        if following is None:
            return best
        moved = following
        order = _channel_order(elements, moved)
        if order is not None:
            channels = [(value, index) for index in order]
            outputs = {chain[-1].outputs[0]: channels}
            best = Move(tuple(chain), (value,), outputs, order != list(range(shape[1])))
        uses = chain[-1].outputs[0].uses()
        only = next(iter(uses)).node if len(uses) == 1 else None
        if only is None or only.op_type not in _SHAPING or len(chain) == _LONGEST_CHAIN:
            return best
        if chain[-1].outputs[0].is_graph_output():
            return best
        chain.append(only)


def _shaped(node: ir.Node, data: NDArray[np.int32]) -> NDArray[np.int32] | None:
    """Return what a shaping node makes of ``data``."""
    if node.op_type == "Transpose":
        reverse = list(reversed(range(data.ndim)))
        order = integers(node, "perm", len(node.inputs)) or reverse
        return np.transpose(data, order)
    result = static_shape(node.outputs[0])
    return None if result is None or math.prod(result) != data.size else data.reshape(result)


def _channel_order(before: NDArray[np.int32], after: NDArray[np.int32]) -> list[int] | None:
    """Return which channel of ``before`` each of ``after`` is, or None if channels were mixed."""
    if before.shape != after.shape:
        return None
    # Element 0 of each channel of the first image, divided by the size of a channel.
    order = after[0].reshape(after.shape[1], -1)[:, 0] // before[0, 0].size
    same = bool((order < before.shape[1]).all()) and np.array_equal(before[:, order], after)
    return [int(index) for index in order] if same else None


_MOVES = {"Concat": _concat, "Gather": _gather, "Slice": _slice, "Split": _split}
