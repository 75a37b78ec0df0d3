"""Heads of published kinds of detectors are taken apart; the numbers stay, and mix no more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest

from _edgeship.errors import InputError
from _edgeship.export.detection.heads import find_heads
from _edgeship.export.detection.segments import Segments
from _edgeship.export.detection.split import split
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.preparation.prepare import prepare
from tests.export.detection import detectors
from tests.export.detection.detectors import CLASSES

IMAGE = np.random.default_rng(1).standard_normal((1, 3, 32, 32)).astype(np.float32)

Detector = Callable[[], onnx.ModelProto]


def run(data: bytes) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(data)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, {"image": IMAGE}), strict=True))


@pytest.mark.parametrize(
    ("detector", "axis", "parts"),
    [
        (detectors.yolov5, 2, {"output0_boxes": 4, "output0_scores": 1 + CLASSES}),
        (detectors.yolov8, 1, {"output0_boxes": 4, "output0_scores": CLASSES}),
        (
            lambda: detectors.yolov8(extra=3),
            1,
            {"output0_boxes": 4, "output0_scores": CLASSES, "output0_extra": 3},
        ),
        (detectors.yolox, 2, {"output_boxes": 4, "output_scores": 1 + CLASSES}),
        (detectors.scaled, 2, {"found_boxes": 4, "found_scores": CLASSES}),
        (detectors.yolov10, 2, {"output0_boxes": 4, "output0_scores": 1, "output0_labels": 1}),
        (detectors.raw, 1, {"raw_boxes": 4, "raw_scores": CLASSES}),
    ],
)
def test_a_head_is_taken_apart(detector: Detector, axis: int, parts: dict[str, int]) -> None:
    proto = detector()
    onnx.checker.check_model(proto, full_check=True)
    [whole] = run(proto.SerializeToString()).values()
    graph = prepare(proto).model
    heads = find_heads(graph.graph)
    assert [(head.axis, {part.name: part.width for part in head.parts}) for head in heads] == [
        (axis, parts)
    ]
    apart = split(graph, heads)
    found = run(serialize(apart))
    assert {name: array.shape[axis] for name, array in found.items()} == parts
    np.testing.assert_array_equal(np.concatenate(list(found.values()), axis), whole)
    assert mixed(apart) == []
    assert mixed(graph) != []


def mixed(model: ir.Model) -> list[str]:
    """Return the tensors that join scores and other numbers, which would share one scale."""
    segments = Segments()
    found = []
    for node in model.graph:
        joined = node.outputs[0]
        for axis in range(len(shape_of(joined)) if node.op_type == "Concat" else 0):
            kinds = {one.kind for one in segments.of(joined, axis)}
            widths = {shape_of(one)[axis] for one in node.inputs if one is not None}
            if {"scores", ""} <= kinds or widths == {4, CLASSES}:
                found.append(str(joined.name))
    return found


def test_each_head_is_found_and_other_outputs_stay():
    one, two = detectors.yolov8(), detectors.raw()
    both = onnx.compose.merge_models(
        onnx.compose.add_prefix(one, "a/"), onnx.compose.add_prefix(two, "b/"), io_map=[]
    )
    both.graph.output.append(onnx.ValueInfoProto(name=both.graph.node[0].output[0]))
    graph = prepare(onnx.shape_inference.infer_shapes(both)).model
    heads = find_heads(graph.graph)
    assert [head.output for head in heads] == ["a/output0", "b/raw"]
    names = [value.name for value in split(graph, heads).graph.outputs]
    assert names[:4] == ["a/output0_boxes", "a/output0_scores", "b/raw_boxes", "b/raw_scores"]
    assert names[4:] == [both.graph.node[0].output[0]]


@pytest.mark.parametrize(
    ("detector", "sentence"),
    [
        (detectors.detr, "apart already: pred_boxes, pred_logits"),
        (detectors.classifier, "the output scores is not a Concat"),
    ],
)
def test_where_nothing_is_joined_that_is_said(detector: Detector, sentence: str) -> None:
    with pytest.raises(InputError, match="--detection finds no output") as caught:
        find_heads(prepare(detector()).model.graph)
    assert sentence in str(caught.value)


def test_names_are_not_taken_twice():
    proto = detectors.detr()
    proto.graph.output[0].name = proto.graph.node[-2].output[0] = "found_boxes"
    joined = detectors.scaled()
    both = onnx.compose.merge_models(proto, onnx.compose.add_prefix(joined, "x"), io_map=[])
    both.graph.node[-1].output[0] = both.graph.output[-1].name = "found"
    heads = find_heads(prepare(both).model.graph)
    assert [part.name for part in heads[0].parts] == ["found_boxes_2", "found_scores"]
