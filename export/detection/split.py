"""A graph whose outputs are taken apart: the numbers of each part are never joined with others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.export.detection.heads import Head
from _edgeship.export.detection.nodes import (
    RESHAPING,
    concat_axis,
    operand,
    order_of,
    same_axis,
    slice_start,
    split_start,
)
from _edgeship.export.detection.segments import BINARY, UNARY, Segments
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.passes.new_values import NewValues


def split(model: ir.Model, heads: Sequence[Head]) -> ir.Model:
    """Return the graph with several outputs in place of each that joins them.

    Args:
        model: Its values have static shapes. It is not changed.
        heads: The outputs to take apart; others stay as they are.
    """
    model = ir.from_proto(ir.to_proto(model))
    graph = model.graph
    by_name = {head.output: head for head in heads}
    parts = _Parts(graph)
    parts.take_early()
    outputs: list[ir.Value] = []
    for value in list(graph.outputs):
        head = by_name.get(value.name or "")
        if head is None:
            outputs.append(value)
            continue
        start = 0
        for part in head.parts:
            end = start + part.width
            outputs.append(parts.output(value, head.axis, (start, end), part.name))
            start = end
    graph.outputs.clear()
    graph.outputs.extend(outputs)
    common.RemoveUnusedNodesPass()(model)
    common.TopologicalSortPass()(model)
    return model


class _Parts:
    """Makes parts of values of one graph, each once."""

    def __init__(self, graph: ir.Graph) -> None:
        self._graph = graph
        self._new = NewValues(graph)
        self._segments = Segments()
        self._made: dict[tuple[ir.Value, int, int, int], ir.Value] = {}

    def output(self, value: ir.Value, axis: int, span: tuple[int, int], name: str) -> ir.Value:
        """Return a part under a name of its own."""
        part = self._part(value, axis, *span)
        shape = _cut(shape_of(value), axis, *span)
        return self._node(name, "Identity", [part], value, shape)

    def take_early(self) -> None:
        """Let slices of tensors that join scores and other numbers read what was joined."""
        for node in list(self._graph):
            if node.op_type not in ("Slice", "Split"):
                continue
            for value in node.outputs:
                span = self._span(node, value)
                if span is None:
                    continue
                part = self._part(operand(node), *span)
                for use in list(value.uses()):
                    use.node.replace_input_with(use.idx, part)

    def _span(self, node: ir.Node, value: ir.Value) -> tuple[int, int, int] | None:
        """Return axis, start and end of what a node takes of a tensor that joins several kinds."""
        joined = operand(node)
        whole, own = shape_of(joined), shape_of(value)
        axes = [axis for axis in range(len(own)) if own[axis] != whole[axis]]
        if len(axes) != 1:
            return None
        [axis] = axes
        by_slice = node.op_type == "Slice"
        start = slice_start(node, axis) if by_slice else split_start(node, value, axis)
        kinds = {one.kind for one in self._segments.of(joined, axis)}
        return None if start is None or len(kinds) == 1 else (axis, start, start + own[axis])

    def _part(self, value: ir.Value, axis: int, start: int, end: int) -> ir.Value:
        """Return the places from ``start`` to ``end`` of an axis, taken as early as it pays."""
        if (start, end) == (0, shape_of(value)[axis]):
            return value
        key = (value, axis, start, end)
        if key not in self._made:
            node = value.producer()
            made = None
            if value.const_value is not None:
                array = value.const_value.numpy().take(range(start, end), axis)
                made = self._new.constant(f"{value.name}_part", array)
            elif node is not None and len(self._segments.of(value, axis)) > 1:
                made = self._moved(node, value, axis, start, end)
            self._made[key] = made or self._slice(value, axis, start, end)
        return self._made[key]

    def _moved(
        self, node: ir.Node, value: ir.Value, axis: int, start: int, end: int
    ) -> ir.Value | None:
        """Return the part as computed from parts of a node's inputs; None if it has none."""
        kind = node.op_type
        shape = _cut(shape_of(value), axis, start, end)
        if kind == "Concat":
            return self._joined(node, value, axis, start, end)
        if kind in ("Slice", "Split"):
            before = slice_start(node, axis) if kind == "Slice" else split_start(node, value, axis)
            whole = shape_of(operand(node))
            others = [one for one in range(len(shape)) if one != axis]
            if before is None or any(whole[one] != shape[one] for one in others):
                return None
            return self._part(operand(node), axis, before + start, before + end)
        if kind == "Transpose":
            own = order_of(node)[axis]
            part = self._part(operand(node), own, start, end)
            return self._like(node, [part], value, shape)
        if kind in RESHAPING:
            same = same_axis(shape_of(operand(node)), shape_of(value), axis)
            if same is None:
                return None
            part = self._part(operand(node), same, start, end)
            to = self._new.constant(f"{value.name}_shape", np.array(shape, np.int64))
            return self._node(f"{value.name}_part", "Reshape", [part, to], value, shape)
        if kind in UNARY and not (kind == "Softmax" and self._softmax_axis(node) == axis):
            inputs = [self._part(operand(node), axis, start, end), *node.inputs[1:]]
            return self._like(node, inputs, value, shape)
        if kind in BINARY:
            inputs = [self._aligned(one, value, axis, start, end) for one in node.inputs if one]
            return self._like(node, inputs, value, shape)
        return None

    def _joined(self, node: ir.Node, value: ir.Value, axis: int, start: int, end: int) -> ir.Value:
        shape = _cut(shape_of(value), axis, start, end)
        operands = [one for one in node.inputs if one is not None]
        if concat_axis(node) != axis:
            parts = [self._part(one, axis, start, end) for one in operands]
            return self._like(node, parts, value, shape)
        parts = []
        place = 0
        for one in operands:
            width = shape_of(one)[axis]
            first, last = max(start - place, 0), min(end - place, width)
            if first < last:
                parts.append(self._part(one, axis, first, last))
            place += width
        return parts[0] if len(parts) == 1 else self._like(node, parts, value, shape)

    def _aligned(
        self, operand: ir.Value, value: ir.Value, axis: int, start: int, end: int
    ) -> ir.Value:
        """Return the part of an operand of a broadcast."""
        own = axis - len(shape_of(value)) + len(shape_of(operand))
        if own < 0 or shape_of(operand)[own] != shape_of(value)[axis]:
            return operand
        return self._part(operand, own, start, end)

    def _slice(self, value: ir.Value, axis: int, start: int, end: int) -> ir.Value:
        numbers = (("starts", start), ("ends", end), ("axes", axis))
        constants = [
            self._new.constant(f"{value.name}_{name}", np.array([number], np.int64))
            for name, number in numbers
        ]
        shape = _cut(shape_of(value), axis, start, end)
        return self._node(f"{value.name}_part", "Slice", [value, *constants], value, shape)

    @staticmethod
    def _softmax_axis(node: ir.Node) -> int:
        axis = node.attributes.get("axis")
        number = -1 if axis is None else axis.as_int()
        return number % len(shape_of(operand(node)))

    def _like(
        self, node: ir.Node, inputs: Sequence[ir.Value | None], value: ir.Value, shape: list[int]
    ) -> ir.Value:
        """Return the result of such a node on other inputs."""
        return self._node(
            f"{value.name}_part",
            node.op_type,
            inputs,
            value,
            shape,
            [one for one in node.attributes.values() if one.name != "split"],
        )

    def _node(
        self,
        name: str,
        kind: str,
        inputs: Sequence[ir.Value | None],
        like: ir.Value,
        shape: Sequence[int],
        attributes: Sequence[ir.Attr] = (),
    ) -> ir.Value:
        node = ir.Node("", kind, inputs, attributes)
        result = self._new.result(node, name, like)
        result.shape = ir.Shape(shape)
        return result


def _cut(shape: Sequence[int], axis: int, start: int, end: int) -> list[int]:
    return [end - start if one == axis else extent for one, extent in enumerate(shape)]
