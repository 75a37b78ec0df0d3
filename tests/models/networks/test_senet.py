"""SENet-154 against the figures published of it."""

import pytest
from torch import nn

from _edgeship.models import zoo
from tests.models.construct import on_meta
from tests.models.published import computed, output_shape


def test_complexity_is_the_published_one() -> None:
    """Mult-adds: ShuffleNet V2 paper, Table 6; parameters: the authors' checkpoint for PyTorch."""
    complexity = computed("senet_154")
    assert zoo.spec("senet_154").mult_adds == 20.7e9
    assert complexity.mult_adds / 20.7e9 == pytest.approx(1, rel=0.01)
    assert complexity.params == 115_088_984


def test_it_has_154_layers() -> None:
    """Those of squeeze-excite and of the shortcuts' projections do not count for the name."""
    layers = [
        name
        for name, layer in on_meta("senet_154").named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
        and ".se." not in name
        and ".downsample." not in name
    ]
    assert len(layers) == 154


@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (3, 3))]
)
def test_forward_shapes(num_classes: int, in_channels: int, size: tuple[int, int]) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    assert output_shape("senet_154", (2, in_channels, *size), **arguments) == (2, num_classes)
