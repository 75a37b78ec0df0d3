"""TFLite's operator for the end of a detector: the best boxes, by non-maximum suppression.

TFLite_Detection_PostProcess was made for boxes as distances from anchors:
``middle = encoded / scale * anchor size + anchor middle`` and
``size = exp(encoded / scale) * anchor size``. With anchors of size 1 at 0 and scales of 1 the
middle is what is encoded, and the size is what the logarithm is encoded of.

The operator has two ways. "Regular" suppresses within each class, and loses a class where it shares
the classes among threads: LiteRT 2 gives other boxes with two threads than with one. "Fast" takes
the best class of each box and suppresses among all boxes; it gives the same on any number of
threads, and is used here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

from _edgeship.export.detection.nms import Rules
from _edgeship.export.detection.reading import Reading
from _edgeship.export.tflite.objects import name_of, shape_of
from _edgeship.export.tflite.writer import from_bytes, to_bytes

#: What runtimes know the operator by.
CUSTOM_CODE = "TFLite_Detection_PostProcess"

#: Names of what it gives: corners from 0 (top, left, bottom, right), classes, scores, and how many.
OUTPUTS = ("boxes", "classes", "scores", "count")

#: Sizes below this, whose logarithm would be no number, count as this.
_LEAST_SIZE = 1e-6


def append(data: bytes, reading: Reading, rules: Rules) -> bytes:
    """Return a detector's file with the operator at its end.

    Args:
        data: A file whose outputs are those of the graph, in its order, in float32.
        reading: Which of them are boxes and scores.
        rules: Which boxes to keep.
    """
    model = from_bytes(data)
    tail = _Tail(model)
    outputs = list(tail.graph.outputs)
    boxes = tail.rows(outputs[reading.boxes], reading.boxes_axis)
    scores = tail.rows(outputs[reading.scores], reading.scores_axis)
    if reading.objectness:
        known, scores = tail.split(scores, [1, tail.shape(scores)[2] - 1])
        scores = tail.binary("MUL", "MulOptions", known, scores, tail.shape(scores))
    kept = tail.picked(tail.encoded(boxes, reading.corners), scores, rules)
    used = (reading.boxes, reading.scores)
    others = [one for number, one in enumerate(outputs) if number not in used]
    tail.graph.outputs = [*kept, *others]
    tail.sign(kept)
    return to_bytes(model)


class _Tail:
    """Operators behind those of a file."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.graph = model.subgraphs[0]

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        return shape_of(self.graph.tensors[tensor])

    def rows(self, tensor: int, axis: int) -> int:
        """Return a tensor (1, N, numbers of a box)."""
        if axis == 2:
            return tensor
        _, numbers, count = self.shape(tensor)
        order = self._constant("order", np.array([0, 2, 1], np.int32))
        return self._add("TRANSPOSE", "TransposeOptions", [tensor, order], [(1, count, numbers)])[0]

    def split(self, tensor: int, widths: list[int]) -> list[int]:
        """Return parts of the last axis."""
        shape = self.shape(tensor)
        sizes = self._constant("widths", np.array(widths, np.int32))
        axis = self._constant("axis", np.array(2, np.int32))
        shapes = [(*shape[:2], width) for width in widths]
        opts = {"numSplits": len(widths)}
        return self._add("SPLIT_V", "SplitVOptions", [tensor, sizes, axis], shapes, opts)

    def encoded(self, boxes: int, corners: bool) -> int:
        """Return middle y and x, and the logarithms of height and width."""
        one, two, three, four = self.split(boxes, [1, 1, 1, 1])
        shape = self.shape(one)
        if corners:
            half = self._constant("half", np.array(0.5, np.float32))
            ends = ((one, three), (two, four))
            sums = [self.binary("ADD", "AddOptions", *pair, shape) for pair in ends]
            x, y = (self.binary("MUL", "MulOptions", both, half, shape) for both in sums)
            width, height = (
                self.binary("SUB", "SubOptions", end, start, shape) for start, end in ends
            )
        else:
            x, y, width, height = one, two, three, four
        least = self._constant("least", np.array(_LEAST_SIZE, np.float32))
        logs = []
        for size in (height, width):
            above = self.binary("MAXIMUM", "MaximumMinimumOptions", size, least, shape)
            logs += self._add("LOG", "", [above], [shape])
        opts = {"axis": 2}
        count = shape[1]
        return self._add(
            "CONCATENATION", "ConcatenationOptions", [y, x, *logs], [(1, count, 4)], opts
        )[0]

    def binary(self, kind: str, options: str, one: int, two: int, shape: tuple[int, ...]) -> int:
        """Return the result of an operator of two inputs."""
        return self._add(kind, options, [one, two], [shape])[0]

    def picked(self, boxes: int, scores: int, rules: Rules) -> list[int]:
        """Return the tensors of `OUTPUTS`."""
        count, classes = self.shape(scores)[1:]
        anchors = np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1))
        most = rules.most_boxes
        shapes = [(1, most, 4), (1, most), (1, most), (1,)]
        tensors = [self._tensor(name, shape) for name, shape in zip(OUTPUTS, shapes, strict=True)]
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(schema.BuiltinOperator.CUSTOM, CUSTOM_CODE)
        operator.inputs = [boxes, scores, self._constant("anchors", anchors)]
        operator.outputs = tensors
        operator.customOptions = list(_options(classes, rules))
        operator.customOptionsFormat = schema.CustomOptionsFormat.FLEXBUFFERS
        self.graph.operators.append(operator)
        return tensors

    def sign(self, kept: list[int]) -> None:
        """Let the signature name the new outputs, and what stays of the old ones."""
        [signature] = self._model.signatureDefs
        names = {port.tensorIndex: port.name for port in signature.outputs}
        signature.outputs = []
        for number, tensor in enumerate(self.graph.outputs):
            port = schema.TensorMapT()
            port.name = OUTPUTS[number] if number < len(kept) else names[tensor]
            port.tensorIndex = tensor
            signature.outputs.append(port)

    def _add(
        self,
        kind: str,
        options: str,
        inputs: list[int],
        shapes: list[tuple[int, ...]],
        values: dict[str, Any] | None = None,
    ) -> list[int]:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, kind))
        operator.inputs = inputs
        operator.outputs = [self._tensor(f"nms/{kind.lower()}", shape) for shape in shapes]
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")()
            for name, value in (values or {}).items():
                setattr(operator.builtinOptions, name, value)
        self.graph.operators.append(operator)
        return list(operator.outputs)

    def _code(self, builtin: int, custom: str | None = None) -> int:
        """Return the number of a code of its own; equal ones are joined when the file is packed."""
        code = schema.OperatorCodeT()
        code.builtinCode, code.customCode = builtin, custom
        self._model.operatorCodes.append(code)
        return len(self._model.operatorCodes) - 1

    def _constant(self, name: str, values: Any) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        kind = schema.TensorType.INT32 if values.dtype == np.int32 else schema.TensorType.FLOAT32
        return self._tensor(f"nms/{name}", values.shape, kind, len(self._model.buffers) - 1)

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        kind: int = schema.TensorType.FLOAT32,
        buffer: int = 0,
    ) -> int:
        tensor = schema.TensorT()
        taken = {name_of(one) for one in self.graph.tensors}
        tensor.name, number = name, 1
        while tensor.name in taken:
            number += 1
            tensor.name = f"{name}_{number}"
        tensor.shape, tensor.type, tensor.buffer = list(shape), kind, buffer
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1


def _options(classes: int, rules: Rules) -> bytes:
    builder = flexbuffers.Builder()
    with builder.Map():
        builder.Int("max_detections", rules.most_boxes)
        builder.Int("max_classes_per_detection", 1)
        builder.Bool("use_regular_nms", False)
        builder.Float("nms_score_threshold", rules.least_score)
        builder.Float("nms_iou_threshold", rules.most_overlap)
        builder.Int("num_classes", classes)
        for side in "yxhw":
            builder.Float(f"{side}_scale", 1.0)
    return bytes(builder.Finish())
