import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.store.store import Store
from tests.device_bench.synthetic import VIRTUAL, session

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

OLD, MIDDLE, NEW = "20261120-090000-aaaa", "20261121-090000-bbbb", "20261122-090000-cccc"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with two sessions of a phone, the later 20 % slower, and one of instructions."""
    path = tmp_path / "store.sqlite"
    whole = [
        session(OLD, medians=(2e6,), labels=("net_int8",), rounds=8),
        session(MIDDLE, VIRTUAL, (41e6,), labels=("net_int8",), rounds=2, runs=1),
        session(NEW, medians=(2.4e6,), labels=("net_int8",), rounds=8, seed=1),
    ]
    with Store(path) as opened:
        for one in whole:
            opened.begin(one)
            opened.finish(one.id, complete=True)
    return path


def _run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m device_bench ARGUMENTS`, its exit code checked."""
    result = CliRunner().invoke(app, [str(word) for word in arguments], prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


@pytest.mark.parametrize("suffix", [".html", ".md", ".csv", ".json"])
def test_report_writes_every_kind_of_file(store: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / "new folder" / f"report{suffix}"
    stdout, _ = _run("report", "--store", store, "--out", out)
    assert stdout.startswith(f"{out}: 3 sessions, ")
    text = out.read_text()
    assert all(name in text for name in (OLD, MIDDLE, NEW))
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_report_takes_sessions_a_device_or_the_newest(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"

    def reported(*arguments: object) -> list[str]:
        _run("report", *arguments, "--store", store, "--out", out)
        return [one["id"] for one in json.loads(out.read_text())["sessions"]]

    assert reported(NEW, OLD) == [OLD, NEW]
    assert reported("--device", "virtual") == [MIDDLE]
    assert reported("--last", 2) == [MIDDLE, NEW]


def test_report_says_what_it_left_out(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.md"
    _run("report", "--last", 1, "--store", store, "--out", out)
    assert "1 session of" in out.read_text()
    assert "2 older ones are left out" in out.read_text()


def test_report_has_the_history(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.md"
    _run("report", "--store", store, "--out", out)
    assert "REGRESSION" in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "report.pdf"), "end its name in one of .html, .md, .csv, .json"),
        (("20200101-000000-0000",), "There is no session"),
        (("--device", "ssh:none"), "has no sessions on ssh:none"),
        (("--last", "0"), "Invalid value"),
    ],
)
def test_bad_input_is_one_message(
    store: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "report.html"
    stdout, stderr = _run("report", "--store", store, "--out", out, *arguments, code=2)
    assert stdout == ""
    assert message in stderr
    assert not out.exists()


def test_report_does_not_write_over_a_folder(store: Path, tmp_path: Path) -> None:
    (tmp_path / "x.html").mkdir()
    _, stderr = _run("report", "--store", store, "--out", tmp_path / "x.html", code=2)
    assert "is a folder" in stderr


@pytest.mark.parametrize("command", ["report", "history"])
def test_a_missing_store_is_named_and_not_made(command: str, tmp_path: Path) -> None:
    _, stderr = _run(command, "--store", tmp_path / "none.sqlite", code=2)
    assert "There is no store" in stderr
    assert not list(tmp_path.iterdir())


def test_history_flags_a_regression_with_its_exit_code(store: Path) -> None:
    stdout, _ = _run("history", "net", "--store", store, code=3)
    assert "REGRESSION" in stdout
    assert stdout.index(OLD) < stdout.index(NEW)


def test_history_within_the_tolerance_is_no_regression(store: Path) -> None:
    stdout, _ = _run("history", "net", "--store", store, "--tolerance", 50)
    assert "slower" in stdout
    assert "REGRESSION" not in stdout


def test_history_remembers_the_baseline(store: Path) -> None:
    phone = ("--device", "adb:R5CT1234", "--store", store)
    _run("history", *phone, code=3)
    stdout, _ = _run("history", *phone, "--baseline", NEW)
    assert "faster" in stdout
    stdout, _ = _run("history", *phone)
    assert "faster" in stdout


def test_history_as_json(store: Path) -> None:
    stdout, _ = _run("history", "net_int8", "--store", store, "--json", code=3)
    by_unit = {one["unit"]: one for one in json.loads(stdout)["series"]}
    assert set(by_unit) == {"ns", "instructions"}
    assert by_unit["ns"]["regressed"]
    assert by_unit["ns"]["baseline"] == OLD
    first, second = by_unit["ns"]["entries"]
    assert (first["verdict"], second["verdict"]) == ("baseline", "REGRESSION")
    assert first["comparison"] is None
    assert 1.1 < second["comparison"]["low"] < 1.2 < second["comparison"]["high"] < 1.3


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_history_is_written_as_a_page(store: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"history{suffix}"
    stdout, _ = _run("history", "--store", store, "--out", out, code=3)
    assert f"Written: {out}" in stdout
    text = out.read_text()
    assert OLD in text
    assert NEW in text
    assert "REGRESSION" in text
    assert ("<svg" in text) == (suffix == ".html")
    _, stderr = _run("history", "--store", store, "--out", tmp_path / "x.csv", code=2)
    assert "end its name in .html or .md" in stderr


def test_history_since_a_day_keeps_to_the_remembered_baseline(store: Path) -> None:
    phone = ("--device", "adb:R5CT1234", "--store", store)
    late = (*phone, "--since", "2026-11-22")
    stdout, _ = _run("history", *late)
    assert OLD not in stdout
    assert "baseline" in stdout
    _run("history", *phone, "--baseline", OLD, code=3)
    stdout, _ = _run("history", *late, code=3)
    assert OLD not in stdout
    assert "REGRESSION" in stdout
    _, stderr = _run("history", *phone, "--since", "2026-11-23", code=2)
    assert "has no session on adb:R5CT1234 since 2026-11-23" in stderr
    _run("history", *phone, "--since", "yesterday", code=2)


def test_history_of_many_sessions_shows_those_that_matter(tmp_path: Path) -> None:
    path = tmp_path / "many.sqlite"
    with Store(path) as opened:
        for day in range(1, 26):
            median = 2.4e6 if 10 <= day < 15 else 2e6
            name = f"202611{day:02d}-090000-aaaa"
            one = session(name, medians=(median,), labels=("net_int8",), rounds=8, seed=1)
            opened.begin(one)
            opened.finish(one.id, complete=True)
    stdout, _ = _run("history", "--store", path)
    shown = [day for day in range(1, 26) if f"202611{day:02d}-090000-aaaa" in stdout]
    assert shown == [1, 10, 15, 21, 22, 23, 24, 25]
    assert "17 more in between" in stdout
    assert f"trend {'▁' * 9}{'█' * 5}{'▁' * 11}\n" in stdout
    assert "no difference shown since 2026-11-15" in stdout


def test_history_of_one_session_says_what_to_do(store: Path) -> None:
    stdout, _ = _run("history", "--device", "virtual", "--store", store)
    assert "nothing to compare yet" in stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("unknown",), "has no session with unknown"),
        (("net", "--baseline", "20200101-000000-0000"), "nothing of this to compare with"),
        (("--tolerance", "-1"), "Invalid value"),
    ],
)
def test_bad_input_of_history_is_one_message(
    store: Path, arguments: tuple[str, ...], message: str
) -> None:
    stdout, stderr = _run("history", "--store", store, *arguments, code=2)
    assert stdout == ""
    assert message in stderr


def test_history_needs_neither_matplotlib_nor_jinja(store: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner;"
        "from _edgeship.device_bench.commands.cli import app;"
        f"result = CliRunner().invoke(app, ['history', '--store', {str(store)!r}]);"
        "print(result.exit_code, *({'matplotlib', 'jinja2', 'torch'} & set(sys.modules)))"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "3\n"  # it ran: the store has a regression


def test_history_of_too_many_rounds_is_refused_before_it_begins(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("_edgeship.device_bench.commands.history.MOST_ROUNDS", 17)
    _, stderr = _run("history", "--store", store, code=2)
    assert "a history of 18 rounds, and 17 is the most" in stderr
    _run("history", "--store", store, "--since", "2026-11-21")
