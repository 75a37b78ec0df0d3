"""MobileNetV1 against Tables 1 and 6 of its paper."""

from pathlib import Path

import pytest
import torch

from _edgeship.errors import InputError
from _edgeship.models import zoo
from tests.models.construct import on_meta
from tests.models.published import computed, export_float_and_int8, output_shape

# Table 6: width, mult-adds and parameters in millions.
TABLE = {"x0_25": (41, 0.5), "x0_5": (149, 1.3), "x0_75": (325, 2.6), "x1_0": (569, 4.2)}


@pytest.mark.parametrize("width", TABLE)
def test_complexity_is_the_published_one(width: str) -> None:
    mult_adds, params = TABLE[width]
    entry, complexity = zoo.spec(f"mobilenet_v1_{width}"), computed(f"mobilenet_v1_{width}")
    assert (entry.mult_adds, entry.params) == (mult_adds * 1e6, params * 1e6)
    assert complexity.mult_adds / 1e6 == pytest.approx(mult_adds, rel=0.01)
    assert round(complexity.params / 1e6, 1) == params


def test_layers_are_those_of_table_1() -> None:
    network = on_meta("mobilenet_v1")
    seen: list[tuple[int, ...]] = []
    for layer in network.features:
        layer.register_forward_hook(lambda _m, _i, out: seen.append(tuple(out.shape[1:])))
    network(torch.zeros(1, 3, 224, 224, device="meta"))
    assert seen == [
        (32, 112, 112),
        (64, 112, 112),
        (128, 56, 56),
        (128, 56, 56),
        (256, 28, 28),
        (256, 28, 28),
        *[(512, 14, 14)] * 6,
        *[(1024, 7, 7)] * 2,
    ]
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in network.modules()) == 27


@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (1, 1))]
)
def test_forward_shapes(num_classes: int, in_channels: int, size: tuple[int, int]) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    shape = output_shape("mobilenet_v1_x0_25", (2, in_channels, *size), **arguments)
    assert shape == (2, num_classes)


def test_another_width_is_refused() -> None:
    with pytest.raises(InputError, match=r"MobileNetV1 has no width 0\.6"):
        zoo.create("mobilenet_v1", width=0.6)


@pytest.mark.slow
def test_export(tmp_path: Path) -> None:
    export_float_and_int8("mobilenet_v1_x0_25", (1, 3, 64, 64), tmp_path)
