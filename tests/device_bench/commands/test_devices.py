"""`python -m device_bench devices`: the list, and what to do about what is not ready."""

from __future__ import annotations

import json

import pytest

from _edgeship.device_bench.commands.devices import devices
from _edgeship.device_bench.devices import adb_server, find
from _edgeship.device_bench.devices.adb_server import Phone
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.errors import DeviceError
from tests.device_bench.devices.answers import Answers
from tests.device_bench.devices.test_system import PIXEL


@pytest.fixture
def connected(monkeypatch) -> list[Phone]:
    """The phones that adb lists; "PIXEL" answers."""
    listed: list[Phone] = []

    def reach(selector: str):
        if selector == "virtual":
            raise DeviceError("The program qemu-aarch64 is missing.", todo="Install qemu-user.")
        return LocalDevice() if selector == "local" else Answers(PIXEL)

    monkeypatch.setattr(adb_server, "phones", lambda: list(listed))
    monkeypatch.setattr(find, "find", reach)
    return listed


def test_a_table_with_states_and_advice(connected: list[Phone], capsys) -> None:
    connected += [
        Phone("PIXEL", "device"),
        Phone("LOCKED", "unauthorized"),
        Phone("LOST", "offline"),
    ]
    devices(as_json=False)
    out = capsys.readouterr().out
    assert "Google Tensor" in out
    assert "1 x 2.85 GHz, 1 x 1.80 GHz" in out
    assert "virtual is not ready. The program qemu-aarch64 is missing. Install qemu-user." in out
    assert "adb:LOCKED is unauthorized. Unlock the phone" in out
    assert "adb:LOST is offline. " in out
    assert "next: python -m device_bench run FILE --device adb:PIXEL" in out


def test_without_a_phone_it_says_how_to_connect_one(connected: list[Phone], capsys) -> None:
    devices(as_json=False)
    out = capsys.readouterr().out
    assert "No phone: switch on USB debugging" in out
    assert "run FILE --device local" in out


def test_json_has_all_that_is_known(connected: list[Phone], capsys) -> None:
    connected += [Phone("PIXEL", "device"), Phone("LOCKED", "unauthorized")]
    devices(as_json=True)
    listed = json.loads(capsys.readouterr().out)["devices"]
    assert [(one["selector"], one["state"]) for one in listed] == [
        ("local", "ready"),
        ("virtual", "not ready"),
        ("adb:PIXEL", "ready"),
        ("adb:LOCKED", "unauthorized"),
    ]
    assert listed[2]["properties"]["cores"][1]["max_mhz"] == 2850
    assert listed[3]["properties"] is None
    assert listed[3]["todo"]


def test_without_adb_the_rest_is_listed(connected: list[Phone], monkeypatch, capsys) -> None:
    def missing() -> list[Phone]:
        raise DeviceError("The adb server does not answer.", todo="Install adb.")

    monkeypatch.setattr(adb_server, "phones", missing)
    devices(as_json=False)
    out = capsys.readouterr().out
    assert "local" in out
    assert "adb is not ready. The adb server does not answer. Install adb." in out


def test_a_phone_that_goes_away_meanwhile_is_one_line(
    connected: list[Phone], monkeypatch, capsys
) -> None:
    def gone(selector: str):
        raise DeviceError(f"{selector} does not answer.", todo="Plug it in again.")

    connected.append(Phone("\x1b[2JPIXEL", "device"))
    monkeypatch.setattr(find, "find", gone)
    devices(as_json=False)
    out = capsys.readouterr().out
    assert "PIXEL does not answer. Plug it in again." in out
    assert "\x1b" not in out
    assert "next:" not in out
