"""What `--weights` may name, and what a checkpoint's card changes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from _edgeship.errors import InputError
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.source import load_network
from _edgeship.models import zoo
from _edgeship.models.weights import pretrained
from _edgeship.models.weights.card import read_card
from _edgeship.models.weights.checkpoint_file import file_sha256
from _edgeship.models.weights.imagenet import PUBLISHED

#: What ships: a list that is found empty would make the tests below pass.
SHIPPED = [
    "effnet",
    "mobilenet_v2_x0_5",
    "rexnet_x1_0",
    "shufflenet_v1_g3_x0_5",
    "shufflenet_v2_x0_5",
]

CARD = {
    "model": "shufflenet_v2_x0_25",
    "dataset": "colours.zip",
    "classes": ["blue", "green", "red"],
    "input_size": [3, 32, 32],
    "strides_undone": 2,
    "mean": [0.1, 0.2, 0.3],
    "std": [0.4, 0.5, 0.6],
    "command": "python -m models train shufflenet_v2_x0_25",
    "seed": 0,
    "epochs": 1,
    "batch_size": 8,
    "learning_rate": 0.1,
    "train_images": 10,
    "test_images": 10,
    "test_accuracy": 50.0,
    "date": "2026-01-02",
    "torch": "2.0",
    "device": "cpu",
    "seconds": 1.0,
    "sha256": "",
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of three classes, with its card."""
    path = tmp_path / "mine.safetensors"
    save_file(zoo.create("shufflenet_v2_x0_25", num_classes=3, seed=4).state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(CARD | {"sha256": digest}))
    return path


def test_a_card_brings_classes_strides_size_and_normalisation(checkpoint: Path) -> None:
    network = load_network("shufflenet_v2_x0_25", weights=str(checkpoint))
    assert network.shapes == ((1, 3, 32, 32),)
    assert network.preprocess is not None
    assert (network.preprocess.mean, network.preprocess.crop) == ((0.1, 0.2, 0.3), 1.0)
    assert network.facts["mult_adds"] is None
    assert network.training == {
        "dataset": "colours.zip",
        "classes": ["blue", "green", "red"],
        "test_accuracy": 50.0,
    }
    assert isinstance(network.definition, LiveModule)
    module = network.definition.module
    sides = []
    module.stage4.register_forward_hook(lambda _, __, y: sides.append(y.shape[2]))
    assert module(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    assert sides == [4]


def test_without_its_card_the_same_file_is_a_plain_checkpoint(checkpoint: Path) -> None:
    checkpoint.with_suffix(".json").unlink()
    network = load_network("shufflenet_v2_x0_25", weights=str(checkpoint), num_classes=3)
    assert network.shapes == ((1, 3, 224, 224),)
    assert network.training == {}


def test_a_card_of_another_model_is_refused(checkpoint: Path) -> None:
    with pytest.raises(InputError, match=r"trained as shufflenet_v2_x0_25"):
        load_network("shufflenet_v2_x0_5", weights=str(checkpoint))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "EOF"),
        (json.dumps(CARD | {"epochs": 0}), "epochs"),
        (json.dumps(CARD | {"surprise": 1}), "surprise"),
    ],
)
def test_a_damaged_card_is_refused(checkpoint: Path, text: str, why: str) -> None:
    checkpoint.with_suffix(".json").write_text(text)
    with pytest.raises(InputError, match="The card") as error:
        read_card(checkpoint)
    assert why in error.value.why


def test_imagenet_weights_keep_the_publishers_crop_and_name_their_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fetched.pth"
    torch.save(zoo.create("shufflenet_v2_x1_5", seed=1).state_dict(), path)
    monkeypatch.setattr(pretrained, "fetch", lambda row: path)
    network = load_network("shufflenet_v2_x1_5", weights="imagenet")
    assert network.preprocess is not None
    assert network.preprocess.crop == PUBLISHED["shufflenet_v2_x1_5"].crop == 224 / 232
    assert network.weights.startswith("imagenet (shufflenetv2_x1_5-3c479a10.pth")
    assert network.training["top1_accuracy"] == 72.996
    assert not network.untrained


def test_names_without_such_weights_are_refused() -> None:
    with pytest.raises(InputError, match="no weights for CIFAR-10") as error:
        pretrained.find("senet_154", "cifar10")
    assert "models train senet_154" in error.value.todo
    with pytest.raises(InputError, match="no published ImageNet weights"):
        pretrained.find("effnet", "imagenet")


def test_weights_that_were_found_are_not_looked_for_again(checkpoint: Path) -> None:
    trained = pretrained.find("shufflenet_v2_x0_25", checkpoint)
    checkpoint.with_suffix(".json").unlink()
    module = zoo.create("shufflenet_v2_x0_25", weights=trained)
    assert module(torch.zeros(1, 3, 32, 32)).shape == (1, 3)


def test_five_checkpoints_ship_with_the_package() -> None:
    assert pretrained.shipped_names() == SHIPPED


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_checkpoint_loads_and_matches_its_card(name: str) -> None:
    trained = pretrained.find(name, "cifar10")
    assert trained.card is not None
    assert trained.card.model == name
    assert trained.card.sha256 == file_sha256(trained.path)
    assert len(trained.card.classes) == 10
    module = zoo.create(name, weights="cifar10")
    assert module(torch.zeros(1, *trained.card.input_size)).shape == (1, 10)
    state, shipped = module.state_dict(), load_file(trained.path)
    assert state.keys() == shipped.keys()
    assert all(torch.equal(state[key], shipped[key]) for key in shipped)


def test_the_shipped_checkpoints_are_small() -> None:
    sizes = [pretrained.find(name, "cifar10").path.stat().st_size for name in SHIPPED]
    assert sum(sizes) <= 40e6
