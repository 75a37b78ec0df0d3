"""AdbDevice through the real adb server to a virtual phone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from _edgeship.device_bench.devices import adb_server as ours
from _edgeship.device_bench.devices import adb_sync
from _edgeship.device_bench.devices.adb import AdbDevice, find_phone
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import DeviceFull, DeviceGone, DeviceTimeout
from _edgeship.device_bench.processes.running import MAX_OUTPUT_BYTES
from _edgeship.errors import DeviceError, InputError
from tests.phone.phone import Phone

pytestmark = pytest.mark.slow

NASTY = """ ; rm -rf * 'single' "double" $HOME `id` \\ ä \t\n*"""


@pytest.fixture
def device(phone) -> AdbDevice:
    return AdbDevice(phone.serial)


def test_it_names_itself(device, phone):
    assert device.selector == f"adb:{phone.serial}"
    assert (device.unit, device.base) == ("ns", "/data/local/tmp")


def test_a_program_gives_its_code_output_and_errors(device):
    done = device.run(["sh", "-c", "echo out; echo err >&2; exit 42"], timeout=30)

    assert (done.code, done.out, done.err) == (42, "out\n", "err\n")


def test_a_killed_program_has_128_more_than_the_signal(device):
    assert device.run(["sh", "-c", "kill -SEGV $$"], timeout=30).code == 139


def test_words_reach_the_program_as_they_are(device):
    assert device.run(["printf", "%s|", NASTY, ""], timeout=30).out == f"{NASTY}||"


def test_programs_find_no_input(device):
    assert device.run(["cat"], timeout=30).out == ""


def test_lines_come_while_the_program_runs(device):
    # The program waits for what only its first line brings about.
    go = "/data/local/tmp/go"
    script = f'echo first; until [ -f "{go}" ]; do sleep 0.05; done; printf "second\\nrest"'
    lines = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line == "first":
            device.run(["touch", go], timeout=30)

    device.run(["sh", "-c", script], timeout=30, on_line=on_line)

    assert lines == ["first", "second", "rest"]


def test_an_exception_of_the_listener_passes_through(device, phone):
    def on_line(line: str) -> None:
        # A shell that is just becoming a program loses the SIGHUP about once in fifty times.
        _wait_until(lambda: "/system/bin/sleep 321" in phone.processes())
        raise BrokenPipeError(line)

    with pytest.raises(BrokenPipeError, match="first"):
        device.run(["sh", "-c", "echo first; exec sleep 321"], timeout=60, on_line=on_line)

    _wait_until(lambda: phone.processes() == [])


def test_bytes_that_are_no_text_are_replaced(device):
    assert device.run(["printf", "a\\377b"], timeout=30).out == "a\ufffdb"


def test_a_timeout_ends_the_program_too(device, phone):
    with pytest.raises(DeviceTimeout, match=r"within 3 s"):
        device.run(["sleep", "321"], timeout=3)  # a shell that is becoming it loses the SIGHUP

    _wait_until(lambda: phone.processes() == [])


def test_endless_output_is_given_up(device, phone):
    with pytest.raises(DeviceError, match=f"more than {MAX_OUTPUT_BYTES >> 20} MiB"):
        device.run(["cat", "/dev/zero"], timeout=120)

    _wait_until(lambda: phone.processes() == [])


def test_a_command_that_is_too_long_is_refused(device):
    with pytest.raises(DeviceError, match="of 70018 bytes"):
        device.run(["echo", "x" * 70_000], timeout=30)


def test_a_word_with_a_zero_byte_is_refused(device):
    with pytest.raises(DeviceError, match="cannot be sent"):
        device.run(["echo", "a\0b"], timeout=30)


def test_files_go_there_and_back(device, phone, tmp_path):
    content = os.urandom(1_000_001)
    (tmp_path / "sent").write_bytes(content)
    remote = f"/data/local/tmp/{NASTY.replace('/', '')}"

    device.push(tmp_path / "sent", remote)
    device.pull(remote, tmp_path / "back")

    assert (tmp_path / "back").read_bytes() == content
    assert phone.path(remote).stat().st_mode & 0o777 == 0o755


def test_a_file_that_is_not_there_cannot_be_pulled(device, tmp_path):
    with pytest.raises(DeviceError, match="nothing cannot be read") as caught:
        device.pull("/data/local/tmp/nothing", tmp_path / "back")

    assert not isinstance(caught.value, DeviceGone)
    assert "No such file or directory" in caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_here_cannot_be_pulled_into(device, phone, tmp_path):
    phone.path("/data/local/tmp/file").write_text("text")

    with pytest.raises(DeviceError, match="cannot be written"):
        device.pull("/data/local/tmp/file", tmp_path / "nothing/back")


def test_a_file_that_is_not_here_cannot_be_pushed(device, phone, tmp_path):
    with pytest.raises(DeviceError, match="cannot be read"):
        device.push(tmp_path / "nothing", "/data/local/tmp/nothing")

    assert not phone.path("/data/local/tmp/nothing").exists()


def test_a_full_phone_is_told_from_other_errors(device, phone, tmp_path):
    (tmp_path / "large").write_bytes(bytes(500_000))
    phone.free_bytes = 100_000

    with pytest.raises(DeviceFull) as caught:
        device.push(tmp_path / "large", "/data/local/tmp/large")
    with pytest.raises(DeviceError) as other:
        device.push(tmp_path / "large", "/data/local")

    assert "No space left" in caught.value.why
    assert not phone.path("/data/local/tmp/large").exists()
    assert not isinstance(other.value, DeviceFull)


def test_a_pulled_cable_is_noticed_and_mended(device, phone):
    phone.when_running("sleep 321", phone.unplug)

    with pytest.raises(DeviceGone) as caught:
        device.run(["sleep", "321"], timeout=60)
    with pytest.raises(DeviceGone):
        device.run(["true"], timeout=60)
    phone.plug()

    assert caught.value.where == device.selector
    assert device.run(["echo", "back"], timeout=30).out == "back\n"


def test_a_phone_that_says_nothing_is_gone(device, phone, monkeypatch):
    monkeypatch.setattr(ours, "_ANSWER_S", 1.0)
    phone.freeze()

    with pytest.raises(DeviceGone):
        device.run(["true"], timeout=60)


def test_a_phone_that_stops_within_a_file_is_gone(device, phone, tmp_path, monkeypatch):
    _make_large(tmp_path / "large")
    monkeypatch.setattr(adb_sync, "_STALL_S", 2.0)
    phone.when(phone.path("/data/local/tmp/large").exists, phone.freeze)

    with pytest.raises(DeviceGone, match="does not answer"):
        device.push(tmp_path / "large", "/data/local/tmp/large")


def test_lines_before_a_pulled_cable_have_come(device, phone):
    phone.when_printed(6, phone.unplug)
    lines = []

    with pytest.raises(DeviceGone):
        device.run(
            ["sh", "-c", "echo first; echo second; sleep 30"], timeout=60, on_line=lines.append
        )

    assert lines == ["first"]


def test_a_cable_pulled_within_a_pull_leaves_nothing_here(device, phone, tmp_path):
    _make_large(phone.path("/data/local/tmp/large"))
    phone.when(lambda: any(tmp_path.iterdir()), phone.unplug)

    with pytest.raises(DeviceGone):
        device.pull("/data/local/tmp/large", tmp_path / "back")

    assert list(tmp_path.iterdir()) == []


def test_a_cable_pulled_within_a_push_leaves_nothing_there(device, phone, tmp_path):
    _make_large(tmp_path / "large")
    phone.when(phone.path("/data/local/tmp/large").exists, phone.unplug)

    with pytest.raises(DeviceGone):
        device.push(tmp_path / "large", "/data/local/tmp/large")

    _wait_until(lambda: not phone.path("/data/local/tmp/large").exists())


def test_a_file_without_end_is_given_up(device, phone, tmp_path, monkeypatch):
    phone.path("/data/local/tmp/file").write_bytes(bytes(2_000_000))
    monkeypatch.setattr(adb_sync, "_MAX_FILE_BYTES", 1_000_000)

    with pytest.raises(DeviceError, match="is larger than"):
        device.pull("/data/local/tmp/file", tmp_path / "back")

    assert list(tmp_path.iterdir()) == []


def test_after_a_reboot_files_are_there_and_programs_are_not(device, phone):
    phone.path("/data/local/tmp/kept").write_text("text")
    phone.when_running("sleep 321", phone.reboot)

    with pytest.raises(DeviceGone):
        device.run(["sleep", "321"], timeout=60)

    _wait_until(lambda: _answers(device))
    assert device.run(["cat", "/data/local/tmp/kept"], timeout=30).out == "text"
    assert phone.processes() == []


def test_a_killed_program_is_no_lost_phone(device, phone):
    phone.when_running("sleep 321", lambda: phone.signal("sleep 321", signal.SIGKILL))

    assert device.run(["sleep", "321"], timeout=60).code == 137


def test_an_unauthorized_phone_says_what_to_do(device, phone):
    phone.unauthorize()
    _wait_until(lambda: not _answers(device))

    with pytest.raises(DeviceError, match="cannot be used") as caught:
        AdbDevice(phone.serial)

    assert "unauthorized" in caught.value.why
    assert "Allow USB debugging?" in caught.value.todo
    assert not isinstance(caught.value, DeviceGone)
    assert (
        "Allow USB debugging?" in next(p for p in ours.phones() if p.serial == phone.serial).advice
    )
    phone.authorize()
    _wait_until(lambda: _answers(device))


def test_an_offline_phone_says_what_to_do(phone):
    phone.unplug()
    _wait_until(lambda: ours.state(phone.serial) != "device")  # the server sees it a little later

    with pytest.raises(DeviceError, match="cannot be used") as caught:
        AdbDevice(phone.serial)

    assert "plug it in again" in caught.value.todo


def test_a_phone_without_exit_codes_is_too_old(phone, monkeypatch):
    monkeypatch.setattr(ours, "features", lambda serial: {"cmd"})

    with pytest.raises(DeviceError, match="too old"):
        AdbDevice(phone.serial)


@pytest.mark.parametrize("serial", ["", "a b", "a;b", "x" * 300])
def test_a_word_that_is_no_serial_is_refused(serial):
    with pytest.raises(InputError, match="no serial number"):
        AdbDevice(serial)


def test_a_serial_that_is_not_there(adb_server):
    with pytest.raises(DeviceError, match="NOTHING cannot be used") as caught:
        AdbDevice("NOTHING")

    assert "does not list it" in caught.value.why


def test_the_only_phone_needs_no_serial(phone):
    assert find_phone(None).selector == f"adb:{phone.serial}"


def test_without_a_phone_it_says_how_to_connect_one(adb_server):
    with pytest.raises(DeviceError, match="No phone can be used") as caught:
        find_phone(None)

    assert "USB debugging" in caught.value.todo


def test_several_phones_are_listed(phone, adb_server):
    with Phone() as second:
        adb_server.run("connect", second.serial)
        try:
            with pytest.raises(InputError, match="2 phones") as caught:
                find_phone(None)
            assert find_phone(second.serial).run(["echo", "2"], timeout=30).out == "2\n"
        finally:
            adb_server.run("disconnect", second.serial)

    assert f"--device adb:{phone.serial} (Virtual Phone)" in caught.value.todo
    assert f"--device adb:{second.serial}" in caught.value.todo


def test_a_server_that_was_killed_is_started_again(device, adb_server):
    adb_server.run("kill-server")

    assert device.run(["echo", "again"], timeout=30).out == "again\n"


def test_a_server_that_nobody_can_reach_is_an_error(monkeypatch):
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "1")
    monkeypatch.setenv("ADBUTILS_ADB_PATH", "/nonexistent/adb")

    with pytest.raises(DeviceError, match="adb server") as caught:
        ours.phones()

    assert "apt install adb" in caught.value.todo


def test_a_workspace_is_cleaned_on_a_phone(device, phone, tmp_path):
    (tmp_path / "model").write_text("text")

    with Workspace(device) as workspace:
        path = workspace.put(tmp_path / "model")
        assert workspace.run(["cat", path], timeout=30).out == "text"
        with pytest.raises(DeviceTimeout):
            workspace.run(["sh", "-c", "trap '' HUP; sleep 321; sleep 321"], timeout=3)

    assert list(phone.path("/data/local/tmp").iterdir()) == []
    _wait_until(lambda: phone.processes() == [])


def _make_large(path: Path) -> None:
    """Make a file that takes seconds to copy; it has no blocks, and takes no space."""
    with path.open("wb") as file:
        file.truncate(900_000_000)


def _answers(device: AdbDevice) -> bool:
    try:
        return device.run(["true"], timeout=30).code == 0
    except DeviceGone:
        return False


def _wait_until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
