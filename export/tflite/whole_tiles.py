"""Pointwise convolutions get the outputs that make their kernel's tiles whole.

XNNPACK computes a 1x1 convolution in float as a matrix product, in tiles of 8 outputs, or of 2
where 8 would compute more than 1 % of the outputs for nothing (`xnn_use_nr2`). On arm64 these
execute 1.5 times the instructions: 28 x 28 x 40 to 60 outputs took 1,124,000, to 64 outputs
723,000. ShuffleNet V2 has 58 or 116 outputs in 26 of its convolutions. In int8 and fp16 there is
one kernel, whose tiles of 16 compute the further outputs anyway; but who reads them works for
nothing. Files in half precision are lowered without them: 0.991 of the instructions of ShuffleNet
V2 1.0, 0.988 of ReXNet 1.0. Files in int8 take them, as their slices of wide tensors cost less
(0.998 and 1.005 of those without).

So such a convolution gets filters of zeros up to a multiple of 8. What they compute rides behind
the real channels through whatever works on each channel alone, is multiplied by zeros in the next
convolution, is passed by where a Slice picks channels anyway, and is cut off everywhere else. Where
a second convolution gives a factor for each channel, as in squeeze and excitation, it gets further
outputs as well. The real channels are computed as before.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.channel_moves import constant, integers
from _edgeship.export.passes.channel_orders import (
    channel_parameters,
    dense_parameters,
    is_dense,
    is_per_channel,
)
from _edgeship.export.passes.new_values import NewValues

#: Outputs and rows of a tile.
_OUTPUTS, _FEW_OUTPUTS, _ROWS = 8, 2, 6

#: Instructions for each row of a tile, beside those for each input, and those: fitted to 1x1
#: convolutions of 24 to 116 inputs on arm64, within 12 %.
_TILE = {_OUTPUTS: (13.5, 2.54), _FEW_OUTPUTS: (4.0, 1.1)}

#: What a row must save: a Slice takes 73 for each row (of 58 channels), six further inputs of 64
#: outputs 122.
_WORTH = 160.0

#: Nodes whose result for a channel of zeros is a number that does not widen what its neighbours
#: are, as Log and Exp might.
_RIDEABLE = {
    *("Abs", "Add", "AveragePool", "Clip", "Conv", "Dropout", "Elu", "Flatten", "Gelu"),
    *("GlobalAveragePool", "GlobalMaxPool", "HardSwish", "Identity", "LeakyRelu", "MaxPool"),
    *("Mish", "Mul", "Neg", "PRelu", "Pad", "ReduceMax", "ReduceMean", "ReduceMin", "Relu"),
    *("Sigmoid", "Sub", "Tanh"),
}


def fill_tiles(model: ir.Model) -> tuple[ir.Model, int]:
    """Widen the pointwise convolutions that gain by it, in a copy of the graph.

    Args:
        model: A graph with static shapes.

    Returns:
        The graph, the same one if nothing was changed, and the number of convolutions widened.
    """
    if not any(_gains(node) for node in model.graph) or any(map(_has_body, model.graph)):
        return model, 0
    model = ir.from_proto(ir.to_proto(model))
    filling = _Filling(model.graph)
    for node in list(model.graph):
        filling.visit(node)
    filling.cut_outputs()
    common.RemoveUnusedNodesPass()(model)
    model.graph.sort()
    return model, filling.widened


def _has_body(node: ir.Node) -> bool:
    """Return whether a node has a graph inside, which may read any value."""
    return any(attribute.type == ir.AttributeType.GRAPH for attribute in node.attributes.values())


def _gains(node: ir.Node) -> bool:
    if node.op_type != "Conv" or not is_dense(node) or node.outputs[0].is_graph_output():
        return False
    weight, result = static_shape(node.inputs[1]), static_shape(node.outputs[0])
    if weight is None or result is None or math.prod(weight[2:]) != 1:
        return False
    if any(integers(node, "pads", len(node.inputs)) or []):
        return False
    return result[0] * math.prod(result[2:]) >= _ROWS and _saved(weight[0], weight[1]) > _WORTH


def _saved(outputs: int, inputs: int) -> float:
    """Return the instructions that whole tiles save for each row."""
    missing, few_missing = -outputs % _OUTPUTS, -outputs % _FEW_OUTPUTS
    if missing * 100 <= outputs or few_missing >= missing:
        return 0.0  # XNNPACK takes the large tiles

    def cost(tile: int) -> float:
        once, each = _TILE[tile]
        return -(-outputs // tile) * (once + each * inputs)

    return cost(_FEW_OUTPUTS) - cost(_OUTPUTS)


class _Filling:
    """One walk over a graph, in execution order.

    Attributes:
        widened: How many convolutions have further outputs.
    """

    def __init__(self, graph: ir.Graph) -> None:
        self.widened = 0
        self._graph = graph
        self._new = NewValues(graph)
        self._true: dict[ir.Value, int] = {}
        self._cuts: dict[ir.Value, ir.Value] = {}
        # Asked now: a depthwise convolution is one only while its input is as wide as it is.
        self._riders = {n for n in graph if n.op_type in _RIDEABLE and is_per_channel(n)}

    def visit(self, node: ir.Node) -> None:
        """Let a node read values that have become wider, or what is cut off them."""
        gains = _gains(node)
        wide = [value for value in dict.fromkeys(node.inputs) if value in self._true]
        if wide and node in self._riders:
            wide = self._with_gates(node, wide[0])
        if wide and is_dense(node) and wide == [node.inputs[0]]:
            by_input, _ = dense_parameters(node)
            self._extend(node, by_input, _width(wide[0]))
        elif wide and self._rides(node, wide):
            self._ride(node, wide[0])
        elif wide and not self._picks(node):
            for index, value in enumerate(node.inputs):
                if value in self._true:
                    node.replace_input_with(index, self._cut(value))
        if gains:
            self._widen(node)

    def cut_outputs(self) -> None:
        """Give the outputs of the graph their channels, under their names."""
        for index, value in enumerate(self._graph.outputs):
            if value in self._true:
                cut = self._cut(value)
                self._graph.outputs[index] = cut
                value.name, cut.name = self._new.name(f"{value.name}_wide"), value.name

    def _widen(self, node: ir.Node) -> None:
        true = _width(node.outputs[0])
        self._give_filters(node, true + -true % _OUTPUTS)
        self.widened += 1

    def _give_filters(self, node: ir.Node, width: int) -> None:
        _, by_output = dense_parameters(node)
        output = node.outputs[0]
        self._extend(node, by_output, width)
        self._true[output] = _width(output)
        _set_width(output, width)

    def _with_gates(self, node: ir.Node, wide: ir.Value) -> list[ir.Value]:
        """Widen the factors that one convolution gives for the channels of a wide value.

        They are numbers for each channel and image, as in squeeze and excitation: a few more
        filters cost less there than to cut the image.

        Returns:
            The inputs of the node that are wide now.
        """
        for value in node.inputs:
            if value is None or value in self._true or value.const_value is not None:
                continue
            chain = self._chain_to_dense(value)
            if chain and _width(value) == self._true[wide]:
                dense, *riders = chain
                self._give_filters(dense, _width(wide))
                for rider in riders:
                    if (source := rider.inputs[0]) is not None:
                        self._ride(rider, source)
        return [value for value in dict.fromkeys(node.inputs) if value in self._true]

    def _chain_to_dense(self, value: ir.Value) -> list[ir.Node]:
        """Return the nodes from a convolution to one value per channel, if nobody else reads them.

        Returns:
            The convolution, and riders in execution order; nothing if it is made otherwise.
        """
        chain: list[ir.Node] = []
        shape = static_shape(value)
        if shape is None or math.prod(shape[2:]) != 1:
            return []
        while True:
            node = value.producer()
            if node is None or len(value.uses()) != 1 or value.is_graph_output():
                return []
            chain.insert(0, node)
            if is_dense(node):
                return chain
            computed = [v for v in node.inputs if v is not None and v.const_value is None]
            if node not in self._riders or computed != [node.inputs[0]]:
                return []
            value = computed[0]

    def _rides(self, node: ir.Node, wide: list[ir.Value]) -> bool:
        """Return whether a node gives further channels for further channels."""
        if node not in self._riders and not _keeps_channels(node):
            return False
        before = {(self._true[value], _width(value)) for value in wide}
        computed = [v for v in node.inputs if v is not None and v.const_value is None]
        return len(before) == 1 and set(computed) == set(wide)

    def _ride(self, node: ir.Node, value: ir.Value) -> None:
        width = _width(value)
        self._extend(node, channel_parameters(node), width)
        if node.op_type == "Conv":
            node.attributes["group"] = ir.AttrInt64("group", width)
        self._true[node.outputs[0]] = self._true[value]
        _set_width(node.outputs[0], width)

    def _picks(self, node: ir.Node) -> bool:
        """Let a Slice of real channels pass the further ones by; return whether a node is one."""
        source = node.inputs[0]
        if node.op_type != "Slice" or source not in self._true or len(node.inputs) < 4:
            return False
        starts, ends, axes = (integers(node, "", index) for index in (1, 2, 3))
        steps = [1] if len(node.inputs) < 5 else integers(node, "", 4)
        if starts is None or ends is None or axes != [1] or steps != [1]:
            return False
        start, end, _ = slice(starts[0], ends[0]).indices(self._true[source])
        for index, number in ((1, start), (2, end)):
            name = f"{node.outputs[0].name}_bound"
            node.replace_input_with(index, self._new.constant(name, np.array([number], np.int64)))
        return True

    def _cut(self, value: ir.Value) -> ir.Value:
        if value not in self._cuts:
            name = value.name or "wide"
            bounds = [
                self._new.constant(f"{name}_{word}", np.array([number], np.int64))
                for word, number in (("from", 0), ("to", self._true[value]), ("axis", 1))
            ]
            cut = self._new.result(ir.node("Slice", [value, *bounds]), f"{name}_cut", value)
            cut.shape = ir.Shape(static_shape(value) or ())
            _set_width(cut, self._true[value])
            self._cuts[value] = cut
        return self._cuts[value]

    def _extend(self, node: ir.Node, parameters: list[tuple[int, int]], width: int) -> None:
        """Give a node copies of its constants that go on with zeros up to a width."""
        for index, axis in parameters:
            value, data = node.inputs[index], constant(node.inputs[index])
            if data is None or value is None:
                raise ValueError(f"input {index} of {node.name} is not a constant")
            ends = [(0, width - data.shape[axis] if at == axis else 0) for at in range(data.ndim)]
            wider = self._new.constant(f"{value.name}_wide", np.pad(data, ends))
            node.replace_input_with(index, wider)


def _keeps_channels(node: ir.Node) -> bool:
    """Return whether a node is a Slice of other axes."""
    if node.op_type != "Slice" or len(node.inputs) < 4:
        return False
    axes = integers(node, "axes", 3)
    return axes is not None and min(axes) > 1


def _width(value: ir.Value | None) -> int:
    shape = static_shape(value)
    if shape is None:
        raise ValueError("a value without a static shape")
    return shape[1]


def _set_width(value: ir.Value, width: int) -> None:
    shape = list(static_shape(value) or ())
    shape[1] = width
    value.shape = ir.Shape(shape)
