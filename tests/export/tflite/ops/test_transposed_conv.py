from __future__ import annotations

from typing import Any

import pytest

from tests.export.tflite.ops.harness import check, check_both, node_model, rand


def transposed(
    x: tuple[int, ...], weight: tuple[int, ...], bias: bool = True, **attributes: Any
) -> Any:
    inputs: dict[str, Any] = {"x": x, "w": rand(*weight, seed=1)}
    if bias:
        inputs["b"] = rand(weight[1] * attributes.get("group", 1), seed=2)
    return node_model("ConvTranspose", inputs, **attributes)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kernel", [(2, 2), (3, 3), (4, 4), (1, 3), (3, 2)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (3, 2)])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (0, 1, 0, 1), (0, 0, 0, 1)])
def test_windows(
    kernel: tuple[int, int], strides: tuple[int, int], pads: tuple[int, ...], bias: bool
) -> None:
    check(transposed((1, 3, 4, 5), (3, 2, *kernel), bias, strides=strides, pads=pads))


@pytest.mark.parametrize(("kernel", "pads"), [(2, 0), (3, 0), (3, 1), (4, 1), (5, 2)])
@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("output_padding", [0, 1])
def test_output_padding(kernel: int, pads: int, stride: int, output_padding: int) -> None:
    model = transposed(
        (2, 3, 4, 5),
        (3, 2, kernel, kernel),
        strides=[stride] * 2,
        pads=[pads] * 4,
        output_padding=[output_padding] * 2,
    )
    check_both(model)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_auto_pad(auto_pad: str, kernel: int, stride: int) -> None:
    check(transposed((1, 2, 4, 5), (2, 3, kernel, kernel), auto_pad=auto_pad, strides=[stride] * 2))


@pytest.mark.parametrize("output_shape", [(8, 10), (9, 11), (7, 9), (8, 11)])
def test_output_shape(output_shape: tuple[int, int]) -> None:
    check(transposed((1, 2, 4, 5), (2, 3, 3, 3), strides=[2, 2], output_shape=output_shape))


@pytest.mark.parametrize("pads", [(0, 0), (1, 1)])
def test_rank_3(pads: tuple[int, int]) -> None:
    check_both(transposed((2, 3, 6), (3, 4, 4), strides=[2], pads=pads))


def test_the_usual_upsampling_needs_one_operator() -> None:
    assert check(transposed((1, 3, 5, 5), (3, 2, 4, 4), strides=[2, 2], pads=[1] * 4)) == [
        "TRANSPOSE_CONV"
    ]
    assert check(transposed((1, 3, 5, 5), (3, 2, 2, 2), strides=[2, 2])) == ["TRANSPOSE_CONV"]


@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 0, 1), (2, 2, 1, 1)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 3)])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 2), (4, 3)])
@pytest.mark.parametrize(
    ("group", "outputs", "dilations"),
    [(4, 1, (1, 1)), (4, 2, (1, 1)), (2, 2, (1, 1)), (2, 2, (2, 1)), (1, 3, (2, 2))],
)
def test_groups_and_dilations(
    group: int,
    outputs: int,
    dilations: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
) -> None:
    check(
        transposed(
            (1, 4, 5, 4),
            (4, outputs, *kernel),
            group=group,
            dilations=dilations,
            strides=strides,
            pads=pads,
        )
    )


def test_groups_along_a_sequence() -> None:
    check_both(transposed((2, 4, 7), (4, 1, 3), group=4, strides=[2], pads=[1, 1]))


def test_a_depthwise_one_is_a_depthwise_convolution() -> None:
    attributes = {"group": 8, "strides": [2, 2], "pads": [1] * 4}
    kinds = check(transposed((1, 8, 6, 6), (8, 1, 4, 4), **attributes))
    assert kinds.count("DEPTHWISE_CONV_2D") == 1
    assert set(kinds) == {"DEPTHWISE_CONV_2D", "PAD", "RESHAPE"}
