"""`app install` and `app uninstall`, on phones of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.devices import find as devices
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.processes.base import Completed, Device
from tests.device_bench.runners.scripted_phone import ScriptedPhone, apk


@pytest.fixture
def phones(monkeypatch) -> dict[str, ScriptedPhone]:
    """Two phones, adb:A and adb:B."""
    made = {}
    for name in ("adb:A", "adb:B"):
        made[name] = ScriptedPhone()
        made[name].selector = name

    def find(selector: str) -> Device:
        return made[selector] if selector in made else LocalDevice()

    monkeypatch.setattr(devices, "find", find)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return apk(tmp_path / "a.apk", arm64v8a=b"a library")


def run(*words: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["app", *map(str, words)], prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


def test_it_is_installed_on_each_phone_that_has_another(phones, file: Path) -> None:
    phones["adb:A"].installed = file.read_bytes()
    phones["adb:B"].installed = b"an older one"
    out, _ = run("install", "--device", "adb:A", "--device", "adb:B", "--apk", file)
    assert out == f"adb:A: has this app already\nadb:B: installed {file}\n"
    assert phones["adb:B"].installed == file.read_bytes()
    assert phones["adb:A"].did("pm install") == []
    assert all(phone.files == {} for phone in phones.values())


def test_an_app_without_litert_is_told_of(phones, tmp_path: Path) -> None:
    out, _ = run("install", "--device", "adb:A", "--apk", apk(tmp_path / "b.apk"))
    assert "There is no LiteRT in it" in out
    assert "app build --litert" in out


def test_a_phone_that_refuses_ends_in_a_message(phones, file: Path) -> None:
    refused = Completed(1, "", "Failure [INSTALL_FAILED_USER_RESTRICTED: no]")
    phones["adb:A"].answers["pm install"] = refused
    _, err = run("install", "--device", "adb:A", "--apk", file, code=5)
    assert "INSTALL_FAILED_USER_RESTRICTED" in err and "do:" in err
    assert phones["adb:A"].files == {}


def test_what_is_no_app_and_no_phone(phones, file: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no app")
    assert "is no app" in run("install", "--device", "adb:A", "--apk", tmp_path / "text", code=2)[1]
    assert "needs a phone" in run("install", "--device", "local", "--apk", file, code=5)[1]
    assert "needs a phone" in run("uninstall", "--device", "local", code=5)[1]


def test_it_is_uninstalled_where_it_is(phones) -> None:
    phones["adb:A"].installed = b"app"
    out, _ = run("uninstall", "--device", "adb:A", "--device", "adb:B")
    assert out == "adb:A: uninstalled the app\nadb:B: does not have the app\n"
    assert phones["adb:A"].installed is None
    assert phones["adb:B"].did("pm uninstall") == []
