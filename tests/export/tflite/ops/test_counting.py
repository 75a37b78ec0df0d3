from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.export.tflite.ops.harness import LAYOUTS, check, feeds, node_model, parse


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cum_sum(axis: int, reverse: int, exclusive: int, io_layout: Any) -> None:
    inputs = {"x": (2, 3, 4, 5), "axis": np.array(axis)}
    model = node_model("CumSum", inputs, reverse=reverse, exclusive=exclusive)
    assert "CUMSUM" in check(model, io_layout)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_one_hot(shape: tuple[int, ...], axis: int) -> None:
    """Indices from behind count, and those beyond the depth are nowhere."""
    extents = ",".join(map(str, shape))
    rows = ",".join(map(str, np.insert(shape, axis % (len(shape) + 1), 4)))
    model = parse(
        f"agraph (int64[{extents}] x) => (float[{rows}] y) "
        "<int64[1] depth = {4}, float[2] values = {-1, 5}> "
        f"{{ y = OneHot <axis: int = {axis}> (x, depth, values) }}"
    )
    check(model, feeds=feeds(model, -5, 6), tolerance=0)
