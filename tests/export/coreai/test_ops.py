"""Operators whose form differs from ONNX's, one program by kind; its own cases are run, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.errors import UnsupportedError
from _edgeship.export.coreai.lowering import lower
from _edgeship.export.graph.onnx_graph import infer_shapes
from tests.export.coreai.harness import check_all
from tests.export.tflite.ops.harness import node_model, parse, rand


def test_windows_of_one_to_three_axes() -> None:
    models = [
        node_model("Conv", {"x": (1, 4, 9), "w": rand(6, 4, 3), "b": rand(6)}, pads=[1, 0]),
        node_model(
            "Conv",
            {"x": (1, 4, 9, 8), "w": rand(6, 2, 3, 2), "b": rand(6)},
            group=2,
            pads=[1, 0, 0, 2],
            strides=[2, 1],
            dilations=[1, 2],
        ),
        node_model("Conv", {"x": (1, 2, 5, 6, 7), "w": rand(3, 2, 2, 3, 3)}, auto_pad="SAME_UPPER"),
        node_model("Conv", {"x": (1, 2, 6, 6), "w": (3, 2, 3, 3)}),
        node_model("MaxPool", {"x": (1, 3, 9, 8)}, kernel_shape=[3, 2], pads=[1, 0, 0, 1]),
        node_model("MaxPool", {"x": (1, 3, 10)}, kernel_shape=[3], strides=[2], ceil_mode=1),
        node_model("AveragePool", {"x": (1, 3, 9, 8)}, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node_model(
            "AveragePool",
            {"x": (1, 3, 9, 8)},
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[1, 1, 0, 1],
            count_include_pad=1,
            ceil_mode=1,
        ),
        node_model("AveragePool", {"x": (1, 2, 4, 5, 6)}, kernel_shape=[2, 3, 2]),
    ]
    assert {"conv2d", "conv3d"} <= set(_kinds(check_all(models)))


def test_transposed_convolutions() -> None:
    wide: dict[str, Any] = {"x": (1, 4, 5, 6), "w": rand(4, 3, 3, 3), "b": rand(3)}
    models = [
        node_model("ConvTranspose", wide, strides=[2, 2], pads=[1, 1, 1, 1]),
        node_model("ConvTranspose", wide, strides=[2, 3], pads=[0, 2, 1, 0], dilations=[2, 1]),
        node_model("ConvTranspose", wide, strides=[3, 3], output_padding=[2, 1]),
        node_model("ConvTranspose", {"x": (1, 4, 7), "w": rand(4, 2, 3)}, strides=[2], group=2),
        node_model("ConvTranspose", {"x": (1, 2, 3, 4, 5), "w": rand(2, 3, 2, 2, 2)}),
    ]
    check_all(models)


def test_sizes_of_pictures() -> None:
    x = (1, 3, 6, 5)
    empty = np.array([], np.float32)
    double = np.array([1, 1, 2, 3], np.float32)

    def resized(sizes: list[int], **attributes: Any) -> onnx.ModelProto:
        inputs = {"x": x, "roi": None, "scales": None, "sizes": np.array(sizes)}
        return node_model("Resize", inputs, mode="linear", **attributes)

    models = [
        resized([1, 3, 12, 7]),
        resized([1, 3, 4, 10], coordinate_transformation_mode="align_corners"),
        resized([1, 3, 9, 9], coordinate_transformation_mode="asymmetric"),
        resized([1, 3, 1, 9], coordinate_transformation_mode="pytorch_half_pixel"),
        node_model("Resize", {"x": x, "roi": empty, "scales": double}),
        node_model(
            "Resize",
            {"x": x, "roi": None, "scales": None, "sizes": np.array([1, 3, 8, 7])},
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        node_model("Pad", {"x": x, "p": np.array([0, 0, 1, 2, 0, 1, 0, 1])}, mode="reflect"),
        node_model("Pad", {"x": x, "p": np.array([0, 0, 7, 0, 0, 0, 0, 6])}, mode="edge"),
        node_model("Pad", {"x": x, "p": np.array([0, 0, -1, 2, 0, 0, -2, 0])}),
    ]
    assert _kinds(check_all(models)).count("interpolate") == 5


def test_elements_that_are_picked_and_ordered() -> None:
    x = (3, 4, 5)
    models = [
        node_model("Gather", {"x": x, "i": np.array([[0, 3], [-1, 2]])}, axis=1),
        node_model("Gather", {"x": x, "i": np.array(2)}, axis=2),
        node_model("GatherElements", {"x": x, "i": np.array([[[0, -1], [1, 2]]])}, axis=2),
        node_model("TopK", {"x": x, "k": np.array([3])}, outputs=("y", "z"), axis=1, largest=0),
        node_model("CumSum", {"x": x, "axis": np.array(1)}, exclusive=1, reverse=1),
        node_model("ArgMin", {"x": x}, axis=1, keepdims=0, select_last_index=1),
        node_model("ArgMax", {"x": x}, axis=-1),
        node_model(
            "Slice",
            {"x": x, "s": np.array([-1, 0]), "e": np.array([-9, 5]), "a": np.array([1, 2])}
            | {"t": np.array([-1, 2])},
        ),
        node_model("Split", {"x": x, "s": np.array([1, 3])}, outputs=("y", "z"), axis=1),
        node_model("ScatterND", {"x": x, "i": np.array([[0], [2]]), "u": (2, 4, 5)}),
        node_model("Trilu", {"x": x, "k": np.array(1)}, upper=0),
    ]
    check_all(models)


def test_arithmetic_and_its_ends() -> None:
    models = [
        parse(
            "agraph (float[2,3] x, float[3] y) => (float[2,3] a, bool[2,3] b, float[2,3] c, "
            "float[2,3] d, float[2,3] e) {\n a = Mod<fmod=1>(x, y)\n b = LessOrEqual(x, y)\n"
            " c = Floor(x)\n d = Ceil(x)\n e = Sign(x)\n}"
        ),
        parse(
            "agraph (float[2,3,4] x) => (float[2,4] y) { y = ReduceLogSumExp<axes=[1], keepdims=0>"
            "(x) }",
            opset=13,
        ),
        node_model(
            "Gemm", {"a": (5, 4), "b": rand(5, 6), "c": rand(6)}, transA=1, alpha=0.5, beta=2.0
        ),
        node_model("MatMul", {"a": (4,), "b": (2, 4, 3)}),
        node_model("HardSwish", {"x": (2, 5)}),
        node_model("Softmax", {"x": (2, 5, 3)}, axis=1),
        node_model("Clip", {"x": (2, 5), "low": np.array(-0.5, np.float32)}),
        node_model("LayerNormalization", {"x": (2, 5, 6), "s": rand(6), "b": rand(6)}),
    ]
    check_all([one for one in models if one.opset_import[0].version == 18])
    check_all([one for one in models if one.opset_import[0].version == 13])


def test_half_precision_is_as_near_as_it_can_be() -> None:
    models = [
        node_model("Conv", {"x": (1, 4, 9, 8), "w": rand(6, 4, 3, 3), "b": rand(6)}, pads=[1] * 4),
        node_model("Gemm", {"a": (5, 4), "b": rand(4, 6), "c": rand(6)}),
        node_model("Sigmoid", {"x": (2, 5)}),
        node_model("Gemm", {"a": (2, 1024), "b": rand(1024, 6)}, alpha=0.5),
        node_model("Gemm", {"a": (2, 1024), "b": rand(6, 1024)}, transB=1),
        node_model("MatMul", {"a": (2, 3, 1024), "b": rand(1024, 6)}),
    ]
    check_all(models, np.float16, 2e-3)


def test_what_cannot_be_lowered_is_named() -> None:
    model = parse(
        "agraph (float[1,4,6,6] x) => (float[1,4,2,2] y) {\n"
        " y = MaxRoiPool<pooled_shape=[2, 2]>(x, r)\n}"
    )
    del model.graph.node[0].input[1]
    with pytest.raises(UnsupportedError) as caught:
        lower(infer_shapes(ir.from_proto(model)))
    assert "MaxRoiPool" in caught.value.why
    assert "list --ops" in caught.value.todo


def _kinds(operators: list[str]) -> list[str]:
    return sorted(operators)
