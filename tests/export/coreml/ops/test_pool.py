from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnx
import pytest

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import check, check_all, lower_model, node_model, parse

PADS = [(0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 1), (1, 0, 0, 1)]
WINDOWS = [((2, 2), (2, 2)), ((3, 3), (2, 2)), ((3, 3), (1, 1)), ((2, 3), (3, 2)), ((4, 2), (2, 3))]
EXTENTS = [(7, 8), (8, 7)]


def pool(op_type: str, x: tuple[int, ...], **attributes: Any) -> onnx.ModelProto:
    return node_model(op_type, {"x": x}, **attributes)


def check_below_zero(models: list[onnx.ModelProto]) -> list[str]:
    """Check with numbers below zero: no element of the border may win, or be counted unasked."""
    rng = np.random.default_rng(0)
    feeds = []
    for model in models:
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
        feeds.append({"x": -rng.uniform(1, 2, shape).astype(np.float32)})
    return check_all(models, feeds=feeds)


def windows(op_type: str, **attributes: Any) -> list[onnx.ModelProto]:
    return [
        pool(
            op_type,
            (1, 2, *extents),
            opset=22,
            kernel_shape=kernel,
            strides=strides,
            pads=pads,
            **attributes,
        )
        for (kernel, strides), pads, extents in product(WINDOWS, PADS, EXTENTS)
    ]


@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_max_pool(ceil_mode: int) -> None:
    models = windows("MaxPool", ceil_mode=ceil_mode)
    assert check_below_zero(models) == ["max_pool"] * len(models)


@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_average_pool(ceil_mode: int, include: int) -> None:
    models = windows("AveragePool", ceil_mode=ceil_mode, count_include_pad=include)
    kinds = check_below_zero(models)
    assert kinds.count("avg_pool") == len(models)
    # Only where a border is counted in part does the mean need a correction.
    assert ("mul" in kinds) == bool(ceil_mode and include)


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
def test_auto_pad(op_type: str) -> None:
    models = [
        pool(op_type, (2, 3, 7, 8), auto_pad=auto, kernel_shape=kernel, strides=strides)
        for auto, (kernel, strides) in product(["SAME_UPPER", "SAME_LOWER", "VALID"], WINDOWS)
    ]
    kind = {"MaxPool": "max_pool", "AveragePool": "avg_pool"}[op_type]
    assert check_below_zero(models) == [kind] * len(models)


def test_average_pool_counts_automatic_pads_if_asked_to() -> None:
    models = [
        pool(
            "AveragePool",
            (1, 2, 6, 7),
            auto_pad=auto,
            kernel_shape=(3, 2),
            strides=(2, 2),
            count_include_pad=include,
        )
        for auto, include in product(["SAME_UPPER", "SAME_LOWER"], [0, 1])
    ]
    assert check_below_zero(models) == ["avg_pool"] * 4


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
def test_one_and_three_axes(op_type: str) -> None:
    models = [
        pool(
            op_type,
            (2, 3, 8),
            kernel_shape=[3],
            strides=[2],
            pads=pads,
            ceil_mode=ceil_mode,
            opset=22,
        )
        for pads, ceil_mode in product([(0, 0), (1, 1), (0, 1)], [0, 1])
    ]
    models += [
        pool(
            op_type,
            (1, 2, 6, 7, 8),
            kernel_shape=[2, 3, 3],
            strides=[2, 1, 2],
            pads=pads,
            ceil_mode=ceil_mode,
            opset=22,
        )
        for pads, ceil_mode in product([(0,) * 6, (0, 1, 1, 0, 1, 1)], [0, 1])
    ]
    kind = {"MaxPool": "max_pool", "AveragePool": "avg_pool"}[op_type]
    assert check_below_zero(models) == [kind] * len(models)


def test_average_of_a_volume_with_a_border_counted_in_part() -> None:
    model = pool(
        "AveragePool",
        (1, 2, 6, 7, 8),
        kernel_shape=[2, 3, 3],
        strides=[2, 2, 2],
        pads=[0, 1, 1, 0, 1, 1],
        ceil_mode=1,
        count_include_pad=1,
        opset=22,
    )
    assert check_below_zero([model]) == ["avg_pool", "mul"]


def test_integers_of_8_bits() -> None:
    model = parse(
        "agraph (uint8[1,1,4,4] x) => (uint8[1,1,3,3] y) { y = MaxPool<kernel_shape = [2, 2]>(x) }"
    )
    numbers = np.random.default_rng(0).integers(0, 256, (1, 1, 4, 4)).astype(np.uint8)
    assert check(model, feeds={"x": numbers}, tolerance=0) == ["cast", "max_pool", "cast"]


def test_forms_that_mil_has_not_are_composed() -> None:
    models = [
        pool("MaxPool", (1, 2, 8, 8), kernel_shape=[2, 2], dilations=[2, 2]),
    ]
    check_below_zero(models)
    model = pool("AveragePool", (1, 2, 8, 8), kernel_shape=[2, 2], dilations=[2, 2], opset=19)
    check_below_zero([model])


def test_a_last_window_that_reads_the_border_alone_is_unsupported() -> None:
    attributes = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1] * 4, "ceil_mode": 1}
    with pytest.raises(UnsupportedError) as error:
        lower_model(pool("MaxPool", (1, 2, 7, 8), **attributes))
    assert "a last window that reads the border alone" in error.value.why
