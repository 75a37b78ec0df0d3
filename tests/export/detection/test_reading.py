"""How boxes and scores of published kinds of heads are read."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import parser

from _edgeship.errors import InputError
from _edgeship.export.detection.box_format import are_corners
from _edgeship.export.detection.heads import find_heads
from _edgeship.export.detection.reading import Reading, read_head
from _edgeship.export.detection.split import split
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.preparation.prepare import prepare
from tests.export.detection import detectors


def read(proto: onnx.ModelProto) -> Reading:
    graph = prepare(proto).model
    heads = find_heads(graph.graph, needed=False)
    apart = split(graph, heads)
    session = onnxruntime.InferenceSession(serialize(apart))
    image = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    return read_head(apart.graph, heads, [session.run(None, {"image": image})])


@pytest.mark.parametrize(
    ("detector", "reading"),
    [
        (detectors.yolov5, Reading(0, 1, 2, 2, corners=False, objectness=True)),
        (detectors.yolov8, Reading(0, 1, 1, 1, corners=False, objectness=False)),
        (lambda: detectors.yolov8(extra=3), Reading(0, 1, 1, 1, corners=False, objectness=False)),
        (detectors.yolox, Reading(0, 1, 2, 2, corners=False, objectness=True)),
    ],
)
def test_published_heads_are_read_by_their_structure(detector, reading):
    assert read(detector()) == reading


APART = """<ir_version: 8, opset_import: ["" : 17]>
net (float[1,3,32,32] image) => (float[1,2,1536] scores, float[1,1536,4] boxes, float[1,3] beside)
<int64[3] to = {1, 2, 1536}, int64[3] of = {1, 4, 1536}, int64[1] rows = {2}> {
   wide = Reshape(image, to)
   beside = ReduceMax<axes = [2, 3], keepdims = 0>(image)
   scores = Sigmoid(wide)
   twice = Concat<axis = 1>(wide, wide)
   turned = Transpose<perm = [0, 2, 1]>(twice)
   boxes = Exp(turned)
}"""


def test_boxes_and_scores_may_be_apart_before():
    graph = prepare(parser.parse_model(APART)).model
    outputs = [
        np.zeros((1, 2, 1536), np.float32),
        np.tile(np.array([3, 3, 1, 1], np.float32), (1, 1536, 1)),
        np.zeros((1, 3), np.float32),
    ]
    assert find_heads(graph.graph, needed=False) == []
    reading = read_head(graph.graph, [], [outputs])
    assert reading == Reading(1, 0, 2, 1, corners=False, objectness=False)
    corners, scores = reading.read(outputs)
    assert scores.shape == (1536, 2)
    np.testing.assert_array_equal(corners[0], [2.5, 2.5, 3.5, 3.5])


def two() -> onnx.ModelProto:
    """Return two detectors on one picture."""
    one, other = detectors.yolov8(), onnx.compose.add_prefix(detectors.yolox(), "b/")
    other.graph.input.pop()
    for node in other.graph.node:
        node.input[:] = ["image" if name == "b/image" else name for name in node.input]
    one.graph.node.extend(other.graph.node)
    one.graph.initializer.extend(other.graph.initializer)
    one.graph.output.extend(other.graph.output)
    return one


@pytest.mark.parametrize(
    ("detector", "why"),
    [
        (detectors.raw, "do not end in a Sigmoid"),
        (detectors.detr, "that end in a Sigmoid, are needed"),
        (two, "2 outputs join boxes and scores"),
    ],
)
def test_what_has_no_one_box_with_scores_is_refused(detector, why):
    with pytest.raises(InputError, match="cannot be picked") as caught:
        read(detector())
    assert why in str(caught.value)
    assert "--detection split" in str(caught.value)


HALVES = """<ir_version: 8, opset_import: ["" : 17]>
net (float[1,2,9] a, float[1,2,9] b) => (float[1,9,4] boxes)
<float one = {{2}}, float[1,2,1] cell = {{1, 2}}> {{
   near = Sub(cell, a)
   far = {half}
   halves = Concat<axis = 1>(near, far)
   scaled = Mul(halves, one)
   boxes = Transpose<perm = [0, 2, 1]>(scaled)
}}"""


@pytest.mark.parametrize(
    ("half", "corners"),
    [
        ("Add(cell, b)", True),
        ("Exp(b)", False),
        ("Sub(b, a)", False),
        ("Pow(b, one)", False),
    ],
)
def test_the_second_half_of_a_box_tells_what_it_is(half, corners):
    graph = prepare(parser.parse_model(HALVES.format(half=half))).model.graph
    # The numbers say the opposite, and are not asked.
    rows = np.array([[0, 0, 1, 1] if not corners else [1, 1, 0, 0]], np.float32)
    assert are_corners(graph.outputs[0], 2, rows) is corners


def test_where_the_structure_does_not_tell_the_numbers_do():
    text = HALVES.format(half="Neg(b)")
    value = prepare(parser.parse_model(text)).model.graph.outputs[0]
    rows = np.array([[0, 0, 1, 1], [5, 5, 9, 7]], np.float32)
    assert are_corners(value, 2, rows)
    assert not are_corners(value, 2, np.array([[5, 5, 9, 2]], np.float32))


def test_outputs_become_corners_and_scores_of_classes():
    boxes = np.array([[[10, 20, 4, 6]]], np.float32)
    scores = np.array([[[0.5, 0.2, 0.8]]], np.float32)
    corners, own = Reading(0, 1, 2, 2, corners=False, objectness=True).read([boxes, scores])
    np.testing.assert_allclose(corners, [[17, 8, 23, 12]])
    np.testing.assert_allclose(own, [[0.1, 0.4]], rtol=1e-6)
    turned = [boxes.swapaxes(1, 2), scores.swapaxes(1, 2)]
    corners, own = Reading(0, 1, 1, 1, corners=True, objectness=False).read(turned)
    np.testing.assert_allclose(corners, [[13, 7, 13, 7]])  # it ends before it begins
    np.testing.assert_allclose(own, [[0.5, 0.2, 0.8]])
