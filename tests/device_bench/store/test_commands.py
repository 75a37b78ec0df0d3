"""The commands on a PostgreSQL store: they keep, show and copy what they do in a file."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from _edgeship.device_bench.store.store import Store
from tests.device_bench.commands.test_run_compare import files, phone, run, slower  # noqa: F401
from tests.device_bench.store.saving import save
from tests.device_bench.store.server import PASSWORD, Server
from tests.device_bench.synthetic import session


def test_no_command_prints_or_keeps_the_password(
    phone,  # noqa: F811
    files,  # noqa: F811
    server: Server,
    tmp_path: Path,
) -> None:
    name = server.new_database()
    secret = quote(PASSWORD, safe="")
    url = server.tcp_url(name, secret)
    phone.times = slower(5)
    where = ("--device", "adb", "--store", url, "--rounds", "3")
    texts = [*run("run", *files, *where), *run("compare", *files, *where, "--json")]
    assert "Saved in postgresql+psycopg://bench:***@127.0.0.1" in texts[0]
    assert "--store 'postgresql+psycopg://bench:***@127.0.0.1" in texts[0]
    texts += run("history", "--store", url, code=3)
    texts += run("history", "no such file", "--store", url, code=2)
    for out in (tmp_path / "page.html", tmp_path / "page.json"):
        texts += run("report", "--store", url, "--out", out)
        texts.append(out.read_text())
    other = tmp_path / "other.sqlite"
    texts += run("store", "copy", url, other)
    texts += run("store", "copy", other, url)
    texts += run("report", "--store", url.replace("127.0.0.1", "127.0.0.1:1"), code=2)
    rows = server.run("SELECT record FROM edgeship.sessions", name)
    texts += [str(row) for row in rows]
    for text in texts:
        assert secret not in text
        assert PASSWORD not in text
    with Store(url) as one, Store(other) as copied:
        assert len(one.sessions()) == 2
        assert one.sessions() == copied.sessions()


def test_the_same_history_comes_of_both(url: str, path: Path) -> None:
    for place in (url, str(path)):
        with Store(place) as store:
            save(store, session("20261120-090000-aaaa", medians=(2e6,), labels=("net_int8",)))
            slow = session("20261122-090000-cccc", medians=(2.4e6,), labels=("net_int8",), seed=1)
            save(store, slow)
    of_both = [run("history", "--store", place, "--json", code=3)[0] for place in (url, path)]
    assert of_both[0] == of_both[1]
    assert json.loads(of_both[0])["series"][0]["regressed"]


@pytest.mark.parametrize(
    "place", ["postgresql://bench:geheim@127.0.0.1:1/farm", "mysql://a:geheim@b/c"]
)
def test_a_store_that_cannot_be_used_is_found_before_anything_is_measured(
    phone,  # noqa: F811
    files,  # noqa: F811
    place: str,
) -> None:
    out, err = run("run", *files, "--device", "adb", "--store", place, code=2)
    assert out == ""
    assert err.startswith("error: ")
    assert "geheim" not in err
    assert phone.jobs == []


def test_copying_says_what_it_did(path: Path, url: str) -> None:
    with Store(path) as store:
        save(store, session())
    out, _ = run("store", "copy", path, url)
    assert out.endswith(": 1 session with 30 rounds copied.\n")
    out, _ = run("store", "copy", path, url)
    assert out.endswith(": 0 sessions with 0 rounds copied; 1 were there.\n")
    _, err = run("store", "copy", path, path, code=2)
    assert "named twice" in err
    _, err = run("store", "copy", path.with_name("none.sqlite"), url, code=2)
    assert "There is no store" in err
    assert not path.with_name("none.sqlite").exists()
