from __future__ import annotations

from typing import Any

import pytest

from tests.export.tflite.ops.harness import LAYOUTS, check, node_model


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("block", [2, 3])
def test_space_to_depth(block: int, io_layout: Any) -> None:
    model = node_model("SpaceToDepth", {"x": (2, 3, 6, 12)}, blocksize=block)
    assert "SPACE_TO_DEPTH" in check(model, io_layout)


@pytest.mark.parametrize("io_layout", LAYOUTS)
@pytest.mark.parametrize("block", [2, 3])
@pytest.mark.parametrize("mode", ["DCR", "CRD", None])
def test_depth_to_space(mode: str | None, block: int, io_layout: Any) -> None:
    attributes = {} if mode is None else {"mode": mode}
    shape = (2, 2 * block * block, 3, 4)
    kinds = check(
        node_model("DepthToSpace", {"x": shape}, blocksize=block, **attributes), io_layout
    )
    assert "DEPTH_TO_SPACE" in kinds


def test_operators() -> None:
    x = {"x": (1, 8, 3, 4)}
    assert check(node_model("DepthToSpace", x, blocksize=2)) == ["DEPTH_TO_SPACE"]
    assert check(node_model("DepthToSpace", x, blocksize=2, mode="CRD")) == [
        "RESHAPE",
        "TRANSPOSE",
        "RESHAPE",
        "DEPTH_TO_SPACE",
    ]
    # A single channel needs no transpose.
    x = {"x": (1, 4, 3, 4)}
    assert check(node_model("DepthToSpace", x, blocksize=2, mode="CRD")) == ["DEPTH_TO_SPACE"]
