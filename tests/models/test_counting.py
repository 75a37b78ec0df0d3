"""Counting by name, from shapes alone, against counting a network that really runs."""

import pytest

from _edgeship.models import zoo
from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.complexity import per_layer
from _edgeship.models.counting import count_entries, count_entry
from tests.models.construct import construct


@pytest.mark.parametrize(
    "name",
    [
        "shufflenet_v2_x0_5",
        "shufflenet_v1_g8_x0_25",
        "shufflenet_v2_3d_x0_25",
        "rexnet_x1_0",
        "effnet",
        "densenet_like_x0_5",
        "repvgg_a0",
        "probe_g1_arm_1to6",
    ],
)
def test_shapes_alone_give_the_figures_of_a_real_run(name: str) -> None:
    entry = zoo.spec(name)
    network = construct(name)
    counted = count_entry(entry)
    assert counted.layers == tuple(per_layer(network, (1, *entry.input_size)))
    assert counted.complexity.params == sum(p.numel() for p in network.parameters())
    assert counted.complexity.mult_adds == sum(layer.mult_adds for layer in counted.layers) > 0


def test_an_input_of_other_channels_reaches_the_network() -> None:
    entry = zoo.spec("effnet")
    gray = ModelSpec(**{**vars(entry), "input_size": (1, 32, 32)})
    saved = count_entry(entry).complexity.mult_adds - count_entry(gray).complexity.mult_adds
    assert saved == 32 * 32 * 2 * 32  # the first 1x1 convolution, from 2 channels less to 32


def test_a_second_name_has_the_figures_of_the_first() -> None:
    names = ["shufflenet_v2", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0"]
    counted = count_entries(zoo.spec(name) for name in names)
    assert list(counted) == names
    assert counted["shufflenet_v2"] is counted["shufflenet_v2_x1_0"]
    assert counted["shufflenet_v2_x0_5"].params == 1_366_792
