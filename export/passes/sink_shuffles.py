"""Channel shuffles that stay are carried out where they move the fewest elements.

What works on each channel by itself commutes with a channel shuffle. So a shuffle in front of a
strided depthwise convolution or a pool goes behind it: in ShuffleNet V1 it then moves a quarter of
the elements, in the first units of two stages.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import shape_of, static_shape
from _edgeship.export.passes.channel_moves import Move, constant, find_moves
from _edgeship.export.passes.channel_orders import channel_parameters, is_per_channel
from _edgeship.export.passes.new_shuffles import shuffle_channels
from _edgeship.export.passes.new_values import NewValues


def sink_shuffles(model: ir.Model) -> int:
    """Put shuffles behind what shrinks the images that they shuffle, in place.

    Requires static shapes. Only where one node alone reads what was shuffled.

    Returns:
        The number of shuffles that changed their place.
    """
    new = NewValues(model.graph)
    sunk = 0
    for move in find_moves(model.graph):
        groups = _groups(move)
        reader = _only_reader(move) if groups else None
        if reader is not None and _shrinks(reader):
            _swap(model.graph, new, move, reader, groups)
            sunk += 1
    if sunk:
        model.graph.sort()
    return sunk


def _groups(move: Move) -> int:
    """Return how many groups a shuffle takes channels from in turn; 0 of any other move."""
    if not move.permutes or len(move.inputs) != 1 or len(move.outputs) != 1:
        return 0
    [channels] = move.outputs.values()
    order = [index for _, index in channels]
    count = shape_of(move.inputs[0])[1]
    if len(order) != count or count < 2 or order[1] < 1 or count % order[1]:
        return 0
    groups = count // order[1]
    return groups if order == _shuffled(count, groups).tolist() else 0


def _shuffled(count: int, groups: int) -> NDArray[np.int64]:
    order: NDArray[np.int64] = np.arange(count).reshape(groups, -1).T.reshape(-1)
    return order


def _only_reader(move: Move) -> ir.Node | None:
    """Return the node that alone reads what a shuffle writes, if nothing reads its inside."""
    result = move.nodes[-1].outputs[0]
    inside = [node.outputs[0] for node in move.nodes]
    if any(value.is_graph_output() or len(value.uses()) != 1 for value in inside):
        return None
    return next(iter(result.uses())).node


def _shrinks(node: ir.Node) -> bool:
    """Return whether a node makes smaller images of the same channels, of one value alone."""
    computed = [value for value in node.inputs if value is not None and value.const_value is None]
    if len(computed) != 1 or not is_per_channel(node):
        return False
    before, after = static_shape(computed[0]), static_shape(node.outputs[0])
    if before is None or after is None or len(before) != len(after):
        return False
    return math.prod(after) < math.prod(before)


def _swap(graph: ir.Graph, new: NewValues, move: Move, reader: ir.Node, groups: int) -> None:
    """Let a node read what the shuffle reads, and shuffle what the node writes."""
    # Asked of the node: a shuffle before may have gone behind what writes `move.inputs`.
    source, shuffled, result = move.nodes[0].inputs[0], move.nodes[-1].outputs[0], reader.outputs[0]
    shape = shape_of(result)
    back = np.argsort(_shuffled(shape[1], groups))
    for index, axis in channel_parameters(reader):
        value, data = reader.inputs[index], constant(reader.inputs[index])
        if value is None or data is None:
            raise ValueError(f"input {index} of {reader.name} is not a constant")
        copy = new.constant(f"{value.name}_unshuffled", np.take(data, back, axis))
        reader.replace_input_with(index, copy)
    reader.replace_input_with(list(reader.inputs).index(shuffled), source)
    uses, is_output = list(result.uses()), result.is_graph_output()
    value = shuffle_channels(new, result, groups, result.name or "")
    for use in uses:
        use.node.replace_input_with(use.idx, value)
    if is_output:
        graph.outputs[:] = [value if each is result else each for each in graph.outputs]
        name, result.name = result.name, None
        result.name, value.name = value.name, name
