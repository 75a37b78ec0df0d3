from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from _edgeship.errors import UnsupportedError
from _edgeship.export.lowering.unsupported import Unsupported
from tests.export.tflite.ops.harness import (
    check,
    check_both,
    graph_model,
    lower_alone,
    lower_model,
    node_model,
)

PADS = [(0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 1, 0)]
WINDOWS = [((2, 2), (2, 2)), ((3, 3), (2, 2)), ((3, 3), (1, 1)), ((2, 3), (3, 2)), ((4, 2), (2, 3))]
EXTENTS = [(7, 8), (8, 7), (5, 9)]


def pool(op_type: str, x: tuple[int, ...], **attributes: Any) -> Any:
    return node_model(op_type, {"x": x}, **attributes)


def below_zero(*shape: int) -> dict[str, np.ndarray]:
    return {"x": -np.random.default_rng(0).uniform(1, 2, shape).astype(np.float32)}


@pytest.mark.parametrize("extents", EXTENTS)
@pytest.mark.parametrize("pads", PADS)
@pytest.mark.parametrize(("kernel", "strides"), WINDOWS)
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_max_pool(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
    extents: tuple[int, int],
    ceil_mode: int,
) -> None:
    model = pool(
        "MaxPool",
        (1, 2, *extents),
        opset=22,
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        ceil_mode=ceil_mode,
    )
    # No element of the border may win.
    check(model, feeds=below_zero(1, 2, *extents))


@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize("extents", EXTENTS)
@pytest.mark.parametrize("pads", PADS)
@pytest.mark.parametrize(("kernel", "strides"), WINDOWS)
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_average_pool(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
    extents: tuple[int, int],
    ceil_mode: int,
    include: int,
) -> None:
    model = pool(
        "AveragePool",
        (1, 2, *extents),
        opset=22,
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        ceil_mode=ceil_mode,
        count_include_pad=include,
    )
    check(model, feeds=below_zero(1, 2, *extents))


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize(("kernel", "strides"), WINDOWS)
def test_auto_pad(
    op_type: str, auto_pad: str, kernel: tuple[int, int], strides: tuple[int, int]
) -> None:
    model = pool(op_type, (2, 3, 7, 8), auto_pad=auto_pad, kernel_shape=kernel, strides=strides)
    check_both(model, feeds=below_zero(2, 3, 7, 8))


@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
def test_average_pool_counts_automatic_pads_if_asked_to(auto_pad: str, include: int) -> None:
    model = pool(
        "AveragePool",
        (1, 2, 6, 7),
        auto_pad=auto_pad,
        kernel_shape=(3, 2),
        strides=(2, 2),
        count_include_pad=include,
    )
    check(model)


@pytest.mark.parametrize(
    ("op_type", "attributes", "kinds"),
    [
        ("MaxPool", {"pads": [1, 1, 1, 1]}, ["PADV2", "MAX_POOL_2D"]),
        ("MaxPool", {"pads": [0, 0, 1, 1]}, ["MAX_POOL_2D"]),
        ("MaxPool", {"ceil_mode": 1}, ["MAX_POOL_2D"]),
        ("AveragePool", {"pads": [1, 1, 1, 1]}, ["PAD", "DEPTHWISE_CONV_2D", "MUL"]),
        (
            "AveragePool",
            {"pads": [1, 1, 1, 1], "count_include_pad": 1},
            ["PAD", "DEPTHWISE_CONV_2D"],
        ),
        ("AveragePool", {"pads": [0, 0, 1, 1]}, ["AVERAGE_POOL_2D"]),
    ],
)
def test_operators(op_type: str, attributes: dict[str, Any], kinds: list[str]) -> None:
    """On even extents, where PyTorch's symmetric pads are not SAME."""
    model = pool(op_type, (1, 2, 8, 8), kernel_shape=(3, 3), strides=(2, 2), **attributes)
    assert check(model) == kinds


def test_a_border_of_zeros_behind_a_relu() -> None:
    """Integer kernels need no lowest float then."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node(
            "MaxPool", ["a"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
        ),
    ]
    assert check(graph_model(nodes, {"x": (1, 2, 8, 8)})) == ["RELU", "PAD", "MAX_POOL_2D"]


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("pads", [(0, 0), (1, 1), (0, 1)])
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_rank_3(op_type: str, pads: tuple[int, int], ceil_mode: int) -> None:
    model = pool(
        op_type, (2, 3, 8), kernel_shape=[3], strides=[2], pads=pads, ceil_mode=ceil_mode, opset=19
    )
    check_both(model, feeds=below_zero(2, 3, 8))


@pytest.mark.parametrize(
    ("op_type", "kind"), [("GlobalAveragePool", "MEAN"), ("GlobalMaxPool", "REDUCE_MAX")]
)
@pytest.mark.parametrize("x", [(2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 3, 4)])
def test_global(op_type: str, kind: str, x: tuple[int, ...]) -> None:
    assert check_both(pool(op_type, x), feeds=below_zero(*x))[0] == kind


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            pool(
                "MaxPool",
                (1, 2, 7, 8),
                kernel_shape=[2, 2],
                strides=[2, 2],
                pads=[1] * 4,
                ceil_mode=1,
            ),
            "a last window that reads the border alone",
        ),
        (pool("MaxPool", (1, 2, 4, 4, 4, 4), kernel_shape=[2] * 4), "slides over 4 axes"),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
def test_dilated_ones_are_left_to_simpler_operators(op_type: str) -> None:
    model = pool(op_type, (1, 2, 8, 8), kernel_shape=[2, 2], dilations=[2, 2], opset=19)
    with pytest.raises(Unsupported, match="dilated pooling"):
        lower_alone(model)
    check(model)
