from __future__ import annotations

from itertools import product
from typing import Any

import onnx
import pytest

from tests.export.coreml.ops.harness import check, check_all, node_model, rand


def transposed(
    x: tuple[int, ...], weight: tuple[int, ...], *, bias: bool = True, **attributes: Any
) -> onnx.ModelProto:
    inputs: dict[str, Any] = {"x": x, "w": rand(*weight, seed=1)}
    if bias:
        inputs["b"] = rand(weight[1] * attributes.get("group", 1), seed=2)
    return node_model("ConvTranspose", inputs, **attributes)


def test_windows() -> None:
    models = [
        transposed((2, 3, 4, 5), (3, 2, *kernel), strides=strides, pads=pads, bias=bias)
        for kernel, strides, pads, bias in product(
            [(1, 2), (2, 2), (3, 3), (4, 3)],
            [(1, 1), (2, 2), (3, 2)],
            [(0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)],
            [True, False],
        )
    ]
    assert check_all(models) == ["conv_transpose"] * len(models)


def test_groups_and_dilation() -> None:
    models = [
        transposed((1, 4, 5, 6), (4, 2, 3, 3), group=group, dilations=dilations, strides=(2, 1))
        for group, dilations in product([1, 2, 4], [(1, 1), (2, 3)])
    ]
    assert check_all(models) == ["conv_transpose"] * len(models)


def test_one_and_three_axes() -> None:
    models = [
        transposed((2, 3, 7), (3, 2, 4), strides=[2], pads=[1, 1]),
        transposed((1, 2, 3, 4, 5), (2, 3, 3, 2, 3), strides=[2, 1, 2], pads=[1, 0, 1, 1, 0, 1]),
    ]
    assert check_all(models) == ["conv_transpose"] * 2


def test_output_padding_within_the_pads() -> None:
    models = [
        transposed((1, 3, 4, 5), (3, 2, 3, 3), strides=(2, 2), pads=[1] * 4, output_padding=extra)
        for extra in ((1, 1), (0, 1))
    ]
    assert check_all(models) == ["conv_transpose"] * 2


def test_output_padding_beyond_the_full_result() -> None:
    models = [
        transposed((1, 3, 4, 5), (3, 2, *kernel), strides=(3, 2), output_padding=extra)
        for kernel, extra in product([(3, 3), (1, 1)], [(1, 1), (2, 0)])
    ]
    assert check_all(models) == ["pad", "conv_transpose"] * len(models)


def test_a_kernel_smaller_than_the_stride() -> None:
    models = [
        transposed((1, 3, 4, 5), (3, 2, 1, 2), strides=(3, 3), pads=pads)
        for pads in ((0, 0, 0, 0), (0, 1, 0, 1))
    ]
    assert check_all(models) == ["conv_transpose"] * 2


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_auto_pad(auto_pad: str) -> None:
    models = [
        transposed(
            (1, 3, 4, 5), (3, 2, kernel, kernel), strides=(stride, stride), auto_pad=auto_pad
        )
        for kernel, stride in [(2, 1), (3, 1), (2, 2), (3, 2), (4, 2), (3, 3)]
    ]
    assert check_all(models) == ["conv_transpose"] * len(models)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "NOTSET"])
def test_output_shape(auto_pad: str) -> None:
    models = [
        transposed(
            (1, 3, 4, 5), (3, 2, 3, 3), strides=(2, 2), auto_pad=auto_pad, output_shape=shape
        )
        for shape in ([8, 10], [7, 9], [9, 11], [8, 11])
    ]
    assert check_all(models) == ["conv_transpose"] * len(models)


def test_computed_weights_are_composed() -> None:
    check(node_model("ConvTranspose", {"x": (1, 3, 4, 5), "w": (3, 2, 3, 3)}))
