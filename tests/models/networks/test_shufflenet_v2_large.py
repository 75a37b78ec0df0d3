"""The large ShuffleNet V2 networks against Table 6 and the appendix of the paper."""

import pytest
import torch
from torch import nn

from _edgeship.models.complexity import count
from _edgeship.models.networks.shufflenet_v2_large import ResidualUnit
from tests.models.construct import construct, on_meta

pytestmark = pytest.mark.slow

# Layers, published mult-adds, and the appendix's channels and units of the four stages.
TABLE = {
    "shufflenet_v2_50": (50, 2.3e9, [(244, 3), (488, 4), (976, 6), (1952, 3)]),
    "se_shufflenet_v2_164": (164, 12.7e9, [(340, 10), (680, 10), (1360, 23), (2720, 10)]),
}


@pytest.mark.parametrize("name", TABLE)
def test_complexity_is_the_published_one(name: str) -> None:
    _, mult_adds, _ = TABLE[name]
    assert count(on_meta(name), (1, 3, 224, 224)).mult_adds == pytest.approx(mult_adds, rel=0.01)


@pytest.mark.parametrize("name", TABLE)
def test_layers_are_those_of_the_appendix(name: str) -> None:
    layers, _, stages = TABLE[name]
    state = on_meta(name).state_dict()
    for number, (channels, units) in enumerate(stages):
        for unit in range(units):
            branch = f"stages.{number}.{unit}.branch2"
            assert state[f"{branch}.3.weight"].shape == (channels // 2, 1, 3, 3)
            assert state[f"{branch}.5.weight"].shape == (channels // 2, channels // 2, 1, 1)
        assert f"stages.{number}.{units}.branch2.0.weight" not in state
    # The layers of the name: the longest path, without pooling and squeeze-excite.
    convolutions = [
        key
        for key, value in state.items()
        if value.ndim == 4 and ".branch1." not in key and ".fc." not in key
    ]
    # conv6 makes 50; in the deeper network the classifier is counted too.
    assert len(convolutions) == (50 if layers == 50 else 163)
    assert state["conv6.0.weight"].shape[0] == 2048


def test_a_residual_unit_adds_what_it_convolves() -> None:
    """With the branch silenced, the unit is the shuffle of what enters it."""
    unit = ResidualUnit(4).eval()
    norm = unit.branch2[6]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.zeros_(norm.weight)
    x = torch.arange(1.0, 5).reshape(1, 4, 1, 1).expand(1, 4, 3, 3)
    with torch.no_grad():
        assert unit(x)[0, :, 1, 1].tolist() == [1, 3, 2, 4]
        nn.init.constant_(norm.bias, 2)
        last = unit.get_submodule("branch2.7.fc.2")
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        # A constant branch of 2, halved by squeeze-excite's sigmoid(0).
        assert unit(x)[0, :, 1, 1].tolist() == [1, 4, 2, 5]


@pytest.mark.parametrize("name", TABLE)
def test_forward_shapes(name: str) -> None:
    module = construct(name, num_classes=7, in_channels=1)
    sides: list[int] = []
    for stage in module.get_submodule("stages").children():
        stage.register_forward_hook(lambda _m, _i, out: sides.append(out.shape[-1]))
    with torch.no_grad():
        assert module(torch.zeros(1, 1, 40, 64)).shape == (1, 7)
    assert sides == [16, 8, 4, 2]
