"""SENet-154 against the figures published of it."""

import pytest

from _edgeship import models
from tests.models.construct import on_meta
from tests.models.published import computed, output_shape


def test_complexity_is_the_published_one() -> None:
    """Mult-adds: ShuffleNet V2 paper, Table 6; parameters: the authors' checkpoint for PyTorch."""
    complexity = computed("senet_154")
    assert models.spec("senet_154").mult_adds == 20.7e9
    assert complexity.mult_adds / 20.7e9 == pytest.approx(1, rel=0.01)
    assert complexity.params == 115_088_984


def test_it_has_154_layers() -> None:
    network = on_meta("senet_154")
    convolutions = 3 + sum(3 for stage in network.stages for _ in stage)
    # The two of each squeeze-and-excitation and the projections are not counted.
    assert convolutions + 1 == 154


@pytest.mark.parametrize(
    ("num_classes", "in_channels", "size"), [(10, 3, (224, 224)), (2, 1, (33, 65)), (7, 4, (3, 3))]
)
def test_forward_shapes(num_classes: int, in_channels: int, size: tuple[int, int]) -> None:
    arguments = {"num_classes": num_classes, "in_channels": in_channels}
    assert output_shape("senet_154", (2, in_channels, *size), **arguments) == (2, num_classes)
