"""Building a network from its entry, with random or trained weights."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch

from _edgeship.errors import InputError
from _edgeship.models import zoo
from _edgeship.models.building import _MAX_CHANNELS, factory_of
from _edgeship.models.catalog.registry import CATALOG


def test_every_entry_names_a_class_of_networks_and_arguments_that_it_takes() -> None:
    for entry in CATALOG.values():
        assert entry.factory.startswith("_edgeship.models.networks."), entry.name
        factory = factory_of(entry)
        assert issubclass(factory, torch.nn.Module), entry.name  # type: ignore[arg-type]
        inspect.signature(factory).bind(**entry.arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be a whole number from 1 to 1048576, not 0"),
        ({"num_classes": 2**20 + 1}, "num_classes must be a whole number"),
        ({"num_classes": 10.0}, "num_classes must be .* not 10.0"),
        ({"num_classes": True}, "num_classes must be .* not True"),
        ({"in_channels": -3}, "in_channels must be a whole number from 1 to 2048, not -3"),
        ({"in_channels": "3"}, "in_channels must be .* not '3'"),
        ({"in_channels": 2049}, "in_channels must be"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": 2**63}, "seed must be"),
        ({"depth": 3}, "shufflenet_v2_x1_0 has no argument 'depth'"),
        ({"width": 0.75}, "ShuffleNet V2 has no width 0.75"),
        ({"width": "1.0"}, "ShuffleNet V2 has no width '1.0'"),
        ({"width": [1.0]}, "ShuffleNet V2 has no width"),
    ],
)
def test_a_bad_argument_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        zoo.create("shufflenet_v2_x1_0", **arguments)


def test_an_unknown_override_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        zoo.create("shufflenet_v2", depth=3)
    assert caught.value.todo == "Besides num_classes and in_channels it has star, width."


def test_an_override_of_a_model_without_arguments_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        zoo.create("senet_154", width=2)
    assert caught.value.todo == "Besides num_classes and in_channels it has none."


def test_an_override_replaces_an_argument_of_the_entry() -> None:
    overridden = zoo.create("shufflenet_v2_x1_0", width=0.5).state_dict()
    plain = zoo.create("shufflenet_v2_x0_5").state_dict()
    assert overridden.keys() == plain.keys()
    assert all(torch.equal(overridden[key], plain[key]) for key in plain)


def test_create_gives_the_same_network_for_the_same_seed_only() -> None:
    first, again, other = (
        zoo.create("shufflenet_v2_x0_5", seed=seed).state_dict() for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["fc.weight"], other["fc.weight"])
    assert not torch.equal(first["conv5.1.running_var"], other["conv5.1.running_var"])


def test_create_does_not_depend_on_the_global_random_state_nor_change_it() -> None:
    torch.manual_seed(11)
    first = zoo.create("shufflenet_v2_x0_5").state_dict()
    torch.manual_seed(12)
    before = torch.get_rng_state()
    again = zoo.create("shufflenet_v2_x0_5").state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_create_gives_eval_mode_with_and_without_weights(tmp_path: Path) -> None:
    module = zoo.create("shufflenet_v2_x0_5", seed=1)
    checkpoint = tmp_path / "checkpoint.pth"
    torch.save(module.state_dict(), checkpoint)
    loaded = zoo.create("shufflenet_v2_x0_5", weights=checkpoint, seed=2)
    for network in (module, loaded):
        assert not any(layer.training for layer in network.modules())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(module(x), loaded(x))


def test_no_published_input_has_more_channels_than_are_accepted() -> None:
    assert max(entry.input_size[0] for entry in CATALOG.values()) <= _MAX_CHANNELS
