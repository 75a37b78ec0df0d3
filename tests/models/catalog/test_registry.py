import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from _edgeship import models
from _edgeship.errors import InputError
from _edgeship.models.building import _MAX_CHANNELS
from _edgeship.models.catalog.registry import CATALOG

ROOT = Path(__file__).parents[2]
TABLE_5 = [
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0",
]


def test_names_are_sorted_and_match_a_shell_pattern() -> None:
    assert models.names() == sorted(CATALOG)
    assert models.names("shufflenet_v2_x?_?") == TABLE_5
    assert models.names("shufflenet_v2_x[12]_0") == ["shufflenet_v2_x1_0", "shufflenet_v2_x2_0"]
    assert models.names("SHUFFLENET*") == []


def test_every_key_of_the_catalog_is_its_entrys_name() -> None:
    assert all(name == entry.name for name, entry in CATALOG.items())


def test_an_alias_differs_from_its_entry_in_name_only() -> None:
    alias, entry = models.spec("shufflenet_v2"), models.spec("shufflenet_v2_x1_0")
    assert alias.alias_of == entry.name
    assert entry.alias_of is None
    assert vars(alias) | {"name": entry.name, "alias_of": None} == vars(entry)


def test_spec_holds_the_figures_of_the_paper() -> None:
    entry = models.spec("shufflenet_v2_x1_0")
    assert (entry.mult_adds, entry.params, entry.top1_error) == (146e6, 2.3e6, 30.6)
    assert entry.published_speed == {"gpu": 341, "arm": 24.4}
    assert entry.input_size == (3, 224, 224)
    assert (entry.family, entry.year) == ("ShuffleNet V2", 2018)


@pytest.mark.parametrize("call", [models.spec, models.create])
def test_an_unknown_name_is_answered_with_at_most_three_close_ones(
    call: Callable[[str], object],
) -> None:
    with pytest.raises(InputError, match="no model named 'shufflenet_v2_x10'") as caught:
        call("shufflenet_v2_x10")
    suggested = caught.value.todo.removeprefix("Did you mean ").removesuffix("?").split(", ")
    assert suggested[0] == "shufflenet_v2_x1_0"
    assert len(suggested) == 3
    assert set(suggested) <= set(models.names("shufflenet_v*"))


def test_a_name_close_to_none_points_to_the_list() -> None:
    with pytest.raises(InputError) as caught:
        models.spec("qqqq")
    assert "python -m models list" in caught.value.todo


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
        models.create("shufflenet_v2_x1_0", **arguments)


def test_an_unknown_override_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        models.create("shufflenet_v2", depth=3)
    assert caught.value.todo == "Besides num_classes and in_channels it has star, width."


def test_an_override_of_a_model_without_arguments_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        models.create("senet_154", width=2)
    assert caught.value.todo == "Besides num_classes and in_channels it has none."


def test_an_override_replaces_an_argument_of_the_entry() -> None:
    overridden = models.create("shufflenet_v2_x1_0", width=0.5).state_dict()
    plain = models.create("shufflenet_v2_x0_5").state_dict()
    assert overridden.keys() == plain.keys()
    assert all(torch.equal(overridden[key], plain[key]) for key in plain)


def test_create_gives_the_same_network_for_the_same_seed_only() -> None:
    first, again, other = (
        models.create("shufflenet_v2_x0_5", seed=seed).state_dict() for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["fc.weight"], other["fc.weight"])
    assert not torch.equal(first["conv5.1.running_var"], other["conv5.1.running_var"])


def test_create_does_not_depend_on_the_global_random_state_nor_change_it() -> None:
    torch.manual_seed(11)
    first = models.create("shufflenet_v2_x0_5").state_dict()
    torch.manual_seed(12)
    before = torch.get_rng_state()
    again = models.create("shufflenet_v2_x0_5").state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_create_gives_eval_mode_with_and_without_weights(tmp_path: Path) -> None:
    module = models.create("shufflenet_v2_x0_5", seed=1)
    checkpoint = tmp_path / "checkpoint.pth"
    torch.save(module.state_dict(), checkpoint)
    loaded = models.create("shufflenet_v2_x0_5", weights=checkpoint, seed=2)
    for network in (module, loaded):
        assert not any(layer.training for layer in network.modules())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(module(x), loaded(x))


def test_the_catalog_is_read_without_torch() -> None:
    code = (
        "import sys; from _edgeship import models; import _edgeship.models.catalog.registry;"
        "models.names(); models.spec('shufflenet_v2');"
        "print('torch' in sys.modules); models.create('shufflenet_v2_x0_5');"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]


def test_no_published_input_has_more_channels_than_are_accepted() -> None:
    assert max(entry.input_size[0] for entry in CATALOG.values()) <= _MAX_CHANNELS
