"""Whole sessions with the app on phones of a few lines: what the user sees, and what is kept."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.devices import find as devices
from _edgeship.device_bench.devices import system
from _edgeship.device_bench.measurement import bench
from _edgeship.device_bench.measurement.host import run_on_host
from _edgeship.device_bench.processes.base import Completed, DeviceGone
from _edgeship.device_bench.store.store import Store
from tests.device_bench.measurement.fakes import cool
from tests.device_bench.runners.scripted_phone import (
    APP,
    APP_END,
    INSIDE,
    PACKAGE,
    REPORT,
    ScriptedPhone,
    apk,
    lines,
)
from tests.device_bench.small_files import chain


class Phones:
    """Phones by their selectors, and the commands on them.

    Attributes:
        all: Selector -> phone.
        store: The file that keeps the results.
    """

    def __init__(self, folder: Path) -> None:
        self.all = {name: ScriptedPhone() for name in ("adb:ONE", "adb:TWO")}
        self.store = folder / "s.sqlite"
        self._file = folder / "net.tflite"
        self._file.write_bytes(chain())
        self._apk = apk(folder / "a.apk")
        outputs = [values.tobytes() for values in run_on_host(chain(), "cpu").outputs]
        sizes = {**INSIDE[-1], "outputs": [len(data) for data in outputs]}
        for name, phone in self.all.items():
            phone.selector = name
            phone.outputs = b"".join(outputs)
            phone.report = lines(APP, *INSIDE[:-1], sizes, APP_END)

    def run(self, *selectors: str, code: int = 0, options: tuple[str, ...] = ()) -> tuple[str, str]:
        """Return stdout and stderr of four rounds on some of them, after the exit code."""
        words = ["run", str(self._file), "--runner", f"app:{self._apk}", "--rounds", "4", *options]
        words += ["--store", str(self.store)]
        for selector in selectors:
            words += ["--device", selector]
        result = CliRunner().invoke(app, words, prog_name=PROGRAM)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.stdout, result.stderr

    def kept(self) -> dict[str, list[int]]:
        """Selector -> numbers of the rounds that the store has."""
        with Store(self.store) as store:
            return {
                one.device.selector: [r.number for r in one.measurements[0].rounds]
                for one in store.sessions()
            }

    def are_clean(self) -> bool:
        """Whether nothing of a session runs or lies on any phone."""
        return all(
            not phone.running and phone.there == [] and phone.files == {}
            for phone in self.all.values()
        )


@pytest.fixture
def phones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Phones:
    made = Phones(tmp_path)
    monkeypatch.setattr(devices, "find", lambda selector: made.all[selector])
    monkeypatch.setattr(system, "read_conditions", lambda device: cool())
    monkeypatch.setattr(bench, "_POLL", 0.001)
    return made


def on_run(phone: ScriptedPhone, number: int, act: Callable[[list[str]], Completed]) -> None:
    """Let something else happen when the report of a run is read; the first is the check."""
    numbers = itertools.count()

    def read(words: list[str]) -> Completed:
        if words[3].endswith("/report") and next(numbers) == number:
            return act(words)
        return phone.does(words)

    phone.answers["content read"] = read


def test_two_phones_at_once_each_get_the_app(phones: Phones) -> None:
    out, err = phones.run("adb:ONE", "adb:TWO", options=("--json",))
    assert phones.kept() == {"adb:ONE": [0, 1, 2, 3], "adb:TWO": [0, 1, 2, 3]}
    for session in json.loads(out)["sessions"]:
        assert session["measurements"][0]["parity"]["identical"] is True
    for phone in phones.all.values():
        assert len(phone.did("pm install")) == 1
        assert len(phone.did("am start")) == 5
    assert phones.are_clean()
    assert err == ""


def test_the_terminal_says_what_android_granted(phones: Phones) -> None:
    out, _ = phones.run("adb:ONE")
    assert "; app, cpu, 1 thread" in out
    assert "the app: version 0.2.0, in front, cores 0-7, sustained performance mode off" in out
    assert "warning: In 4 of 4 rounds Android told the app that the phone was warm" in out
    assert "as on the host" in out


def test_one_that_refuses_the_app_does_not_stop_the_other(phones: Phones) -> None:
    refused = Completed(1, "Failure [INSTALL_FAILED_USER_RESTRICTED: Install canceled by user]", "")
    phones.all["adb:ONE"].answers["pm install"] = refused
    _, err = phones.run("adb:ONE", "adb:TWO", code=5)
    assert "The phone does not install the app." in err
    assert "adb:ONE" in err
    assert "Install via USB" in err
    assert phones.kept() == {"adb:ONE": [], "adb:TWO": [0, 1, 2, 3]}
    assert phones.are_clean()


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (lines(APP), "The app was ended while it measured"),
        (lines(APP, {"event": "error", "what": "The app lost the front."}), "did not measure"),
        ("garbage\n", "report is malformed"),
    ],
)
def test_what_was_measured_before_the_app_failed_is_kept(
    phones: Phones, report: str, words: str
) -> None:
    phone = phones.all["adb:ONE"]

    def fail(_: list[str]) -> Completed:
        phone.answers["content read"] = Completed(0, report, "")
        return Completed(0, report, "")

    on_run(phone, 3, fail)
    out, err = phones.run("adb:ONE", code=5)
    assert words in err
    assert "cut short; finished rounds of each file: 2" in out
    assert phones.kept() == {"adb:ONE": [0, 1]}
    assert phones.are_clean()


def test_a_phone_that_comes_back_is_measured_to_the_end(phones: Phones) -> None:
    phone = phones.all["adb:ONE"]

    def unplug(_: list[str]) -> Completed:
        raise DeviceGone("The phone does not answer.")

    on_run(phone, 2, unplug)
    _, err = phones.run("adb:ONE")
    assert "to come back" in err
    assert phones.kept() == {"adb:ONE": [0, 1, 2, 3]}
    assert len(phone.did("am start")) == 6
    assert phones.are_clean()


def test_an_update_in_the_middle_is_noticed_when_the_phone_is_back(phones: Phones) -> None:
    phone = phones.all["adb:ONE"]

    def replace(_: list[str]) -> Completed:
        phone.installed = b"another app of that name"
        raise DeviceGone("The phone does not answer.")

    on_run(phone, 2, replace)
    phones.run("adb:ONE")
    assert len(phone.did("pm install")) == 2


def test_it_is_uninstalled_by_flag_also_after_an_error(phones: Phones) -> None:
    phone = phones.all["adb:ONE"]
    phones.run("adb:ONE", options=("--uninstall-app",))
    assert phone.installed is None
    on_run(phone, 1, lambda words: Completed(0, REPORT[:200], ""))
    phone.report = REPORT[:200]
    phones.run("adb:ONE", options=("--uninstall-app",), code=5)
    assert phone.installed is None
    assert phone.did(f"pm uninstall {PACKAGE}") == [f"pm uninstall {PACKAGE}"] * 2


def test_ctrl_c_stops_the_app(phones: Phones) -> None:
    phone = phones.all["adb:ONE"]

    def press(_: list[str]) -> Completed:
        assert phone.running
        raise KeyboardInterrupt

    on_run(phone, 3, press)
    out, _ = phones.run("adb:ONE", code=130)
    assert "finished rounds of each file: 2" in out
    assert phones.are_clean()
