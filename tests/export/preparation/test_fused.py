"""Operators of ONNX Runtime's optimizer, taken apart, against ONNX Runtime itself."""

from __future__ import annotations

import re

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from _edgeship.errors import UnsupportedError
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import (
    checked,
    compare,
    model,
    node,
    normal,
    operators,
    run,
)

MICROSOFT = "com.microsoft"


def fused(op, inputs, shapes, constants=None, outputs="y", dtypes=None, **attributes):
    """A model of one operator, and random values for its inputs."""
    proto = model(
        [node(op, inputs, outputs, domain=MICROSOFT, **attributes)],
        shapes,
        outputs,
        constants,
        dtypes=dtypes,
        domains=[MICROSOFT],
    )
    feeds = {
        name: normal(*shape, seed=index)
        if not dtypes or name not in dtypes
        else np.random.default_rng(index).integers(0, 2, shape).astype(np.int32)
        for index, (name, shape) in enumerate(shapes.items())
    }
    return proto, feeds


@pytest.mark.parametrize(
    ("op", "inputs", "attributes"),
    [
        ("Gelu", "x", {}),
        ("BiasGelu", "x b", {}),
        ("FastGelu", "x", {}),
        ("FastGelu", "x b", {}),
        ("QuickGelu", "x", {}),
        ("QuickGelu", "x", {"alpha": 1.0}),
    ],
)
def test_activations(op, inputs, attributes):
    shapes = {name: (8,) if name == "b" else (2, 3, 8) for name in inputs.split()}
    proto, feeds = fused(op, inputs, shapes, **attributes)
    prepared = checked(proto, feeds)
    assert op not in operators(prepared)


@pytest.mark.parametrize(
    "attributes",
    [
        {"activation": "Relu"},
        {"activation": "LeakyRelu", "activation_params": [0.3]},
        {"activation": "Clip", "activation_params": [-0.5, 0.7]},
        {"activation": "HardSigmoid", "activation_params": [0.3, 0.4]},
    ],
)
def test_convolutions(attributes):
    weights = {"w": normal(4, 3, 3, 3, seed=7), "b": normal(4, seed=8)}
    proto, feeds = fused(
        "FusedConv", "x w b", {"x": (1, 3, 8, 8)}, weights, pads=[1, 1, 1, 1], **attributes
    )
    assert "Conv" in operators(checked(proto, feeds))


def test_a_convolution_with_a_sum():
    weights = {"w": normal(4, 3, 1, 1, seed=7), "b": normal(4, seed=8)}
    proto, feeds = fused(
        "FusedConv",
        "x w b z",
        {"x": (1, 3, 8, 8), "z": (1, 4, 8, 8)},
        weights,
        kernel_shape=[1, 1],
        activation="Relu",
    )
    assert operators(checked(proto, feeds)) == {"Conv": 1, "Add": 1, "Relu": 1}


def test_channels_last():
    weights = {"w": normal(4, 3, 3, 3, seed=7), "b": normal(4, seed=8)}
    proto, feeds = fused(
        "NhwcFusedConv", "x w b", {"x": (1, 8, 8, 3)}, weights, dtypes=None, activation="Relu"
    )
    reference = model(
        [
            node("Transpose", "x", "n", perm=[0, 3, 1, 2]),
            node("Conv", "n w b", "c"),
            node("Relu", "c", "r"),
            node("Transpose", "r", "y", perm=[0, 2, 3, 1]),
        ],
        {"x": (1, 8, 8, 3)},
        "y",
        weights,
    )
    compare(prepare(proto), feeds, run(reference.SerializeToString(), feeds))


@pytest.mark.parametrize("attributes", [{}, {"transA": 1, "alpha": 0.5}, {"transB": 1}])
def test_products(attributes):
    a = (2, 4, 3) if attributes.get("transA") else (2, 3, 4)
    b = (2, 5, 4) if attributes.get("transB") else (2, 4, 5)
    proto, feeds = fused("FusedMatMul", "a b", {"a": a, "b": b}, **attributes)
    assert "MatMul" in operators(checked(proto, feeds))


def test_products_of_two_axes():
    proto, feeds = fused(
        "FusedGemm",
        "a b c",
        {"a": (3, 4), "b": (5, 4), "c": (5,)},
        transB=1,
        alpha=0.5,
        activation="LeakyRelu",
        activation_alpha=0.2,
    )
    assert operators(checked(proto, feeds)) == {"Gemm": 1, "LeakyRelu": 1}


@pytest.mark.parametrize("inputs", ["x s g", "x s g b", "x s g b c"])
def test_layer_norm_of_a_sum(inputs):
    constants = {name: normal(8, seed=index) for index, name in enumerate("gbc")}
    shapes = {"x": (2, 3, 8), "s": (2, 3, 8)}
    proto, feeds = fused(
        "SkipLayerNormalization", inputs, shapes, constants, outputs="y _ _ total", epsilon=1e-5
    )
    del proto.graph.output[1:3]
    proto.graph.node[0].output[1:3] = ["", ""]
    assert "LayerNormalization" in operators(checked(proto, feeds))


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        ("SkipSimplifiedLayerNormalization", "x s g"),
        ("SkipSimplifiedLayerNormalization", "x s g c"),
    ],
)
def test_root_mean_square_norm_of_a_sum(op, inputs):
    constants = {name: normal(8, seed=index) for index, name in enumerate("gc")}
    proto, feeds = fused(op, inputs, {"x": (2, 3, 8), "s": (2, 3, 8)}, constants, epsilon=1e-5)
    assert op not in operators(checked(proto, feeds))


def test_a_bias_and_what_was_skipped():
    shapes = {"x": (2, 3, 8), "b": (8,), "s": (2, 3, 8)}
    proto, feeds = fused("BiasAdd", "x b s", shapes)
    compare(prepare(proto), feeds, [feeds["x"] + feeds["b"] + feeds["s"]])


def test_group_norm_with_channels_last():
    constants = {"g": normal(6, seed=1), "b": normal(6, seed=2)}
    proto, feeds = fused(
        "GroupNorm", "x g b", {"x": (1, 4, 4, 6)}, constants, groups=3, activation=1, epsilon=1e-5
    )
    x = feeds["x"].reshape(1, 16, 3, 2)
    mean = x.mean(axis=(1, 3), keepdims=True)
    y = (x - mean) / np.sqrt(x.var(axis=(1, 3), keepdims=True) + 1e-5)
    y = y.reshape(1, 4, 4, 6) * constants["g"] + constants["b"]
    compare(prepare(proto), feeds, [y / (1 + np.exp(-y))])


def test_embeddings():
    rng = np.random.default_rng(0)
    constants = {
        "words": normal(11, 8, seed=1),
        "places": normal(16, 8, seed=2),
        "kinds": normal(2, 8, seed=3),
        "g": normal(8, seed=4),
        "b": normal(8, seed=5),
    }
    proto, feeds = fused(
        "EmbedLayerNormalization",
        "ids segments words places kinds g b",
        {"ids": (2, 5), "segments": (2, 5)},
        constants,
        outputs="y mask",
        dtypes={"ids": TensorProto.INT32, "segments": TensorProto.INT32},
        epsilon=1e-5,
    )
    del proto.graph.output[1:]
    feeds["ids"] = rng.integers(0, 11, (2, 5)).astype(np.int32)
    assert operators(checked(proto, feeds))["Gather"] == 2  # positions are constant


@pytest.mark.parametrize("extra", [{}, {"unidirectional": 1}, {"scale": 0.3}])
def test_self_attention(extra):
    constants = {"w": normal(8, 24, seed=1), "b": normal(24, seed=2)}
    proto, feeds = fused("Attention", "x w b", {"x": (2, 5, 8)}, constants, num_heads=2, **extra)
    assert operators(checked(proto, feeds))["Softmax"] == 1


def test_self_attention_with_a_mask():
    constants = {"w": normal(8, 24, seed=1), "b": normal(24, seed=2)}
    proto, feeds = fused(
        "Attention",
        "x w b mask",
        {"x": (2, 5, 8), "mask": (2, 5)},
        constants,
        dtypes={"mask": TensorProto.INT32},
        num_heads=2,
    )
    feeds["mask"] = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32)
    checked(proto, feeds)


@pytest.mark.parametrize("inputs", ["q k v", "q k v b", "q k v _ _ more"])
def test_multi_head_attention(inputs):
    shapes = {"q": (2, 5, 8), "k": (2, 6, 8), "v": (2, 6, 8)}
    if "more" in inputs:
        shapes["more"] = (2, 2, 5, 6)
    proto, feeds = fused(
        "MultiHeadAttention", inputs, shapes, {"b": normal(24, seed=3)}, num_heads=2
    )
    assert operators(checked(proto, feeds))["MatMul"] == 2


def test_weights_in_the_order_of_one_processor_are_refused(tmp_path):
    proto = model(
        [node("Conv", "x w", "y", pads=[1, 1, 1, 1])],
        {"x": (1, 16, 8, 8)},
        "y",
        {"w": normal(32, 16, 3, 3)},
    )
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "all.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(proto.SerializeToString(), options)
    saved = onnx.load(tmp_path / "all.onnx")
    if all(one.domain != "com.microsoft.nchwc" for one in saved.graph.node):
        pytest.skip("ONNX Runtime orders nothing in blocks on this processor")
    with pytest.raises(UnsupportedError, match=re.escape("com.microsoft.nchwc")) as caught:
        prepare(saved)
    assert "ORT_ENABLE_EXTENDED" in str(caught.value.todo)
