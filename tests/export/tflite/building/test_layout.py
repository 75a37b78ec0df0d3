from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from onnx import helper

from _edgeship.export.tflite.building import layout
from tests.export.tflite.ops.harness import check, graph_model, rand


def test_channels_last() -> None:
    assert layout.channels_last(4) == (0, 2, 3, 1)
    assert layout.channels_last(5) == (0, 2, 3, 4, 1)
    assert layout.channels_last(3) == (0, 1, 2)


def test_inverse() -> None:
    for perm in itertools.permutations(range(4)):
        x = rand(2, 3, 4, 5)
        assert np.array_equal(x.transpose(perm).transpose(layout.inverse(perm)), x)


def test_without() -> None:
    """What lies as NHWC lies as (N, C) without H and W, and as (N, H, W) without C."""
    assert layout.without((0, 2, 3, 1), [2, 3]) == (0, 1)
    assert layout.without((0, 2, 3, 1), [1]) == (0, 1, 2)
    assert layout.without((0, 2, 3, 1), [0, 2]) == (1, 0)
    assert layout.without((0, 1), [0, 1]) == ()


def test_moves() -> None:
    assert not layout.moves((1, 1, 1, 5), (0, 3, 1, 2))
    assert not layout.moves((2, 1, 3, 1), (0, 2, 1, 3))
    assert layout.moves((2, 3, 4), (0, 2, 1))


def _random_shape(rng: np.random.Generator, rank: int) -> tuple[int, ...]:
    return tuple(int(extent) for extent in rng.choice([1, 1, 2, 3, 4], rank))


@pytest.mark.parametrize("seed", range(200))
def test_transposes_of_a_high_rank_are_steps_of_a_low_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 9))
    shape = _random_shape(rng, rank)
    order = tuple(int(axis) for axis in rng.permutation(rank))
    x = np.arange(math.prod(shape)).reshape(shape)
    found = x
    for view, step in layout.transpose_steps(shape, order):
        assert len(view) <= 4
        found = found.reshape(view).transpose(step)
    assert np.array_equal(found.reshape(-1), x.transpose(order).reshape(-1))


def test_a_channel_shuffle_is_two_transposes_of_large_matrices() -> None:
    nhwc_split = (1, 28, 28, 2, 58)
    steps = [((784, 2, 58), (2, 1, 0)), ((116, 784), (1, 0))]
    assert layout.transpose_steps(nhwc_split, (0, 1, 2, 4, 3)) == steps


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ((784, 3, 20), 2),
        ((784, 20, 3), 1),  # back again
        ((784, 8, 12), 1),  # not so small
        ((16, 3, 20), 1),  # few places
    ],
)
def test_where_two_transposes_are_faster(shape: tuple[int, ...], count: int) -> None:
    x = rand(*shape)
    steps = layout.transpose_steps(shape, (0, 2, 1))
    found = x
    for view, step in steps:
        found = found.reshape(view).transpose(step)
    assert np.array_equal(found.reshape(-1), x.transpose(0, 2, 1).reshape(-1))
    assert len(steps) == count


def test_four_groups_taken_in_turn_are_two_transposes_of_large_matrices() -> None:
    x = np.arange(784 * 4 * 29).reshape(784, 2, 2, 29)
    steps = layout.transpose_steps(x.shape, (0, 3, 2, 1))
    assert steps == [((784, 2, 2, 29), (3, 2, 1, 0)), ((116, 784), (1, 0))]
    turned = x.transpose(steps[0][1]).reshape(steps[1][0]).transpose(steps[1][1])
    assert np.array_equal(turned.reshape(-1), x.transpose(0, 3, 2, 1).reshape(-1))


@pytest.mark.parametrize("seed", range(200))
def test_reshapes_move_nothing_in_the_order_they_ask_for(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = _random_shape(rng, int(rng.integers(1, 6)))
    after = _regroup(rng, before)
    stored = tuple(int(axis) for axis in rng.permutation(len(before)))
    wanted = layout.order_before_reshape(stored, before, after)
    result = layout.order_after_reshape(wanted, before, after)
    assert sorted(wanted) == list(range(len(before)))
    assert sorted(result) == list(range(len(after)))
    x = np.arange(math.prod(before)).reshape(before)
    assert np.array_equal(
        x.transpose(wanted).reshape(-1), x.reshape(after).transpose(result).reshape(-1)
    )


def test_a_flattened_image_lies_as_it_did_where_its_pixels_stay_apart() -> None:
    assert layout.order_before_reshape((0, 2, 3, 1), (2, 6, 4, 5), (2, 6, 20)) == (0, 2, 3, 1)
    assert layout.order_after_reshape((0, 2, 3, 1), (2, 6, 4, 5), (2, 6, 20)) == (0, 2, 1)
    assert layout.order_before_reshape((0, 2, 3, 1), (2, 6, 4, 5), (2, 120)) == (0, 1, 2, 3)


def _regroup(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Another shape with as many elements: prime factors joined at random, ones put in."""
    factors = [f for extent in shape for f in _factors(extent)]
    result: list[int] = []
    for factor in factors:
        if result and rng.random() < 0.5:
            result[-1] *= factor
        else:
            result.append(factor)
    for _ in range(int(rng.integers(0, 3))):
        result.insert(int(rng.integers(0, len(result) + 1)), 1)
    while len(result) > 6:
        last = result.pop()
        result[-1] *= last
    return tuple(result) or (1,)


def _factors(extent: int) -> list[int]:
    return [2, 2] if extent == 4 else [extent] if extent > 1 else []


@pytest.mark.parametrize("seed", range(150))
def test_random_chains_of_reshapes_and_transposes(seed: int) -> None:
    """Whatever the orders in between, LiteRT gives what ONNX Runtime gives."""
    rng = np.random.default_rng(seed)
    shape = _random_shape(rng, int(rng.integers(1, 7)))
    inputs: dict[str, object] = {"v0": shape}
    nodes, outputs = [], []
    for step in range(int(rng.integers(2, 9))):
        x, y = f"v{step}", f"v{step + 1}"
        kind = rng.choice(["Reshape", "Transpose", "Relu", "Softmax", "Concat"])
        if kind == "Reshape":
            shape = _regroup(rng, shape)
            inputs[f"shape{step}"] = np.array(shape)
            nodes.append(helper.make_node("Reshape", [x, f"shape{step}"], [y]))
        elif kind == "Transpose":
            perm = [int(axis) for axis in rng.permutation(len(shape))]
            shape = tuple(shape[axis] for axis in perm)
            nodes.append(helper.make_node("Transpose", [x], [y], perm=perm))
        elif kind == "Softmax":
            axis = int(rng.integers(0, len(shape)))
            nodes.append(helper.make_node("Softmax", [x], [y], axis=axis))
        elif kind == "Concat" and math.prod(shape) < 500:
            axis = int(rng.integers(0, len(shape)))
            inputs[f"k{step}"] = rand(*shape, seed=seed)
            nodes.append(helper.make_node("Concat", [x, f"k{step}", x], [y], axis=axis))
            shape = tuple(3 * e if i == axis else e for i, e in enumerate(shape))
        else:
            nodes.append(helper.make_node("Relu", [x], [y]))
        if rng.random() < 0.3:
            outputs.append(y)
    if nodes[-1].output[0] not in outputs:
        outputs.append(nodes[-1].output[0])
    model = graph_model(nodes, inputs, outputs)
    check(model, "nhwc" if seed % 2 else "nchw")
