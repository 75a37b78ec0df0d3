from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from _edgeship.export.runtimes.running import run_onnx
from tests.export.tflite.ops.harness import (
    LAYOUTS,
    check,
    check_both,
    graph_model,
    inputs_of,
    lower_model,
    node_model,
    rand,
    run_lowered,
)


def conv(
    x: tuple[int, ...],
    weight: tuple[int, ...],
    *,
    bias: bool = True,
    opset: int = 18,
    **attributes: Any,
) -> Any:
    inputs: dict[str, Any] = {"x": x, "w": rand(*weight, seed=1)}
    if bias:
        inputs["b"] = rand(weight[0], seed=2)
    return node_model("Conv", inputs, opset=opset, **attributes)


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize(
    ("weight", "group", "kind"),
    [
        ((8, 6, 3, 3), 1, "CONV_2D"),
        ((8, 3, 3, 3), 2, "CONV_2D"),
        ((9, 2, 1, 1), 3, "CONV_2D"),
        ((6, 1, 3, 3), 6, "DEPTHWISE_CONV_2D"),
        ((12, 1, 3, 3), 6, "DEPTHWISE_CONV_2D"),
        ((18, 1, 2, 2), 6, "DEPTHWISE_CONV_2D"),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_groups(weight: tuple[int, ...], group: int, kind: str, bias: bool, io_layout: Any) -> None:
    model = conv((2, 6, 7, 8), weight, bias=bias, group=group, pads=[1, 1, 1, 1])
    assert check(model, io_layout).count(kind) == 1


def test_one_channel_is_no_depthwise_convolution() -> None:
    assert check(conv((1, 1, 6, 6), (4, 1, 3, 3))) == ["CONV_2D"]
    assert check(conv((1, 1, 6, 6), (1, 1, 3, 3), group=1)) == ["CONV_2D"]


@pytest.mark.parametrize("kernel", [(1, 1), (1, 3), (3, 1), (2, 2), (3, 3), (5, 4)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 1), (3, 2)])
@pytest.mark.parametrize(
    "pads", [(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1), (1, 0, 2, 1), (0, 0, 1, 1)]
)
@pytest.mark.parametrize("extents", [(8, 9), (9, 8)])
def test_windows(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
    extents: tuple[int, int],
) -> None:
    check(conv((1, 2, *extents), (3, 2, *kernel), strides=strides, pads=pads))


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (2, 2, 2, 2), (1, 0, 3, 2), (2, 3, 2, 3)])
@pytest.mark.parametrize("dilations", [(2, 2), (1, 3), (2, 3)])
@pytest.mark.parametrize("stride", [1, 2])
def test_dilation(
    dilations: tuple[int, int], pads: tuple[int, ...], stride: int, depthwise: bool
) -> None:
    model = conv(
        (1, 4, 11, 12),
        (4, 1 if depthwise else 4, 3, 3),
        group=4 if depthwise else 1,
        dilations=dilations,
        pads=pads,
        strides=(stride, stride),
    )
    check(model)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_auto_pad(auto_pad: str, kernel: int, stride: int) -> None:
    model = conv(
        (1, 2, 9, 10),
        (3, 2, kernel, kernel),
        auto_pad=auto_pad,
        strides=(stride, stride),
    )
    kinds = check(model)
    if auto_pad in ("SAME_UPPER", "VALID"):
        picked = kernel == 1 and stride > 1  # GPUs need it
        assert kinds == (["MAX_POOL_2D", "CONV_2D"] if picked else ["CONV_2D"])


def test_auto_pad_with_dilation() -> None:
    """ONNX Runtime refuses the two together, so the same pads are spelled out for it."""
    weight = (3, 2, 4, 4)
    automatic = conv((1, 2, 9, 10), weight, auto_pad="SAME_LOWER", dilations=(1, 2))
    explicit = conv((1, 2, 9, 10), weight, pads=(2, 3, 1, 3), dilations=(1, 2))
    feeds = inputs_of(explicit)
    expected = run_onnx(explicit.SerializeToString(), [feeds])[0][0]
    (found,) = run_lowered(lower_model(automatic), feeds)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("extent", "pads", "kinds"),
    [
        # PyTorch's padding=1 before a stride of 2: SAME on odd extents, a border on even ones.
        (9, (1, 1, 1, 1), ["CONV_2D"]),
        (8, (1, 1, 1, 1), ["PAD", "CONV_2D"]),
        (8, (0, 0, 1, 1), ["CONV_2D"]),
    ],
)
def test_a_border_is_added_only_where_same_cannot_give_it(
    extent: int, pads: tuple[int, ...], kinds: list[str]
) -> None:
    assert check(conv((1, 2, extent, extent), (3, 2, 3, 3), pads=pads, strides=(2, 2))) == kinds


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize(
    ("stride", "pads", "dilation"), [(1, (1, 1), 1), (2, (0, 1), 1), (1, (2, 2), 2)]
)
def test_rank_3(group: int, stride: int, pads: tuple[int, int], dilation: int) -> None:
    model = conv(
        (2, 4, 10),
        (8, 4 // group, 3),
        group=group,
        strides=[stride],
        pads=pads,
        dilations=[dilation],
    )
    check_both(model)


def test_rank_3_between_other_operators() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Conv", ["a", "w"], ["b"], pads=[1, 1]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[2], strides=[2]),
        helper.make_node("Add", ["d", "k"], ["y"]),
    ]
    inputs = {"x": (1, 3, 8), "w": rand(5, 3, 3), "k": rand(5, 1)}
    check_both(graph_model(nodes, inputs, ["y", "b"]))


def test_shared_weights() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Identity", ["w"], ["v"]),
        helper.make_node("Conv", ["b", "v"], ["y"]),
    ]
    check(graph_model(nodes, {"x": (1, 3, 6, 6), "w": rand(3, 3, 3, 3) / 3}))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (conv((1, 2, 5, 5, 5, 5), (3, 2, 3, 3, 3, 3)), "slides over 4 axes"),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError, match="cannot be expressed") as error:
        lower_model(model)
    assert "Conv (the_Conv)" in error.value.why
    assert reason in error.value.why


def test_the_bias_defaults_to_zero() -> None:
    lowered = lower_model(conv((1, 2, 5, 5), (3, 2, 3, 3), bias=False))
    bias = lowered.graph.tensors[lowered.graph.ops[0].inputs[2]]
    assert bias.data is not None
    assert np.array_equal(bias.data, np.zeros(3, np.float32))
