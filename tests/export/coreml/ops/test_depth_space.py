from __future__ import annotations

from typing import Any

import pytest

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import check_all, lower_model, node_model


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


def test_unsupported() -> None:
    model = node_model("SpaceToDepth", {"x": (1, 2, 4, 4)}, blocksize=2, mode="CRD", opset=28)
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "SpaceToDepth with mode CRD" in error.value.why
