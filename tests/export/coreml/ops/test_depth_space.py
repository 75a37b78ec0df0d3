from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.export.coreml.ops.harness import check, check_all, graph_model, node_model


def test_space_to_depth() -> None:
    models = [node_model("SpaceToDepth", {"x": (2, 3, 6, 12)}, blocksize=block) for block in (2, 3)]
    assert check_all(models) == ["space_to_depth"] * 2


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({}, "depth_to_space"),
        ({"mode": "DCR"}, "depth_to_space"),
        ({"mode": "CRD"}, "pixel_shuffle"),
    ],
)
def test_depth_to_space(attributes: dict[str, Any], kind: str) -> None:
    models = [
        node_model(
            "DepthToSpace", {"x": (2, 2 * block * block, 3, 4)}, blocksize=block, **attributes
        )
        for block in (2, 3)
    ]
    assert check_all(models) == [kind] * 2


def test_blocks_of_one() -> None:
    models = [
        node_model(op_type, {"x": (1, 2, 3, 4)}, blocksize=1)
        for op_type in ("SpaceToDepth", "DepthToSpace")
    ]
    assert check_all(models) == ["identity"] * 2


def test_the_other_order_of_channels() -> None:
    """CRD, of which ONNX Runtime has no kernel yet: what the other order makes, turned over."""
    model = node_model("SpaceToDepth", {"x": (1, 2, 4, 4)}, blocksize=2, mode="CRD", opset=28)
    nodes = [
        helper.make_node("SpaceToDepth", ["x"], ["d"], blocksize=2),
        helper.make_node("Reshape", ["d", "parts"], ["p"]),
        helper.make_node("Transpose", ["p"], ["t"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", ["t", "s"], ["y"]),
    ]
    inputs = {
        "x": (1, 2, 4, 4),
        "parts": np.array([1, 4, 2, 2, 2]),
        "s": np.array([1, 8, 2, 2]),
    }
    check(model, reference=graph_model(nodes, inputs))
