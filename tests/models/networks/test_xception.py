"""The Xception-like network against Table 8 of the ShuffleNet V2 paper."""

from pathlib import Path

import pytest
import torch

from _edgeship.errors import InputError
from _edgeship.models import zoo
from tests.models.construct import on_meta
from tests.models.published import computed, export_float_and_int8, output_shape

# Table 8: millions of mult-adds, batches/s on the GPU, images/s on ARM.
TABLE_8 = {
    "x0_5": (40, 384, 52.9),
    "x1_0": (145, 278, 19.5),
    "x1_5": (305, 219, 10.5),
    "x2_0": (525, 174, 6.7),
}


@pytest.mark.parametrize("width", TABLE_8)
def test_complexity_is_the_published_one(width: str) -> None:
    mult_adds, gpu, arm = TABLE_8[width]
    entry = zoo.spec(f"xception_like_{width}")
    assert entry.mult_adds == mult_adds * 1e6
    assert entry.published_speed == {"gpu": gpu, "arm": arm}
    assert round(computed(f"xception_like_{width}").mult_adds / 1e6) == mult_adds


def test_stages_are_those_of_shufflenet_v2() -> None:
    network = on_meta("xception_like_x1_0")
    seen: list[tuple[int, int]] = []
    for unit in network.units:
        unit.register_forward_hook(lambda _m, _i, out: seen.append((out.shape[1], out.shape[2])))
    network(torch.zeros(1, 3, 224, 224, device="meta"))
    assert seen == [(128, 28)] * 4 + [(256, 14)] * 8 + [(512, 7)] * 4


def test_a_units_receptive_field_is_7() -> None:
    unit = zoo.create("xception_like_x0_5").units[1].residual.double()
    x = torch.zeros(1, 64, 15, 15, dtype=torch.double, requires_grad=True)
    unit(x + 1)[0, :, 7, 7].sum().backward()
    seen = x.grad[0].abs().sum(0).nonzero()
    assert (seen.min().item(), seen.max().item()) == (4, 10)


@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (1, 1))]
)
def test_forward_shapes(num_classes: int, in_channels: int, size: tuple[int, int]) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    shape = output_shape("xception_like_x0_5", (2, in_channels, *size), **arguments)
    assert shape == (2, num_classes)


def test_another_width_is_refused() -> None:
    with pytest.raises(InputError, match=r"no width 0\.25"):
        zoo.create("xception_like_x1_0", width=0.25)


@pytest.mark.slow
def test_export(tmp_path: Path) -> None:
    export_float_and_int8("xception_like_x0_5", (1, 3, 64, 64), tmp_path)
