"""Nodes of old operator sets, against ONNX Runtime's own kernels or the old definition."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from _edgeship.errors import UnsupportedError
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import checked, compare, model, node, normal, operators

X = normal(2, 3, 4, 4)


def int64(*values):
    return np.array(values, np.int64)


def single(op, opset, inputs="x", constants=None, outputs="y", x=X, **attributes):
    return model(
        [node(op, inputs, outputs, **attributes)], {"x": x.shape}, outputs, constants, opset
    )


@pytest.mark.parametrize(
    ("op", "opset", "attributes"),
    [
        ("Unsqueeze", 11, {"axes": [0, 3]}),
        ("ReduceMean", 17, {"axes": [2, 3]}),
        ("ReduceMean", 11, {"axes": [-1], "keepdims": 0}),
        ("ReduceSum", 11, {"axes": [1], "keepdims": 0}),
        ("ReduceL2", 13, {"axes": [1]}),
        ("ReduceMax", 12, {}),
        ("Slice", 9, {"starts": [1, 0], "ends": [3, -1], "axes": [2, 3]}),
        ("Slice", 9, {"starts": [0, 1], "ends": [2, 3]}),
        ("Clip", 7, {"min": -0.5, "max": 0.5}),
        ("Clip", 10, {"max": 0.5}),
        ("Clip", 10, {}),
        ("Pad", 10, {"pads": [0, 0, 1, 2, 0, 0, 0, 1], "value": 0.25}),
        ("Pad", 10, {"pads": [0, 0, 1, 2, 0, 0, 0, 1], "mode": "reflect"}),
        ("Softmax", 11, {"axis": 1}),
        ("Softmax", 9, {}),
        ("Softmax", 11, {"axis": 3}),
        ("Softmax", 11, {"axis": -2}),
        ("LogSoftmax", 12, {"axis": 2}),
        ("Hardmax", 11, {"axis": 1}),
        ("Upsample", 7, {"scales": [1.0, 1.0, 2.0, 3.0]}),
        ("Upsample", 7, {"scales": [1.0, 1.0, 2.0, 2.0], "mode": "linear"}),
        ("Dropout", 7, {"ratio": 0.5}),
        ("Dropout", 10, {"ratio": 0.5}),
        ("Flatten", 9, {"axis": 2}),
        ("AveragePool", 7, {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("MaxPool", 8, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("ArgMax", 7, {"axis": 1}),
        ("Selu", 7, {}),
        ("DepthToSpace", 7, {"blocksize": 1}),
    ],
)
def test_attributes_became_inputs(op, opset, attributes):
    prepared = checked(single(op, opset, **attributes), {"x": X})
    assert prepared.model.opset_imports[""] >= 18


@pytest.mark.parametrize(
    "scales", [(1, 1, 2, 2), (1, 1, 0.5, 0.5), (1, 1, 2, 0.5), (1, 1, 1.5, 0.7)]
)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_resize_of_operator_set_10(scales, mode):
    x = normal(1, 2, 8, 8)
    constants = {"scales": np.array(scales, np.float32)}
    checked(single("Resize", 10, "x scales", constants, x=x, mode=mode), {"x": x})


@pytest.mark.parametrize("opset", [11, 13])
def test_resize_with_options_left_empty(opset):
    constants = {
        "roi": np.zeros(0, np.float32),
        "scales": np.zeros(0, np.float32),
        "sizes": int64(2, 3, 8, 8),
    }
    proto = single("Resize", opset, "x roi scales sizes", constants, mode="linear")
    prepared = checked(proto, {"x": X})
    assert set(prepared.model.graph.initializers) == {"sizes"}


def test_positions_that_tensorflow_had():
    proto = single(
        "Resize",
        11,
        "x roi scales",
        {"roi": np.zeros(0, np.float32), "scales": np.array([1, 1, 2, 1.5], np.float32)},
        coordinate_transformation_mode="tf_half_pixel_for_nn",
        nearest_mode="floor",
    )
    [resize] = checked(proto, {"x": X}).model.graph
    assert resize.attributes["coordinate_transformation_mode"].as_string() == "half_pixel"


@pytest.mark.parametrize("opset", [2, 11, 13, 17])
def test_split(opset):
    x = normal(1, 6, 2)
    attributes = {"split": [4, 2]} if opset < 13 else {}
    constants = {} if opset < 13 else {"sizes": int64(4, 2)}
    inputs = "x" if opset < 13 else "x sizes"
    proto = single("Split", opset, inputs, constants, "a b", x=x, axis=1, **attributes)
    compare(prepare(proto), {"x": x}, [x[:, :4], x[:, 4:]])
    equal = single("Split", opset, "x", None, "a b", x=x, axis=1)
    compare(prepare(equal), {"x": x}, [x[:, :3], x[:, 3:]])


@pytest.mark.parametrize("opset", [1, 10])
def test_top_k(opset):
    x = normal(2, 7)
    if opset == 1:
        proto = single("TopK", 9, "x", None, "v i", x=x, axis=1, k=3)
    else:
        proto = single("TopK", 10, "x k", {"k": int64(3)}, "v i", x=x, axis=1)
    checked(proto, {"x": x})


def test_squeeze():
    x = normal(1, 3, 1, 2)
    checked(single("Squeeze", 11, x=x, axes=[0, 2]), {"x": x})
    checked(single("Squeeze", 11, x=x), {"x": x})


@pytest.mark.parametrize("opset", [7, 8, 9, 13])
def test_batch_norms(opset):
    constants = {name: np.abs(normal(3, seed=i)) for i, name in enumerate("gbmv")}
    prepared = checked(single("BatchNormalization", opset, "x g b m v", constants), {"x": X})
    assert operators(prepared) == {"BatchNormalization": 1}


def test_batch_norms_with_statistics_for_each_pixel():
    constants = {name: np.abs(normal(3, 4, 4, seed=i)) for i, name in enumerate("gbmv")}
    proto = single("BatchNormalization", 7, "x g b m v", constants, spatial=0, epsilon=1e-3)
    g, b, m, v = constants.values()
    compare(prepare(proto), {"x": X}, [(X - m) / np.sqrt(v + 1e-3) * g + b])


def test_outputs_of_training_are_refused():
    constants = {name: np.abs(normal(3, seed=i)) for i, name in enumerate("gbmv")}
    proto = single("BatchNormalization", 8, "x g b m v", constants, "y mean")
    with pytest.raises(UnsupportedError, match="mean"):
        prepare(proto)


@pytest.mark.parametrize(
    ("op", "inputs", "second", "attributes", "function"),
    [
        ("Add", "x c", normal(3), {"broadcast": 1, "axis": 1}, lambda x, c: x + c[:, None, None]),
        ("Mul", "x c", normal(3, 4), {"broadcast": 1, "axis": 1}, lambda x, c: x * c[:, :, None]),
        ("Sub", "x c", normal(4), {"broadcast": 1}, lambda x, c: x - c),
        (
            "Div",
            "x c",
            normal(2, 3),
            {"broadcast": 1, "axis": 0},
            lambda x, c: x / c[..., None, None],
        ),
        ("Add", "x c", X, {"consumed_inputs": [0, 0]}, lambda x, c: x + c),
        ("PRelu", "x c", normal(3), {}, lambda x, c: np.where(x > 0, x, x * c[:, None, None])),
    ],
)
def test_broadcasting_before_operator_set_7(op, inputs, second, attributes, function):
    opset = 1 if "consumed_inputs" in attributes else 6
    proto = single(op, opset, inputs, {"c": second}, **attributes)
    compare(prepare(proto), {"x": X}, [function(X, second)])


@pytest.mark.parametrize(
    ("op", "opset", "inputs", "constants", "attributes", "function"),
    [
        ("Reshape", 1, "x", {}, {"shape": [2, 0, -1]}, lambda x: x.reshape(2, 3, 16)),
        (
            "Tile",
            1,
            "x t a",
            {"t": int64(2), "a": int64(1)},
            {},
            lambda x: np.tile(x, (1, 2, 1, 1)),
        ),
        ("Cast", 1, "x", {}, {"to": "INT32"}, lambda x: x.astype(np.int32)),
        ("Affine", 1, "x", {}, {"alpha": 2.0, "beta": 1.0}, lambda x: 2 * x + 1),
        ("ScaledTanh", 1, "x", {}, {"alpha": 2.0, "beta": 0.5}, lambda x: 2 * np.tanh(x / 2)),
        (
            "ParametricSoftplus",
            1,
            "x",
            {},
            {"alpha": 2.0, "beta": 0.5},
            lambda x: 2 * np.log1p(np.exp(x / 2)),
        ),
        (
            "ImageScaler",
            1,
            "x",
            {},
            {"scale": 2.0, "bias": [0.5, 1.0, 1.5]},
            lambda x: 2 * x + np.array([0.5, 1, 1.5], np.float32)[:, None, None],
        ),
        (
            "Pad",
            1,
            "x",
            {},
            {"paddings": [0, 0, 1, 0, 0, 0, 0, 1], "value": 1.0},
            lambda x: np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 1)), constant_values=1),
        ),
        (
            "Upsample",
            1,
            "x",
            {},
            {"height_scale": 2.0, "width_scale": 3.0},
            lambda x: x.repeat(2, axis=2).repeat(3, axis=3),
        ),
        ("Relu", 1, "x", {}, {"consumed_inputs": [0]}, lambda x: np.maximum(x, 0)),
        (
            "GlobalLpPool",
            1,
            "x",
            {},
            {"p": 2.0},
            lambda x: np.sqrt((x**2).sum((2, 3), keepdims=True)),
        ),
    ],
)
def test_the_first_operator_sets(op, opset, inputs, constants, attributes, function):
    proto = single(op, opset, inputs, constants, **attributes)
    compare(prepare(proto), {"x": X}, [function(X)])


def test_scatter_was_renamed():
    constants = {"i": np.array([[0, 1, 2]]), "u": normal(1, 3, seed=3)}
    x = normal(3, 3)
    assert operators(checked(single("Scatter", 9, "x i u", constants, x=x), {"x": x})) == {
        "ScatterElements": 1
    }


def test_regions_had_no_half_pixel():
    x = normal(1, 2, 8, 8)
    constants = {
        "rois": np.array([[0, 0, 5, 5], [1, 2, 6, 7]], np.float32),
        "i": int64(0, 0),
    }
    proto = single("RoiAlign", 10, "x rois i", constants, x=x, output_height=3, output_width=3)
    checked(proto, {"x": x})


def test_products_with_a_broadcast_that_needs_no_attribute_now():
    x = normal(2, 4)
    constants = {"w": normal(4, 3, seed=1), "b": normal(3, seed=2)}
    proto = single("Gemm", 6, "x w b", constants, x=x, broadcast=1)
    compare(prepare(proto), {"x": x}, [x @ constants["w"] + constants["b"]])


def test_all_nodes_are_valid_in_the_new_operator_set():
    proto = model(
        [
            node("Conv", "x w", "c", kernel_shape=[3, 3]),
            node("BatchNormalization", "c g g g g", "b"),
            node("Relu", "b", "r"),
            node("Upsample", "r", "u", scales=[1.0, 1.0, 2.0, 2.0]),
            node("MaxPool", "u", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Reshape", "p shape", "f"),
            node("Gemm", "f v", "y"),
        ],
        {"x": [1, 3, 8, 8], "w": [4, 3, 3, 3], "g": [4], "shape": [2], "v": [144, 5]},
        "y",
        {
            "w": normal(4, 3, 3, 3),
            "g": np.ones(4, np.float32),
            "shape": int64(1, -1),
            "v": normal(144, 5),
        },
        opset=7,
        dtypes={"shape": TensorProto.INT64},
        ir_version=3,
    )
    proto.graph.node[-1].input.append("bias")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(normal(5), "bias"))
    prepared = checked(proto, {"x": normal(1, 3, 8, 8)})
    assert operators(prepared)["Resize"] == 1
