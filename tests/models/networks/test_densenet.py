"""The DenseNet-like network against Table 8 of the ShuffleNet V2 paper."""

from pathlib import Path

import pytest
import torch

from _edgeship.errors import InputError
from _edgeship.models import zoo
from _edgeship.models.networks.densenet import DenseLayer
from tests.models.construct import on_meta
from tests.models.published import computed, export_float_and_int8, output_shape

# Table 8: millions of mult-adds, batches/s on the GPU, images/s on ARM.
TABLE_8 = {
    "x0_5": (42, 366, 39.7),
    "x1_0": (142, 279, 15.8),
    "x1_5": (295, 274, 9.7),
    "x2_0": (519, 197, 6.1),
}


@pytest.mark.parametrize("width", TABLE_8)
def test_complexity_is_the_published_one(width: str) -> None:
    mult_adds, gpu, arm = TABLE_8[width]
    entry = zoo.spec(f"densenet_like_{width}")
    assert entry.mult_adds == mult_adds * 1e6
    assert entry.published_speed == {"gpu": gpu, "arm": arm}
    complexity = computed(f"densenet_like_{width}")
    assert complexity.mult_adds / 1e6 == pytest.approx(mult_adds, rel=0.01)


def test_layers_are_those_of_the_stages_of_shufflenet_v2() -> None:
    network = on_meta("densenet_like_x1_0")
    seen: list[tuple[int, int]] = []
    for layer in network.stages:
        if isinstance(layer, DenseLayer):
            layer.register_forward_hook(
                lambda _m, _i, out: seen.append((out.shape[1], out.shape[2]))
            )
    network(torch.zeros(1, 3, 224, 224, device="meta"))
    stage2 = [(40 + 20 * i, 28) for i in range(1, 5)]
    stage3 = [(60 + 20 * i, 14) for i in range(1, 9)]
    stage4 = [(110 + 20 * i, 7) for i in range(1, 5)]
    assert seen == [*stage2, *stage3, *stage4]
    assert network.fc.in_features == 1024


def test_a_layer_keeps_its_input() -> None:
    layer = zoo.create("densenet_like_x0_5").stages[1]
    x = torch.randn(2, 20, 5, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        y = layer(x)
    assert y.shape == (2, 30, 5, 5)
    assert torch.equal(y[:, :20], x)
    assert y[:, 20:].std() > 0.1


@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"),
    [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (29, 29))],
)
def test_forward_shapes(num_classes: int, in_channels: int, size: tuple[int, int]) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    shape = output_shape("densenet_like_x0_5", (2, in_channels, *size), **arguments)
    assert shape == (2, num_classes)


def test_another_width_is_refused() -> None:
    with pytest.raises(InputError, match=r"no width 0\.25"):
        zoo.create("densenet_like_x1_0", width=0.25)


@pytest.mark.slow
def test_export(tmp_path: Path) -> None:
    export_float_and_int8("densenet_like_x0_5", (1, 3, 64, 64), tmp_path)
