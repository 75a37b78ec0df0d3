"""Finding models by name, and what the catalog says of them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.models import zoo
from _edgeship.models.catalog import registry
from _edgeship.models.catalog.registry import CATALOG

ROOT = Path(__file__).parents[3]
TABLE_5 = [
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0",
]


def test_names_are_sorted_and_match_a_shell_pattern() -> None:
    assert zoo.names() == sorted(CATALOG)
    assert zoo.names("shufflenet_v2_x?_?") == TABLE_5
    assert zoo.names("shufflenet_v2_x[12]_0") == ["shufflenet_v2_x1_0", "shufflenet_v2_x2_0"]
    assert zoo.names("SHUFFLENET*") == []


def test_no_name_is_given_twice() -> None:
    given = [entry.name for entry in registry._ENTRIES]
    assert sorted(given) == sorted(set(given))


def test_every_second_name_is_that_of_an_entry_with_a_first() -> None:
    aliases = [entry for entry in CATALOG.values() if entry.alias_of]
    assert [entry.name for entry in aliases] == ["shufflenet_v2", "mobilenet_v1", "mobilenet_v2"]
    for entry in aliases:
        assert CATALOG[entry.alias_of or ""].alias_of is None


def test_an_alias_differs_from_its_entry_in_name_only() -> None:
    alias, entry = zoo.spec("shufflenet_v2"), zoo.spec("shufflenet_v2_x1_0")
    assert alias.alias_of == entry.name
    assert entry.alias_of is None
    assert vars(alias) | {"name": entry.name, "alias_of": None} == vars(entry)


def test_spec_holds_the_figures_of_the_paper() -> None:
    entry = zoo.spec("shufflenet_v2_x1_0")
    assert (entry.mult_adds, entry.params, entry.top1_error) == (146e6, 2.3e6, 30.6)
    assert entry.published_speed == {"gpu": 341, "arm": 24.4}
    assert entry.input_size == (3, 224, 224)
    assert (entry.family, entry.year) == ("ShuffleNet V2", 2018)


@pytest.mark.parametrize("call", [zoo.spec, zoo.create])
def test_an_unknown_name_is_answered_with_at_most_three_close_ones(
    call: Callable[[str], object],
) -> None:
    with pytest.raises(InputError, match="no model named 'shufflenet_v2_x10'") as caught:
        call("shufflenet_v2_x10")
    suggested = caught.value.todo.removeprefix("Did you mean ").removesuffix("?").split(", ")
    assert suggested[0] == "shufflenet_v2_x1_0"
    assert len(suggested) == 3
    assert set(suggested) <= set(zoo.names("shufflenet_v*"))


def test_a_name_close_to_none_points_to_the_list() -> None:
    with pytest.raises(InputError) as caught:
        zoo.spec("qqqq")
    assert "python -m models list" in caught.value.todo


@pytest.mark.slow
def test_the_catalog_is_read_without_torch() -> None:
    code = (
        "import sys; from _edgeship.models import zoo; import _edgeship.models.catalog.registry;"
        "zoo.names(); zoo.spec('shufflenet_v2');"
        "print('torch' in sys.modules); zoo.create('shufflenet_v2_x0_5');"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]
