from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from _edgeship.errors import EdgeshipError, InputError
from tests.export.coreml.evaluator.calling import compute


def rand(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def windows(
    x: np.ndarray,
    weight: np.ndarray,
    pads: Sequence[int],
    strides: Sequence[int],
    by: Sequence[int],
) -> np.ndarray:
    """A convolution by its definition: one sum over a window of the padded input per element."""
    axes = x.ndim - 2
    pairs = [(pads[2 * i], pads[2 * i + 1]) for i in range(axes)]
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), *pairs])
    reach = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], by, strict=True)]
    sizes = [(n - r) // s + 1 for n, r, s in zip(padded.shape[2:], reach, strides, strict=True)]
    y = np.empty((len(x), len(weight), *sizes))
    for place in itertools.product(*map(range, sizes)):
        cut = [
            slice(p * s, p * s + r, d) for p, s, r, d in zip(place, strides, reach, by, strict=True)
        ]
        y[(..., *place)] = np.tensordot(
            padded[(slice(None), slice(None), *cut)], weight, (range(1, axes + 2),) * 2
        )
    return y


@pytest.mark.parametrize(
    ("shape", "kernel"), [((9,), (3,)), ((7, 9), (3, 2)), ((5, 6, 4), (2, 3, 1))]
)
def test_custom_pads_strides_and_dilations(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    axes = len(shape)
    x, weight = rand(2, 3, *shape), rand(4, 3, *kernel, seed=1)
    pads = [2, 1, 0, 3, 1, 1][: 2 * axes]
    strides, dilations = [2, 1, 3][:axes], [1, 2, 1][:axes]
    found = compute(
        "conv",
        x=x,
        weight=weight,
        bias=np.arange(4, dtype=np.float32),
        pad_type="custom",
        pad=pads,
        strides=strides,
        dilations=dilations,
    )
    expected = windows(x, weight, pads, strides, dilations)
    expected += np.arange(4).reshape(-1, *[1] * axes)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pad_type", ["same", "same_lower"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "total"),
    [
        (8, 3, 2, 1, 1),
        (7, 3, 2, 1, 2),
        (8, 2, 1, 1, 1),
        (8, 4, 1, 1, 3),
        (9, 3, 1, 2, 4),
        (9, 1, 2, 1, 0),
        (9, 2, 3, 1, 0),
    ],
)
def test_same_padding(
    pad_type: str, size: int, kernel: int, stride: int, dilation: int, total: int
) -> None:
    """The output has ceil(size / stride) elements; the odd element goes to one end."""
    x, weight = rand(1, 2, size), rand(3, 2, kernel, seed=1)
    half, rest = total // 2, total - total // 2
    pads = [half, rest] if pad_type == "same" else [rest, half]
    found = compute(
        "conv", x=x, weight=weight, pad_type=pad_type, strides=[stride], dilations=[dilation]
    )
    assert found.shape == (1, 3, -(-size // stride))
    np.testing.assert_allclose(found, windows(x, weight, pads, [stride], [dilation]), atol=1e-5)


def test_groups_and_defaults() -> None:
    x, weight = rand(1, 4, 5, 5), rand(8, 1, 3, 3, seed=1)
    found = compute("conv", x=x, weight=weight, groups=4)
    for channel in range(8):
        single = windows(x[:, [channel // 2]], weight[[channel]], [0] * 4, [1, 1], [1, 1])
        np.testing.assert_allclose(found[:, [channel]], single, atol=1e-5)


def test_halves_are_added_up_in_float32() -> None:
    """4096 ones: in float16 the sum of ones stops growing at 2048."""
    x, weight = np.ones((1, 4096, 1), np.float16), np.ones((1, 4096, 1), np.float16)
    assert compute("conv", x=x, weight=weight, pad_type="valid").item() == 4096


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"strides": [0, 1]}, r"strides is \[0, 1\]"),
        ({"strides": [1]}, r"strides is \[1\]"),
        ({"pad_type": "custom", "pad": [-1, -1, 0, 0]}, "negative padding"),
        ({"pad_type": "custom", "pad": [10**6, 10**6, 10**6, 10**6]}, "too large"),
        ({"pad_type": "reflect"}, "padding 'reflect'"),
        ({"dilations": [-1, 1]}, r"dilations is \[-1, 1\]"),
    ],
)
def test_what_cannot_be_meant(arguments: dict[str, object], why: str) -> None:
    with pytest.raises(EdgeshipError, match=why):
        compute("conv", x=rand(1, 2, 5, 5), weight=rand(3, 2, 3, 3), **arguments)


def spread(
    x: np.ndarray, weight: np.ndarray, strides: Sequence[int], dilations: Sequence[int]
) -> np.ndarray:
    """A transposed convolution by its definition: each element adds a filter to the output."""
    kernel = weight.shape[2:]
    sizes = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(x.shape[2:], strides, kernel, dilations, strict=True)
    ]
    y = np.zeros((len(x), weight.shape[1], *sizes))
    for place in itertools.product(*map(range, x.shape[2:])):
        for tap in itertools.product(*map(range, kernel)):
            at = tuple(
                p * s + t * d for p, s, t, d in zip(place, strides, tap, dilations, strict=True)
            )
            y[(..., *at)] += x[(..., *place)] @ weight[(..., *tap)]
    return y


@pytest.mark.parametrize(
    ("shape", "kernel"), [((5,), (3,)), ((4, 5), (3, 2)), ((2, 3, 2), (2, 2, 3))]
)
def test_transposed(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    axes = len(shape)
    x, weight = rand(2, 3, *shape), rand(3, 4, *kernel, seed=1)
    strides, dilations = [2, 3, 1][:axes], [1, 2, 1][:axes]
    bias = np.arange(4, dtype=np.float32)
    pads = [1, 0, 0, 2, 1, 1][: 2 * axes]
    arguments = {"x": x, "weight": weight, "strides": strides, "dilations": dilations, "bias": bias}
    whole = spread(x, weight, strides, dilations) + bias.reshape(-1, *[1] * axes)
    np.testing.assert_allclose(compute("conv_transpose", **arguments), whole, atol=1e-5)
    cut = tuple(slice(pads[2 * i], whole.shape[2 + i] - pads[2 * i + 1]) for i in range(axes))
    found = compute("conv_transpose", pad_type="custom", pad=pads, **arguments)
    np.testing.assert_allclose(found, whole[(..., *cut)], atol=1e-5)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (4, 2), (3, 1), (5, 3), (2, 3), (2, 1)])
def test_transposed_same_is_the_gradient_of_same(kernel: int, stride: int) -> None:
    x, weight = rand(1, 2, 4), rand(2, 3, kernel, seed=1)
    found = compute("conv_transpose", x=x, weight=weight, pad_type="same", strides=[stride])
    forward = torch.zeros(1, 3, 4 * stride, requires_grad=True)
    total = max(0, 3 * stride + kernel - 4 * stride)
    padded = torch.nn.functional.pad(forward, (total // 2, total - total // 2))
    y = torch.nn.functional.conv1d(padded, torch.tensor(weight), stride=stride)
    y.backward(torch.tensor(x))
    assert forward.grad is not None
    np.testing.assert_allclose(found, forward.grad.numpy(), atol=1e-5)


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_an_output_shape_is_as_torchs_output_padding(extra: int) -> None:
    x, weight, bias = rand(1, 2, 4, 5), rand(2, 6, 3, 3, seed=1), rand(12, seed=2)
    expected = torch.nn.functional.conv_transpose2d(
        torch.tensor(x), torch.tensor(weight[:, :6]), torch.tensor(bias[:6]), 3, 1, extra
    ).numpy()
    found = compute(
        "conv_transpose",
        x=x,
        weight=weight,
        bias=bias[:6],
        strides=[3, 3],
        pad_type="custom",
        pad=[1, 1, 1, 1],
        output_shape=list(expected.shape),
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_transposed_in_groups() -> None:
    x, weight = rand(1, 4, 3, 3), rand(4, 3, 2, 2, seed=1)
    found = compute("conv_transpose", x=x, weight=weight, groups=2, strides=[2, 2])
    for group in range(2):
        ins, outs = slice(2 * group, 2 * group + 2), slice(3 * group, 3 * group + 3)
        single = spread(x[:, ins], weight[ins], [2, 2], [1, 1])
        np.testing.assert_allclose(found[:, outs], single, atol=1e-5)


def test_a_transposed_convolution_cannot_fill_the_memory() -> None:
    arguments = {"x": rand(1, 1, 9, 9), "weight": rand(1, 1, 2, 2)}
    for wanted in ({"strides": [10**6, 10**6]}, {"output_shape": [1, 1, 10**6, 10**6]}):
        with pytest.raises(InputError, match="too large"):
            compute("conv_transpose", **arguments, **wanted)
