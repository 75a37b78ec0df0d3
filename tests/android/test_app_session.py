"""Whole sessions of the command line with the app on virtual phones, through the real adb."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.app.project import PACKAGE
from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.store.store import Store
from tests.device_bench import small_files
from tests.phone.phone import Phone
from tests.phone.server import AdbServer
from tests.phone.with_apps import make_apps

pytestmark = [pytest.mark.slow, small_files.needs_virtual]

SHORT = ("--rounds", "1", "--runs", "2", "--seconds", "0", "--warmup", "0")


def _run(*words: object) -> str:
    """Return the output of `python -m device_bench WORDS`, which must end well."""
    result = CliRunner().invoke(app, [str(word) for word in words], prog_name=PROGRAM)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    a, b = tmp_path / "float.tflite", tmp_path / "int8.tflite"
    a.write_bytes(small_files.chain())
    b.write_bytes(small_files.chain("int8"))
    return a, b


@pytest.fixture
def second_phone(app_phone: Phone, adb_server: AdbServer) -> Iterator[Phone]:
    with Phone(make_apps) as phone:
        adb_server.run("connect", phone.serial)
        yield phone
        adb_server.run("disconnect", phone.serial)


def _is_clean(phone: Phone) -> bool:
    return phone.processes() == [] and list(phone.path("/data/local/tmp").iterdir()) == []


def test_two_phones_at_once(app_phone, second_phone, apk, files, tmp_path):
    store = tmp_path / "own.sqlite"
    phones = (app_phone, second_phone)
    where = [word for phone in phones for word in ("--device", f"adb:{phone.serial}")]

    _run("run", *files, "--runner", f"app:{apk}", *where, *SHORT, "--store", store)

    with Store(store) as kept:
        sessions = kept.sessions()
    assert {session.device.selector for session in sessions} == {
        f"adb:{phone.serial}" for phone in phones
    }
    for session in sessions:
        assert session.complete
        assert [each.parity.identical for each in session.measurements] == [True, True]
        [one], [two] = (each.rounds for each in session.measurements)
        assert one.process.runner == two.process.runner == "app"
    assert all(_is_clean(phone) for phone in phones)
    assert all(PACKAGE in phone.apps.installed() for phone in phones)


def test_both_runners_are_compared_on_one_phone(app_phone, apk, files, tmp_path):
    store = tmp_path / "own.sqlite"

    printed = _run(
        *("compare", files[0], "--runner", f"native,app:{apk}"),
        *("--device", f"adb:{app_phone.serial}", "--uninstall-app", "--json", "--store", store),
        *("--rounds", "2", "--runs", "2", "--seconds", "0", "--warmup", "0"),
    )

    assert "native" in printed
    json.loads(printed)
    with Store(store) as kept:
        [session] = kept.sessions()
    runners = {one.process.runner for each in session.measurements for one in each.rounds}
    assert runners == {"native", "app"}
    assert _is_clean(app_phone)
    assert app_phone.apps.installed() == {}
