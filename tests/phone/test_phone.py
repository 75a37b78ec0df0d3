"""The virtual phone against the real adb program: what it answers is what a phone answers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.phone import root, wire
from tests.phone.phone import Phone
from tests.phone.server import AdbServer

pytestmark = pytest.mark.slow


def _eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def adb(phone: Phone, adb_server: AdbServer) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return adb_server.run("-s", phone.serial, *words, stdin=stdin)

    return run


def test_adb_lists_it(phone, adb_server):
    listing = adb_server.run("devices", "-l").stdout

    [line] = [line for line in listing.splitlines() if line.startswith(phone.serial)]
    assert line.split()[1:5] == [
        "device",
        "product:virtual_phone",
        "model:Virtual_Phone",
        "device:virtual",
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137), ("kill -SEGV $$", 139)],
)
def test_exit_codes_come_back(adb, command, code):
    assert adb("shell", command).returncode == code


def test_output_and_errors_are_kept_apart(adb):
    done = adb("shell", "echo out; echo err >&2")

    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_exec_out_sends_bytes_as_they_are(adb):
    assert adb("exec-out", "printf 'a\\r\\nb'").stdout == "a\nb"  # text=True reads \r\n as \n


def test_programs_read_what_is_typed(adb):
    assert adb("shell", "cat", stdin="two\nlines\n").stdout == "two\nlines\n"


def test_programs_are_arm64_and_see_an_arm_processor(adb, phone):
    told = adb("shell", "uname -m; cat /proc/cpuinfo").stdout

    assert told.startswith("aarch64\n")
    assert told.count("CPU part\t: 0xd05") == len(root.little_cores())
    assert told.count("CPU part\t: 0xd0b") == len(root.core_numbers()) - len(root.little_cores())
    assert phone.path("/system/bin/mksh").read_bytes()[18:20] == b"\xb7\x00"  # EM_AARCH64


def test_it_has_no_loader_of_a_linux_computer(adb):
    assert adb("shell", "ls /lib/ld-linux-aarch64.so.1").returncode == 1


def test_it_tells_what_android_tells(adb):
    asked = "getprop ro.build.version.sdk; getprop; dumpsys battery; dumpsys thermalservice"

    told = adb("shell", asked).stdout

    assert told.startswith("35\n[ro.product.manufacturer]: [edgeship]\n")
    assert "\n  level: 87\n" in told
    assert "\nThermal Status: 0\n" in told


def test_every_core_has_frequencies_and_takes_a_program(adb):
    for core in root.core_numbers():
        folder = f"/sys/devices/system/cpu/cpu{core}/cpufreq"
        told = adb("shell", f"cat {folder}/cpuinfo_max_freq; taskset {1 << core:x} nproc").stdout
        assert told.split() == [
            str(root.LITTLE_KHZ if core in root.little_cores() else root.BIG_KHZ),
            "1",
        ]


def test_files_go_there_and_back(adb, phone, tmp_path):
    content = os.urandom(3_000_001)
    (tmp_path / "sent").write_bytes(content)
    remote = "/data/local/tmp/new folder/it's"

    assert adb("push", str(tmp_path / "sent"), remote).returncode == 0
    assert adb("pull", remote, str(tmp_path / "back")).returncode == 0

    assert (tmp_path / "back").read_bytes() == content
    assert phone.path(remote).read_bytes() == content


def test_folders_go_there_and_back(adb, tmp_path):
    for name in ("a", "b/c", "b/d"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(name)

    assert adb("push", "--sync", str(tmp_path / "tree"), "/data/local/tmp/").returncode == 0
    again = adb("push", "--sync", str(tmp_path / "tree"), "/data/local/tmp/").stdout
    assert adb("pull", "/data/local/tmp/tree", str(tmp_path / "back")).returncode == 0

    assert "3 files skipped" in again or "0 files pushed" in again
    assert (tmp_path / "back/b/d").read_text() == "b/d"


def test_a_file_that_is_not_there_is_an_error(adb, tmp_path):
    done = adb("pull", "/data/local/tmp/nothing", str(tmp_path))

    assert done.returncode == 1
    assert "No such file or directory" in done.stdout + done.stderr


def test_a_full_phone_takes_no_part_of_a_file(adb, phone, tmp_path):
    (tmp_path / "large").write_bytes(bytes(200_000))
    phone.free_bytes = 100_000

    done = adb("push", str(tmp_path / "large"), "/data/local/tmp/large")

    assert done.returncode == 1
    assert "No space left on device" in done.stdout + done.stderr
    assert not phone.path("/data/local/tmp/large").exists()


def test_paths_cannot_leave_the_phone(adb, phone, tmp_path):
    (tmp_path / "sent").write_text("text")

    adb("push", str(tmp_path / "sent"), "/data/../../../../data/local/tmp/sent")

    assert phone.path("/data/local/tmp/sent").read_text() == "text"


def test_a_program_gets_sighup_when_its_client_is_killed(phone, adb_server):
    client = subprocess.Popen(  # noqa: S603
        ["adb", "-s", phone.serial, "shell", "exec sleep 321"],  # noqa: S607
        env={**os.environ, **adb_server.environment},
    )
    # A shell that is just becoming a program loses the signal.
    assert _eventually(lambda: "/system/bin/sleep 321" in phone.processes())

    client.kill()
    client.wait()

    assert _eventually(lambda: phone.processes() == [])


def test_orphans_are_collected(adb, phone):
    adb("shell", "(sleep 0.2 </dev/null >/dev/null 2>&1 &)")

    assert _eventually(lambda: phone.processes() == [])


def test_an_unauthorized_phone_comes_in_after_the_question_is_accepted(phone, adb_server):
    def state() -> str:
        listing = dict(
            line.split("\t")
            for line in adb_server.run("devices").stdout.splitlines()
            if "\t" in line
        )
        return listing.get(phone.serial, "")

    phone.unauthorize()
    adb_server.run("disconnect", phone.serial)
    assert "failed to authenticate" in adb_server.run("connect", phone.serial).stdout
    assert state() == "unauthorized"

    phone.authorize()

    assert _eventually(lambda: state() == "device")


def test_without_its_cable_it_is_offline(phone, adb_server):
    phone.unplug()

    assert _eventually(lambda: f"{phone.serial}\toffline" in adb_server.run("devices").stdout)


def test_a_reboot_ends_all_programs_and_keeps_files(phone, adb, adb_server):
    phone.path("/data/local/tmp/kept").write_text("text")
    before = adb("shell", "cat /proc/sys/kernel/random/boot_id").stdout
    phone.when_running("sleep 321", phone.reboot)

    adb("shell", "sleep 321")

    assert _eventually(lambda: "connected to" in adb_server.run("connect", phone.serial).stdout)
    adb_server.run("disconnect", phone.serial)
    adb_server.run("connect", phone.serial)
    after = adb("shell", "cat /proc/sys/kernel/random/boot_id").stdout
    assert after != before
    assert len(after) == len(before) == 37
    assert phone.processes() == []
    assert adb("shell", "cat /data/local/tmp/kept").stdout == "text"


def test_a_cable_can_be_pulled_in_the_middle_of_an_output(phone, adb):
    phone.when_printed(10, phone.unplug)

    assert adb("shell", "echo 0123456789abcdef; sleep 30").stdout == "0123456789"


def test_programs_can_be_killed_from_outside(phone, adb):
    phone.when_running("sleep 321", lambda: phone.signal("sleep 321", signal.SIGKILL))

    assert adb("shell", "exec sleep 321").returncode == 137


def test_heat_lowers_the_big_cores_only(phone, adb):
    phone.throttle()

    big = root.core_numbers()[-1]
    folder = f"/sys/devices/system/cpu/cpu{big}/cpufreq"
    told = adb(
        "shell",
        f"cat {folder}/cpuinfo_max_freq {folder}/scaling_max_freq "
        "/sys/class/thermal/thermal_zone1/temp; dumpsys thermalservice",
    ).stdout
    assert told.split()[:3] == [str(root.BIG_KHZ), str(root.THROTTLED_KHZ), "68000"]
    assert "Thermal Status: 3" in told


def test_output_can_be_rewritten(phone, adb):
    phone.rewrite_output("echo", lambda data: data[:2] + b"!")

    assert adb("shell", "echo text").stdout == "te!"
    assert adb("shell", "printf other").stdout == "other"


def test_nothing_is_left_of_a_phone(adb_server):
    with Phone() as phone:
        adb_server.run("connect", phone.serial)
        adb_server.run("-s", phone.serial, "shell", "sleep 321 </dev/null >/dev/null 2>&1 &")
        folder = phone.root.parent
        port = int(phone.serial.rpartition(":")[2])
        assert any("sleep 321" in words for words in phone.processes())
        [shown] = [n for n, words in _host_processes().items() if "sleep 321" in words]

    assert not folder.exists()
    assert shown not in _host_processes()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    adb_server.run("disconnect", phone.serial)


def test_a_phone_ends_with_who_runs_it(phone, tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-m", "tests.phone"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout.readline().startswith("adb connect 127.0.0.1:")
        [first] = [
            n
            for n, words in _host_processes().items()
            if str(tmp_path) in words and "unshare" in words
        ]
        owner.kill()

    assert _eventually(lambda: first not in _host_processes())


def _host_processes() -> dict[int, str]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
    return found


def _received(data: bytes) -> wire.Message:
    async def receive() -> wire.Message:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await wire.receive(reader)

    return asyncio.run(receive())


def test_a_message_survives_the_wire():
    message = wire.Message(wire.WRTE, 7, 9, b"data")

    assert _received(message.encode()) == message


def test_a_header_is_laid_out_as_adb_has_it():
    encoded = wire.Message(wire.CNXN, wire.VERSION, wire.MAX_DATA, b"ab").encode()

    assert encoded == (
        b"CNXN\x01\x00\x00\x01\x00\x00\x10\x00\x02\x00\x00\x00\xc3\x00\x00\x00\xbc\xb1\xa7\xb1ab"
    )


@pytest.mark.parametrize("at", [0, 20])
def test_what_is_no_message_is_refused(at):
    encoded = bytearray(wire.Message(wire.OKAY, 1, 2).encode())
    encoded[at] ^= 1

    with pytest.raises(wire.MalformedError):
        _received(bytes(encoded))
