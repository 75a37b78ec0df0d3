from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.export.coreml.ops.harness import check_all, node_model


@pytest.mark.parametrize("opset", [18, 20])
def test_pictures(opset: int) -> None:
    linear = "bilinear" if opset < 20 else "linear"
    models = [
        node_model(
            "GridSample",
            {"x": (2, 3, 5, 4), "grid": (2, 6, 7, 2)},
            opset=opset,
            mode=mode,
            padding_mode=padding,
            align_corners=aligned,
        )
        for mode, padding, aligned in itertools.product(
            (linear, "nearest"), ("zeros", "border", "reflection"), (0, 1)
        )
    ]
    rng = np.random.default_rng(0)
    feeds = {
        "x": rng.standard_normal((2, 3, 5, 4)).astype(np.float32),
        "grid": rng.uniform(-1.6, 1.6, (2, 6, 7, 2)).astype(np.float32),
    }
    kinds = check_all(models, feeds=[feeds] * len(models), tolerance=2e-5)
    assert kinds == ["resample"] * len(models)
