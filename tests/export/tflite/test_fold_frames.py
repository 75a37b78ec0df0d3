"""Networks on clips as networks on images: whole graphs, and what stays as it is."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
from onnx import helper

from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.fold_frames import fold_frames
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.verification.metrics import compare
from tests.export.tflite.frames.clips import behind_a_window, check_clips, conv_model, node
from tests.export.tflite.ops.harness import (
    check,
    graph_model,
    inputs_of,
    node_model,
    rand,
)


def read(model: onnx.ModelProto) -> ir.Model:
    return infer_shapes(ir.from_proto(model))


def test_a_network_on_images_is_the_same_object():
    graph = read(node_model("Conv", {"x": (1, 3, 8, 8), "w": rand(4, 3, 3, 3)}))
    assert fold_frames(graph) == (graph, 0)


def test_half_a_shuffle_of_images_is_no_clip():
    nodes = [
        node("Conv", "x", "w", output="c"),
        node("Reshape", "c", "apart", output="a"),
        node("Relu", "a", output="r"),
        node("Reshape", "r", "together"),
    ]
    constants = {"apart": np.array([1, 2, 2, 5, 5]), "together": np.array([1, 4, 5, 5])}
    graph = read(graph_model(nodes, {"x": (1, 3, 5, 5), "w": rand(4, 3, 1, 1), **constants}))
    assert fold_frames(graph) == (graph, 0)


def test_inputs_and_outputs_keep_their_names_and_shapes():
    nodes = [node("Relu", "x", output="y"), node("GlobalAveragePool", "y", output="z")]
    graph = read(behind_a_window(nodes, outputs=("y", "x", "z")))
    folded, count = fold_frames(graph)
    assert count == 3
    ours, theirs = ([(v.name, v.shape) for v in g.graph.inputs] for g in (folded, graph))
    assert ours == theirs
    for ours, theirs in zip(folded.graph.outputs, graph.graph.outputs, strict=True):
        assert (ours.name, ours.shape, ours.dtype) == (theirs.name, theirs.shape, theirs.dtype)
    check_clips(behind_a_window(nodes, outputs=("y", "x", "z")))


def test_a_residual_network_with_a_projection():
    """ResNet-18 3-D in small: strides of 2 in all directions, and a shortcut that has them too."""
    pads = [1] * 6
    nodes = [
        node("Conv", "x", "stem", output="s", pads=[1, 3, 3] * 2, strides=[1, 2, 2]),
        node("Relu", "s", output="r"),
        node("Conv", "r", "first", output="a", pads=pads, strides=[2, 2, 2]),
        node("Relu", "a", output="b"),
        node("Conv", "b", "second", output="c", pads=pads),
        node("Conv", "r", "shortcut", output="d", strides=[2, 2, 2]),
        node("Add", "c", "d", output="e"),
        node("Relu", "e", output="f"),
        node("GlobalAveragePool", "f", output="g"),
        node("Flatten", "g", output="h"),
        node("Gemm", "h", "fc", transB=1),
    ]
    weights = {
        "stem": rand(8, 3, 3, 7, 7) / 20,
        "first": rand(16, 8, 3, 3, 3) / 15,
        "second": rand(16, 16, 3, 3, 3) / 20,
        "shortcut": rand(16, 8, 1, 1, 1) / 3,
        "fc": rand(10, 16),
    }
    for count in (1, 2):
        kinds = check_clips(graph_model(nodes, {"x": (count, 3, 8, 24, 24), **weights}))
        assert kinds["CONV_2D"] == 4
        assert not {"CONV_3D", "GATHER", "STRIDED_SLICE", "TRANSPOSE"} & set(kinds)


def test_channels_first_ports_cost_a_transpose_each():
    model = conv_model((1, 3, 8, 6, 6), (8, 3, 3, 3, 3), pads=[1] * 6)
    folded, _ = fold_frames(read(model))
    kinds = [op.kind for op in lower(folded, "nchw").graph.ops]
    assert kinds.count("TRANSPOSE") == 2
    check(model, "nchw")


def test_channels_last_clips_go_in_as_they_are():
    nodes = [
        node("Transpose", "x", perm=[0, 4, 1, 2, 3], output="t"),
        node("Conv", "t", "w", output="c", pads=[1] * 6),
        node("Relu", "c", output="r"),
        node("Transpose", "r", perm=[0, 2, 3, 4, 1]),
    ]
    kinds = check_clips(graph_model(nodes, {"x": (1, 4, 5, 6, 3), "w": rand(8, 3, 3, 3, 3)}))
    assert "TRANSPOSE" not in kinds


def test_what_is_not_known_on_frames_gets_its_five_axes():
    nodes = [
        node("Softmax", "x", axis=1, output="s"),
        node("Relu", "s", output="r"),
        node("ReduceMax", "r", "axis", keepdims=0),
    ]
    model = behind_a_window(nodes, axis=np.array([1], np.int64))
    graph = read(model)
    folded, _ = fold_frames(graph)
    feeds = inputs_of(model)
    expected = run_onnx(serialize(graph), [feeds])
    assert compare(expected, run_onnx(serialize(folded), [feeds])).max_rel < 1e-6
    check(model)


def test_a_convolution_whose_weights_are_computed_is_left_to_simpler_operators():
    model = graph_model(
        [node("Conv", "x", "w", output="c"), node("Relu", "c")],
        {"x": (1, 3, 4, 5, 5), "w": (2, 3, 3, 3, 3)},
    )
    assert "CONV_2D" not in check(model)


def test_a_branch_that_may_read_clips_is_left_alone():
    outputs = [helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [1, 4, 5, 6, 7])]
    bodies = {
        name: helper.make_graph([helper.make_node(kind, ["x"], ["z"])], name, [], outputs)
        for name, kind in (("then_branch", "Relu"), ("else_branch", "Neg"))
    }
    choice = helper.make_node("If", ["which"], ["y"], **bodies)
    model = behind_a_window([choice], which=np.array(True))
    graph = ir.from_proto(model)
    assert fold_frames(graph) == (graph, 0)
