from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.export.tflite.ops.harness import LAYOUTS, check, check_both, feeds, node_model, parse

REDUCTIONS = ["none", "add", "mul", "max", "min"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("x", "indices"),
    [
        ((5,), [[1], [3], [0]]),
        ((4, 3), [[2], [-1]]),
        ((4, 3), [[2, 1], [0, 0], [-1, -1]]),
        ((2, 3, 4, 5), [[1, 2], [0, 0]]),
        ((2, 3, 4, 5), [[[1], [0]]]),
    ],
)
def test_known_rows(x: tuple[int, ...], indices: Any, reduction: str) -> None:
    table = np.array(indices)
    updates = (*table.shape[:-1], *x[table.shape[-1] :])
    inputs = {"x": x, "i": table, "u": updates}
    kinds = check_both(node_model("ScatterND", inputs, reduction=reduction))
    assert "SCATTER_ND" not in kinds


@pytest.mark.parametrize("reduction", ["none", "add"])
def test_computed_rows(reduction: str) -> None:
    model = parse(
        "agraph (float[4,3] x, int64[2,1] i, float[2,3] u) => (float[4,3] y) "
        f'{{ y = ScatterND <reduction: string = "{reduction}"> (x, i, u) }}'
    )
    given = {**feeds(model, 0, 1), "i": np.array([[-1], [1]])}
    assert "SCATTER_ND" in check(model, feeds=given)


@pytest.mark.parametrize("reduction", ["none", "add"])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_computed_elements(axis: int, reduction: str) -> None:
    model = parse(
        "agraph (float[2,3,4,5] x, int64[1,2,2,2] i, float[1,2,2,2] u) => (float[2,3,4,5] y) "
        f'{{ y = ScatterElements <axis: int = {axis}, reduction: string = "{reduction}"> '
        "(x, i, u) }"
    )
    # Each element once: along the axis, the second place before the first.
    places = np.flip(np.indices((1, 2, 2, 2))[axis], axis)
    given = {**feeds(model, 0, 1), "i": np.ascontiguousarray(places)}
    check_both(model, feeds=given)


@pytest.mark.parametrize("reduction", ["add", "mul", "max", "min"])
def test_several_updates_of_one_row(reduction: str) -> None:
    inputs = {"x": (4, 3), "i": np.array([[2], [2], [0]]), "u": (3, 3)}
    check(node_model("ScatterND", inputs, reduction=reduction))


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("reduction", ["none", "add", "mul"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_elements(axis: int, reduction: str, io_layout: Any) -> None:
    indices = np.array([[[[1, 0]]], [[[0, 1]]]])
    inputs = {"x": (2, 3, 4, 5), "i": indices, "u": indices.shape}
    model = node_model("ScatterElements", inputs, axis=axis, reduction=reduction)
    check(model, io_layout)


@pytest.mark.parametrize(
    ("box", "kinds"),
    [
        ((slice(None), slice(1, 3)), {"CONCATENATION", "SLICE"}),
        ((slice(0, 1), slice(0, 2), slice(1, 3)), {"CONCATENATION", "SLICE"}),
        ((slice(None), slice(None), slice(0, 2)), {"CONCATENATION", "SLICE"}),
    ],
)
def test_a_box_is_joined_to_what_lies_around_it(box: Any, kinds: set[str]) -> None:
    """What ``x[..., :2] = u`` is exported to."""
    x = (2, 4, 5)
    places = np.stack(np.indices(x), axis=-1)[box]
    inputs = {"x": x, "i": places, "u": places.shape[:-1]}
    assert set(check(node_model("ScatterND", inputs))) <= {*kinds, "RESHAPE"}
