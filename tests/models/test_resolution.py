"""Undoing the first halvings of a network."""

from __future__ import annotations

import pytest
import torch

from _edgeship.errors import InputError
from _edgeship.models.building import create
from _edgeship.models.resolution import undo_strides, usual_strides_undone

pytestmark = pytest.mark.slow


def last_side(name: str, count: int) -> int:
    """Return the side of the last map for a 64-pixel input."""
    module = create(name)
    undo_strides(module, count, 224)
    sides = []
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda _, __, y: sides.append(y.shape[2]))
    with torch.inference_mode():
        assert module(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
    return min(side for side in sides if side > 1)


@pytest.mark.parametrize(
    "name", ["shufflenet_v2_x0_5", "shufflenet_v1_g3_x0_25", "mobilenet_v2_x0_4", "repvgg_a0"]
)
def test_each_undone_stride_doubles_the_last_map(name: str) -> None:
    # Branches that halve together are changed together: else their outputs would not fit.
    assert [last_side(name, count) for count in range(4)] == [2, 4, 8, 16]


def test_no_more_strides_than_there_are() -> None:
    with pytest.raises(InputError, match="6 strides cannot be undone"):
        undo_strides(create("shufflenet_v2_x0_5"), 6, 224)


def test_as_many_as_leave_four_pixels_a_side() -> None:
    assert [usual_strides_undone(224, side) for side in (224, 128, 100, 64, 32, 16)] == [
        0, 0, 1, 1, 2, 3,
    ]  # fmt: skip
    assert usual_strides_undone(32, 32) == 0
