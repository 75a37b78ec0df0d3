"""Small detectors that end as published ones do, written as ONNX graphs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: Classes of all of them.
CLASSES = 5

#: Extents of the maps of their two levels, and pixels of the picture to a cell.
LEVELS = ((4, 8), (2, 16))

#: Boxes that all levels find together, one a cell.
CELLS = sum(extent * extent for extent, _ in LEVELS)


class Graph:
    """A graph under construction, on a picture (1, 3, 32, 32)."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: object, dtype: type = np.float32) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, count: int, *inputs: str, **attributes: object) -> list[str]:
        names = [f"{kind.lower()}{len(self.nodes)}_{number}" for number in range(count)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def maps(self, channels: int, level: int) -> str:
        """Return what the head's convolution of a level gives: (1, channels, cells, cells)."""
        step = LEVELS[level][1]
        filters = self.random.standard_normal((channels, 3, step, step)) / step
        weights = self.constant(filters)
        return self.op("Conv", "image", weights, strides=[step, step], kernel_shape=[step, step])

    def slice(self, value: str, axis: int, start: int, end: int) -> str:
        numbers = (self.integers(number) for number in (start, end, axis))
        return self.op("Slice", value, *numbers)

    def model(self, outputs: dict[str, Sequence[int]], opset: int = 17) -> onnx.ModelProto:
        """Return the model; the last nodes get the names of the outputs."""
        for node, name in zip(self.nodes[-len(outputs) :], outputs, strict=True):
            node.output[0] = name
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 32, 32))
        graph = helper.make_graph(
            self.nodes,
            "detector",
            [image],
            [helper.make_tensor_value_info(*(name, 1, shape)) for name, shape in outputs.items()],
            self.constants,
        )
        opsets = [helper.make_opsetid("", opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def grid(extent: int) -> np.ndarray:
    """Return the column and row of each cell: (cells, 2)."""
    rows, columns = np.mgrid[:extent, :extent]
    return np.stack([columns.ravel(), rows.ravel()], 1)


def yolov5() -> onnx.ModelProto:
    """Return three anchors a cell, all under one Sigmoid, decoded by slices: (1, N, 5 + C)."""
    net, width, rows = Graph(), 5 + CLASSES, []
    for level, (extent, step) in enumerate(LEVELS):
        shape = net.integers(1, 3, width, extent, extent)
        maps = net.op("Reshape", net.maps(3 * width, level), shape)
        maps = net.op("Sigmoid", net.op("Transpose", maps, perm=[0, 1, 3, 4, 2]))
        xy, wh, scores = net.ops("Split", 3, maps, net.integers(2, 2, 1 + CLASSES), axis=4)
        cells = net.constant(grid(extent).reshape(1, 1, extent, extent, 2) - 0.5)
        xy = net.op("Add", net.op("Mul", xy, net.constant(2)), cells)
        xy = net.op("Mul", xy, net.constant(step))
        wh = net.op("Pow", net.op("Mul", wh, net.constant(2)), net.constant(2))
        anchors = np.arange(1, 7).reshape(1, 3, 1, 1, 2) * step
        wh = net.op("Mul", wh, net.constant(anchors))
        joined = net.op("Concat", xy, wh, scores, axis=4)
        rows.append(net.op("Reshape", joined, net.integers(1, -1, width)))
    net.op("Concat", *rows, axis=1)
    return net.model({"output0": (1, 3 * CELLS, width)})


def yolov8(extra: int = 0) -> onnx.ModelProto:
    """Return distances as expectations over bins, and classes beside them: (1, 4 + C + E, N).

    Args:
        extra: Numbers behind the classes that are no scores, such as coefficients of masks.
    """
    net, bins, width = Graph(), 4, 4 * 4 + CLASSES
    rows = [
        net.op("Reshape", net.maps(width, level), net.integers(1, width, -1))
        for level in range(len(LEVELS))
    ]
    joined = net.op("Concat", *rows, axis=2)
    boxes, classes = net.ops("Split", 2, joined, net.integers(4 * bins, CLASSES), axis=1)
    boxes = net.op("Reshape", boxes, net.integers(1, 4, bins, CELLS))
    boxes = net.op("Softmax", net.op("Transpose", boxes, perm=[0, 2, 1, 3]), axis=1)
    bin_numbers = net.constant(np.arange(bins).reshape(1, bins, 1, 1))
    boxes = net.op("Reshape", net.op("Conv", boxes, bin_numbers), net.integers(1, 4, CELLS))
    first, last = net.ops("Split", 2, boxes, net.integers(2, 2), axis=1)
    centers = net.constant(np.concatenate([grid(extent) + 0.5 for extent, _ in LEVELS]).T[None])
    first, last = net.op("Sub", centers, first), net.op("Add", centers, last)
    middle = net.op("Div", net.op("Add", first, last), net.constant(2))
    boxes = net.op("Concat", middle, net.op("Sub", last, first), axis=1)
    steps = [np.full(extent * extent, step) for extent, step in LEVELS]
    boxes = net.op("Mul", boxes, net.constant(np.concatenate(steps)))
    parts = [boxes, net.op("Sigmoid", classes)]
    if extra:
        maps = [
            net.op("Reshape", net.maps(extra, level), net.integers(1, extra, -1))
            for level in range(len(LEVELS))
        ]
        parts.append(net.op("Concat", *maps, axis=2))
    net.op("Concat", *parts, axis=1)
    return net.model({"output0": (1, 4 + CLASSES + extra, CELLS)})


def yolox() -> onnx.ModelProto:
    """Return levels of raw boxes beside scores, joined, turned, then decoded: (1, N, 5 + C)."""
    net, width, rows = Graph(), 5 + CLASSES, []
    for level in range(len(LEVELS)):
        boxes = net.maps(4, level)
        known = net.op("Sigmoid", net.maps(1, level))
        classes = net.op("Sigmoid", net.maps(CLASSES, level))
        joined = net.op("Concat", boxes, known, classes, axis=1)
        rows.append(net.op("Reshape", joined, net.integers(1, width, -1)))
    turned = net.op("Transpose", net.op("Concat", *rows, axis=2), perm=[0, 2, 1])
    cells = np.concatenate([grid(extent) for extent, _ in LEVELS])[None]
    steps = np.concatenate([np.full((extent * extent, 1), step) for extent, step in LEVELS])[None]
    xy = net.op("Add", net.slice(turned, 2, 0, 2), net.constant(cells))
    xy = net.op("Mul", xy, net.constant(steps))
    wh = net.op("Mul", net.op("Exp", net.slice(turned, 2, 2, 4)), net.constant(steps))
    net.op("Concat", xy, wh, net.slice(turned, 2, 4, width), axis=2)
    return net.model({"output": (1, CELLS, width)})


def scaled() -> onnx.ModelProto:
    """Return what is joined first and brought to pixels by one vector: (1, N, 4 + C)."""
    net, width = Graph(), 4 + CLASSES
    boxes, scores = net.maps(4, 0), net.op("Sigmoid", net.maps(CLASSES, 0))
    joined = net.op("Concat", boxes, scores, axis=1)
    turned = net.op("Transpose", joined, perm=[0, 2, 3, 1])
    pixels = net.op("Mul", turned, net.constant([32, 32, 32, 32] + [1] * CLASSES))
    net.op("Reshape", pixels, net.integers(1, -1, width))
    return net.model({"found": (1, 16, width)})


def yolov10() -> onnx.ModelProto:
    """Return the ten best of the boxes, their scores and classes: (1, 10, 6)."""
    net, most = Graph(), 10
    boxes = net.op("Reshape", net.maps(4, 0), net.integers(1, 4, -1))
    scores = net.op(
        "Sigmoid", net.op("Reshape", net.maps(CLASSES, 0), net.integers(1, CLASSES, -1))
    )
    joined = net.op("Transpose", net.op("Concat", boxes, scores, axis=1), perm=[0, 2, 1])
    boxes, scores = net.ops("Split", 2, joined, net.integers(4, CLASSES), axis=2)
    best = net.op("ReduceMax", scores, axes=[2], keepdims=0)
    values, places = net.ops("TopK", 2, best, net.integers(most), axis=1)
    rows = net.op("Unsqueeze", places, net.integers(2))
    boxes = net.op("GatherElements", boxes, net.op("Tile", rows, net.integers(1, 1, 4)), axis=1)
    rows = net.op("Tile", rows, net.integers(1, 1, CLASSES))
    chosen = net.op("GatherElements", scores, rows, axis=1)
    labels = net.op("Cast", net.op("ArgMax", chosen, axis=2, keepdims=1), to=TensorProto.FLOAT)
    values = net.op("Unsqueeze", values, net.integers(2))
    net.op("Concat", boxes, values, labels, axis=2)
    return net.model({"output0": (1, most, 6)})


def raw() -> onnx.ModelProto:
    """Return boxes and scores without a Sigmoid: (1, 4 + C, N)."""
    net = Graph()
    boxes = net.op("Reshape", net.maps(4, 0), net.integers(1, 4, -1))
    scores = net.op("Reshape", net.maps(CLASSES, 0), net.integers(1, CLASSES, -1))
    net.op("Concat", boxes, scores, axis=1)
    return net.model({"raw": (1, 4 + CLASSES, 16)})


def detr() -> onnx.ModelProto:
    """Return boxes and scores in outputs of their own, as DETR and SSD do."""
    net = Graph()
    boxes = net.op("Reshape", net.maps(4, 0), net.integers(1, -1, 4))
    scores = net.op("Reshape", net.maps(CLASSES, 0), net.integers(1, -1, CLASSES))
    net.op("Sigmoid", boxes)
    net.op("Identity", scores)
    return net.model({"pred_boxes": (1, 16, 4), "pred_logits": (1, 16, CLASSES)})


def classifier() -> onnx.ModelProto:
    """Return no boxes at all."""
    net = Graph()
    net.op("Sigmoid", net.op("GlobalAveragePool", net.maps(CLASSES, 0)))
    return net.model({"scores": (1, CLASSES, 1, 1)})
