"""Concatenations of many tensors: the same numbers, in operators that XNNPACK takes."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.delegation import of_xnnpack
from _edgeship.export.tflite.movement_costs import MOST_JOINED
from _edgeship.export.tflite.nested_joints import nest_joints
from _edgeship.export.tflite.open_batch import open_batch
from tests.export.tflite.small_graphs import Small


def joint(widths: list[int], axis: int = 3, size: int = 7) -> Small:
    """Inputs of some widths on an axis, halved, and joined as z."""
    shapes = {}
    for number, width in enumerate(widths):
        shape = [1, size, size, 6]
        shape[axis] = width
        shapes[f"x{number}"] = tuple(shape)
    small = Small(**shapes).constant("half", np.float32(0.5))
    for number, own in enumerate(shapes.values()):
        opts = options("MulOptions")
        small.op("MUL", f"x{number} half", f"y{number}", own, opts=opts)
    result = list(next(iter(shapes.values())))
    result[axis] = sum(widths)
    names = " ".join(f"y{number}" for number in range(len(widths)))
    opts = options("ConcatenationOptions", axis=axis - 4)
    return small.op("CONCATENATION", names, "z", tuple(result), opts=opts).out("z")


def joints(small: Small) -> list[int]:
    """How many tensors each CONCATENATION joins."""
    return [len(op.inputs) for op in small.graph.ops if op.kind == "CONCATENATION"]


def demand_same(small: Small) -> None:
    [sample] = small.samples(1)
    [expected] = small.run(small.data(), sample)
    nest_joints(small.graph)
    np.testing.assert_array_equal(small.run(small.data(), sample)[0], expected)


@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("count", range(2, 15))
def test_xnnpack_takes_them_all(count: int, axis: int) -> None:
    rng = np.random.default_rng(count)
    small = joint([int(width) for width in rng.integers(1, 9, count)], axis)
    demand_same(small)
    if axis == 3:  # on other axes there are few places, and operators count
        assert max(joints(small)) <= MOST_JOINED
        assert sum(joints(small)) == count + len(joints(small)) - 1
        data = small.data()
        report = of_xnnpack(TFLiteSession(data, small.io()), data)
        assert report.taken == report.operators


def test_the_narrowest_neighbours_are_copied_twice() -> None:
    small = joint([1, 58, 29, 15, 7, 3, 2, 1])
    demand_same(small)
    assert joints(small) == [4, 5]
    [inner] = small.graph.ops[-2].outputs
    assert small.graph.tensors[inner].shape == (1, 7, 7, 7 + 3 + 2 + 1)


def test_wide_ones_are_not_copied_twice() -> None:
    small = joint([4096] * 6, size=1)
    demand_same(small)
    assert joints(small) == [6]


def test_five_stay() -> None:
    small = joint([3] * MOST_JOINED)
    demand_same(small)
    assert joints(small) == [MOST_JOINED]


def test_what_xnnpack_leaves_anyway_stays() -> None:
    small = Small(x=(1, 7, 7, 2)).constant("c", np.ones((1, 7, 7, 3), np.float32))
    opts = options("ConcatenationOptions", axis=3)
    small.op("CONCATENATION", "x c x x x x", "z", (1, 7, 7, 13), opts=opts).out("z")
    demand_same(small)
    assert joints(small) == [6]


def test_an_open_batch_stays_open() -> None:
    small = joint([3] * 8)
    open_batch(small.graph, small.graph.inputs)
    nest_joints(small.graph)
    joined = [small.graph.tensors[op.outputs[0]] for op in small.graph.ops[-2:]]
    assert [tensor.signature for tensor in joined] == [(-1, 7, 7, 12), (-1, 7, 7, 24)]
