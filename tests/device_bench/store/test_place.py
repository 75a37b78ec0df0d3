"""What --store names, and that no password is ever in a text."""

from pathlib import Path

import pytest

from _edgeship.device_bench.store.place import Place, place_of
from _edgeship.errors import InputError
from _edgeship.terminal.invocation import Invocation
from _edgeship.terminal.passwords import without_passwords


@pytest.mark.parametrize("word", ["build/a.sqlite", "postgresql", "C:/a:b@c"])
def test_a_path_is_a_file(word: str) -> None:
    assert place_of(word) == place_of(Path(word)) == place_of(Place(Path(word)))
    assert str(place_of(word)) == word


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_url_means_psycopg_3(scheme: str) -> None:
    found = place_of(f"{scheme}://bench:geheim@db.local:5433/farm")
    assert found.path is None
    assert found.url == "postgresql+psycopg://bench:geheim@db.local:5433/farm"
    assert str(found) == "postgresql+psycopg://bench:***@db.local:5433/farm"
    assert "geheim" not in f"{found} {found!r}"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("mysql://bench:geheim@db/farm", "kind that is not known"),
        ("postgresql+asyncpg://bench:geheim@db/farm", "kind that is not known"),
        ("postgresql://bench:geheim@db", "names no database"),
        ("postgresql://bench:geheim@db/", "names no database"),
        ("postgresql://bench:geheim@db:x/farm", "no URL"),
        ("postgresql://bench:ge@heim@db/farm", "more than one @"),
        ("postgresql://bench:geheim@[db/farm", "no URL"),
    ],
)
def test_a_wrong_url_is_one_sentence_without_its_password(url: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        place_of(url)
    assert "heim" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("postgresql://a:b@c/d", "postgresql://a:***@c/d"),
        ("postgresql://a:b/c?d#e@f@c/d", "postgresql://a:***@c/d"),
        ("postgresql://a@c/d", "postgresql://a@c/d"),
        ("postgresql://c/d?user=a&password=b&x=y", "postgresql://c/d?user=a&password=***&x=y"),
        ("postgresql://c/d?sslpassword=b", "postgresql://c/d?sslpassword=***"),
        ("--store=postgresql://a:b@c/d", "--store=postgresql://a:***@c/d"),
        ("https://host:80/path", "https://host:80/path"),
        ("a:b@c", "a:b@c"),
    ],
)
def test_passwords_are_hidden(word: str, shown: str) -> None:
    assert without_passwords(word) == shown


def test_the_recorded_command_has_no_password() -> None:
    words = ("run", "a.tflite", "--store", "postgresql://bench:geheim@db/farm")
    recorded = Invocation("python -m device_bench", words).command
    assert recorded == (
        "python -m device_bench run a.tflite --store 'postgresql://bench:***@db/farm'"
    )
