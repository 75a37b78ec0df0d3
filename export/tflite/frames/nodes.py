"""Adding nodes of known shape to an ONNX graph, in the spelling of its operator set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.shapes import Shape, shape_of
from _edgeship.export.passes.channel_moves import integers
from _edgeship.export.passes.new_values import NewValues

#: Axis -> (start, end), as in a Python slice.
Cuts = Mapping[int, tuple[int, int]]

_TO_ROWS = (0, 2, 3, 1)
_TO_IMAGE = (0, 3, 1, 2)


class Nodes:
    """What is added to a graph; every method returns the result, with its shape filled in.

    Reshapes and transposes of one value to one shape or order are added once.
    """

    def __init__(self, graph: ir.Graph) -> None:
        self._new = NewValues(graph)
        self._graph = graph
        self._moved: dict[tuple[ir.Value, str, Shape], ir.Value] = {}
        self._origins: dict[ir.Value, str] = {}

    @property
    def _opset(self) -> int:
        return self._graph.opset_imports.get("") or self._graph.opset_imports["ai.onnx"]

    def add(
        self, op: str, inputs: Sequence[ir.Value | None], shape: Shape, name: str, **attributes: Any
    ) -> ir.Value:
        """Add a node with one output of the type of its first input."""
        node = ir.node(op, inputs, {k: v for k, v in attributes.items() if v is not None})
        like = next(value for value in inputs if value is not None)
        result = self._new.result(node, name, like)
        result.shape = ir.Shape(shape)
        return result

    def copy(
        self,
        node: ir.Node,
        inputs: Sequence[ir.Value | None],
        shapes: Sequence[Shape],
        **changed: Any,
    ) -> list[ir.Value]:
        """Add a node like another one on other inputs, some attributes changed.

        It has as many outputs as ``shapes``; the others are left out.
        """
        attributes = {**node.attributes, **changed}
        new = ir.node(node.op_type, inputs, attributes, num_outputs=len(shapes))
        old = node.outputs[: len(shapes)]
        results = self._new.results(new, [f"{value.name}_frames" for value in old], old)
        for result, shape in zip(results, shapes, strict=True):
            result.shape = ir.Shape(shape)
        return results

    def constant(self, name: str, data: NDArray[Any]) -> ir.Value:
        """Add an initializer."""
        return self._new.constant(name, data)

    def ints(self, name: str, values: Sequence[int]) -> ir.Value:
        """Add an int64 vector."""
        return self._new.constant(name, np.asarray(values, np.int64))

    def reshape(self, value: ir.Value, shape: Shape) -> ir.Value:
        """See a value under another shape."""
        if math.prod(shape) != math.prod(shape_of(value)):
            raise ValueError(f"{value.name} of shape {shape_of(value)} is not {shape}")
        value = _source(value, "Reshape") or value
        if shape_of(value) == shape:
            return value
        key = (value, "Reshape", shape)
        if key not in self._moved:
            inputs = [value, self.ints("shape", shape)]
            self._moved[key] = self._move("Reshape", inputs, shape, "view")
        return self._moved[key]

    def transpose(self, value: ir.Value, order: Shape) -> ir.Value:
        """Bring a value to another axis order."""
        before, source = value.producer(), _source(value, "Transpose")
        if before is not None and source is not None:
            earlier = integers(before, "perm", 1) or [*reversed(range(len(order)))]
            if [earlier[axis] for axis in order] == sorted(order):
                return source
        key = (value, "Transpose", order)
        if key not in self._moved:
            shape = tuple(shape_of(value)[axis] for axis in order)
            self._moved[key] = self._move("Transpose", [value], shape, "turned", perm=order)
        return self._moved[key]

    def to_rows(self, image: ir.Value) -> ir.Value:
        """Return an image (N, C, H, W) with its channels last, as TFLite stores it anyway."""
        return self.transpose(image, _TO_ROWS)

    def to_image(self, rows: ir.Value) -> ir.Value:
        """Return what lies channels last as an image (N, C, H, W)."""
        return self.transpose(rows, _TO_IMAGE)

    def image_view(self, image: ir.Value, shape: Shape) -> ir.Value:
        """Return an image under another shape (N, C, H, W) of the same channels-last memory."""
        if shape_of(image) == shape:
            return image
        batch, channels, height, width = shape
        rows = self.reshape(self.to_rows(image), (batch, height, width, channels))
        return self.to_image(rows)

    def slice(self, value: ir.Value, cuts: Cuts) -> ir.Value:
        """Cut a value; no node where all of it stays."""
        shape = list(shape_of(value))
        cuts = {axis: cut for axis, cut in cuts.items() if cut != (0, shape[axis])}
        if not cuts:
            return value
        for axis, (start, end) in cuts.items():
            shape[axis] = end - start
        parameters = {
            "starts": [start for start, _ in cuts.values()],
            "ends": [end for _, end in cuts.values()],
            "axes": list(cuts),
        }
        inputs: list[ir.Value | None] = [value]
        if self._opset >= 10:
            inputs += [self.ints(key, items) for key, items in parameters.items()]
            parameters = {}
        return self._move("Slice", inputs, tuple(shape), "cut", **parameters)

    def pad(
        self,
        image: ir.Value,
        borders: Mapping[int, tuple[int, int]],
        fill: ir.Value | None = None,
        **attributes: Any,
    ) -> ir.Value:
        """Add a border along some axes; no node where there is none to add.

        Args:
            image: What to pad.
            borders: Axis -> (elements in front, elements behind).
            fill: What the border holds, since opset 11; zero by default.
            **attributes: More of the node's attributes.
        """
        if not any(before or after for before, after in borders.values()):
            return image
        shape = list(shape_of(image))
        pads = [0] * 2 * len(shape)
        for axis, (before, after) in borders.items():
            pads[axis], pads[len(shape) + axis] = before, after
            shape[axis] += before + after
        inputs: list[ir.Value | None] = [image]
        if self._opset >= 11:
            inputs.append(self.ints("pads", pads))
            inputs += [] if fill is None else [fill]
        else:
            attributes["pads"] = pads
        return self._move("Pad", inputs, tuple(shape), "padded", **attributes)

    def concat(self, values: Sequence[ir.Value], axis: int) -> ir.Value:
        """Join values."""
        if len(values) == 1:
            return values[0]
        shape = list(shape_of(values[0]))
        shape[axis] = sum(shape_of(value)[axis] for value in values)
        return self._move("Concat", values, tuple(shape), "joined", axis=axis)

    def _move(
        self,
        op: str,
        inputs: Sequence[ir.Value | None],
        shape: Shape,
        word: str,
        **attributes: Any,
    ) -> ir.Value:
        """Add a node that only moves elements, named after what computed them."""
        source = inputs[0]
        origin = "" if source is None else self._origins.get(source, source.name or "value")
        result = self.add(op, inputs, shape, f"{origin}_{word}", **attributes)
        self._origins[result] = origin
        return result


def _source(value: ir.Value, op_type: str) -> ir.Value | None:
    """Return what a node of this kind made the value from, or None if none did."""
    node = value.producer()
    return node.inputs[0] if node is not None and node.op_type == op_type else None
