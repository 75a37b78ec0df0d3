"""`app install` and `app uninstall` on the virtual phone, through the real adb server."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.app.project import PACKAGE
from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.devices.adb import AdbDevice
from _edgeship.device_bench.runners.app_on_phone import installed_digest
from _edgeship.files import sha256_of
from tests.phone.phone import Phone

pytestmark = pytest.mark.slow


def run(*words: object) -> str:
    result = CliRunner().invoke(app, ["app", *map(str, words)], prog_name=PROGRAM)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_app_comes_and_goes(app_phone: Phone, apk: Path) -> None:
    device = AdbDevice(app_phone.serial)
    on_phone = ("--device", device.selector)
    assert f"{device.selector}: installed {apk}" in run("install", *on_phone, "--apk", apk)
    assert installed_digest(device) == sha256_of(apk)
    assert "has this app already" in run("install", *on_phone, "--apk", apk)
    assert "edgeship-" not in device.run(["ls", device.base], timeout=30).out
    assert "uninstalled the app" in run("uninstall", *on_phone)
    assert device.run(["pm", "path", PACKAGE], timeout=30).out == ""
    assert "does not have the app" in run("uninstall", *on_phone)
