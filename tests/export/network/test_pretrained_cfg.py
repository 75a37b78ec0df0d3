"""Networks that state their pictures as timm's do: they need no shapes, mean and std."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import edgeship
from _edgeship.errors import InputError
from _edgeship.export.network.pretrained_cfg import stated, stated_by
from _edgeship.export.network.source import load_network

# As timm 1.0 has it for mobilenetv4_conv_small, without what is not read.
TIMM = {
    "url": "",
    "architecture": "mobilenetv4_conv_small",
    "input_size": (3, 32, 48),
    "fixed_input_size": False,
    "interpolation": "bicubic",
    "crop_pct": 0.95,
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
    "num_classes": 1000,
}

FACTORY = f"""
from torch import nn

class Net(nn.Sequential):
    pretrained_cfg = {TIMM!r}

def build():
    return Net(nn.Conv2d(3, 4, 3, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


def _network(**cfg: Any) -> nn.Module:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network.pretrained_cfg = TIMM | cfg  # type: ignore[assignment]
    return network


def test_a_live_module_needs_neither_shape_nor_normalisation(tmp_path: Path) -> None:
    result = edgeship.export(_network(), out=tmp_path, progress=False)
    [shape] = [tuple(one.shape) for one in result.manifest.artifacts[0].inputs]
    assert sorted(shape) == [1, 3, 32, 48]
    assert result.manifest.preprocess is not None
    described = dict(result.manifest.preprocess)
    assert described["mean"] == list(TIMM["mean"])  # type: ignore[call-overload]
    assert described["std"] == list(TIMM["std"])  # type: ignore[call-overload]
    assert any("pretrained_cfg" in note for note in result.notes)
    assert not any("assumed" in note for note in result.notes)


@pytest.mark.slow
def test_a_function_in_a_process_of_its_own_likewise(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(FACTORY)
    with load_network(f"{tmp_path / 'net.py'}:build") as network:
        assert network.shapes == ((1, 3, 32, 48),)
        assert network.preprocess is not None
        assert (network.preprocess.mean, network.preprocess.crop) == (TIMM["mean"], 0.95)
    with load_network(f"{tmp_path / 'net.py'}:build", shapes=[(1, 3, 64, 64)]) as network:
        assert network.shapes == ((1, 3, 64, 64),)


def test_what_the_user_says_goes_first() -> None:
    network = load_network(_network(), shapes=[(2, 3, 16, 16)])
    assert network.shapes == ((2, 3, 16, 16),)
    assert network.preprocess is not None


def test_without_a_size_the_shape_is_asked_for() -> None:
    with pytest.raises(InputError, match="input shape"):
        load_network(_network(input_size=None))
    assert load_network(_network(mean=None), shapes=[(1, 3, 8, 8)]).preprocess is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"input_size": (3, 32)},
        {"input_size": (3, 32, -1)},
        {"input_size": (3, 32, 1e9)},
        {"input_size": "332"},
        {"input_size": (3, 32, 32.5)},
        {"input_size": (3, True, 32)},
        {"mean": (0.5, float("nan"), 0.5)},
        {"mean": (0.5, 10**400, 0.5)},
        {"mean": ("a", "b", "c")},
        {"std": (0.5, 0.0, 0.5)},
        {"std": (0.5, 0.5)},
        {"crop_pct": 0},
        {"crop_pct": "all"},
    ],
)
def test_what_cannot_be_used_is_as_if_it_were_not_there(wrong: dict[str, Any]) -> None:
    found = stated(TIMM | wrong)
    [key] = wrong
    assert key not in found
    assert ("mean" in found) == ("std" in found)
    assert stated(found) == found


@pytest.mark.parametrize("other", [None, "cfg", 3, [("mean", 1)], {}, {"mean": torch.zeros(3)}])
def test_other_attributes_state_nothing(other: Any) -> None:
    module = nn.Identity()
    module.pretrained_cfg = other
    assert stated_by(module) == {}
    assert stated_by(object()) == {}
    assert stated_by(np.zeros(3)) == {}
