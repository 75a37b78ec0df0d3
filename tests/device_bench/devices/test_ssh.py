"""SSH devices, against a real sshd of this computer."""

from __future__ import annotations

import gc
import getpass
from collections.abc import Iterator
from pathlib import Path

import pytest

from _edgeship.device_bench.devices.find import find
from _edgeship.device_bench.devices.ssh import SshDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import DeviceFull, DeviceGone, DeviceTimeout
from _edgeship.errors import DeviceError, InputError
from tests.device_bench.devices.ssh_server import SshServer, ssh_server
from tests.device_bench.processes.alive import has_ended

pytestmark = pytest.mark.slow

NAME = "a 'b' \"c\" $(touch PWNED) ; rm -rf x\ttab é"


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def server(shared_server: SshServer, monkeypatch) -> Iterator[SshServer]:
    """A server that answers; tests may stop it."""
    shared_server.start()
    monkeypatch.setenv("PATH", str(shared_server.path), prepend=":")
    yield shared_server
    # The connection of a device that a test left is closed while the server still runs.
    gc.collect()


@pytest.fixture
def device(server: SshServer) -> SshDevice:
    return SshDevice("board")


def test_run_returns_code_output_and_errors(device: SshDevice) -> None:
    done = device.run(["sh", "-c", "echo out; printf err >&2; exit 42"], timeout=60)
    assert (done.code, done.out, done.err) == (42, "out\n", "err")
    assert (device.selector, device.unit) == ("ssh:board", "ns")


def test_the_host_may_be_a_uri_with_user_and_port(server: SshServer) -> None:
    selector = f"ssh://{getpass.getuser()}@board:{server.port}"
    device = find(selector)
    assert device.selector == selector
    assert device.run(["echo", "here"], timeout=60).out == "here\n"


def test_a_program_may_exit_with_ssh_s_own_code(device: SshDevice) -> None:
    assert device.run(["sh", "-c", "exit 255"], timeout=60).code == 255


def test_a_killed_program_has_128_plus_the_signal(device: SshDevice) -> None:
    assert device.run(["sh", "-c", "kill -9 $$"], timeout=60).code == 137


def test_words_arrive_as_they_are(device: SshDevice) -> None:
    words = [NAME, "", "-n", "*", "`id`", "!", "new\nline"]
    done = device.run(["printf", "<%s>", *words], timeout=60)
    assert done.out == "".join(f"<{word}>" for word in words)


def test_lines_come_while_the_program_runs(server: SshServer, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        seen.touch()

    # The program goes on only when its first line has been seen here.
    script = 'echo one; while [ ! -e "$1" ]; do sleep 0.05; done; echo two'
    SshDevice("board").run(["sh", "-c", script, "sh", str(seen)], timeout=60, on_line=on_line)
    assert lines == ["one", "two"]


def test_push_and_pull_keep_every_byte(server: SshServer, tmp_path: Path) -> None:
    local, back = tmp_path / NAME, tmp_path / "back"
    local.write_bytes(bytes(range(256)) * 5000)
    remote = f"{tmp_path}/on the board; {NAME}"
    device = SshDevice("board")
    device.push(local, remote)
    device.pull(remote, back)
    assert back.read_bytes() == local.read_bytes()
    assert Path(remote).stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [NAME, "back", Path(remote).name]
    )


def test_a_missing_file_is_named_and_leaves_nothing(server: SshServer, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="nothing here cannot be copied"):
        SshDevice("board").pull("/nothing here", tmp_path / "back")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_has_its_own_error(server: SshServer, tmp_path: Path) -> None:
    local = tmp_path / "file"
    local.write_bytes(b"x" * 10_000)
    # The link is removed as half a file would be; the device node is not.
    remote = tmp_path / "full"
    remote.symlink_to("/dev/full")
    with pytest.raises(DeviceFull, match=r"file cannot be copied"):
        SshDevice("board").push(local, str(remote))
    assert not remote.is_symlink()


def test_a_hanging_program_is_killed_there(server: SshServer) -> None:
    with Workspace(SshDevice("board")) as workspace:
        with pytest.raises(DeviceTimeout, match="within 3 s"):
            workspace.run(["sh", "-c", "sleep 4711 & sleep 4712"], timeout=3)
        assert has_ended("sleep", "4711")
        assert has_ended("sleep", "4712")
    assert not Path(workspace.path).exists()


def test_a_lost_connection_is_gone_and_can_come_back(server: SshServer) -> None:
    device = SshDevice("board")
    workspace = Workspace(device)
    with workspace:
        with pytest.raises(DeviceGone, match=r"ssh:board cannot be reached"):
            workspace.run(
                ["sh", "-c", "echo ready; sleep 4713"], timeout=60, on_line=lambda _: server.stop()
            )
        with pytest.raises(DeviceGone):
            device.run(["true"], timeout=60)
        server.start()
        workspace.restore()
        assert has_ended("sleep", "4713")
        assert workspace.run(["pwd"], timeout=60).out.strip() == workspace.path


def test_the_connection_ends_with_the_device(server: SshServer) -> None:
    device = SshDevice("board")
    socket = next(Path(word[12:]) for word in device._ssh if word.startswith("ControlPath="))
    assert socket.is_socket()
    del device
    gc.collect()
    assert not socket.parent.exists()


def test_a_refused_key_says_what_to_do(server: SshServer) -> None:
    server.add_stranger()
    with pytest.raises(DeviceError) as caught:
        SshDevice("stranger")
    assert "ssh:stranger cannot be reached" in str(caught.value)
    assert "ssh-copy-id stranger" in caught.value.todo
    assert not isinstance(caught.value, DeviceGone)


def test_an_unknown_host_key_says_what_to_do(server: SshServer) -> None:
    server.add_unknown_host()
    with pytest.raises(DeviceError) as caught:
        SshDevice("unknown")
    assert "Host key verification failed" in caught.value.why
    assert "check the host's key" in caught.value.todo


def test_nobody_answers(server: SshServer) -> None:
    server.stop()
    with pytest.raises(DeviceError, match="cannot be reached") as caught:
        SshDevice("board")
    assert "refused" in caught.value.why


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/x", "a b", "a;b", "a\nb", "$(id)"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InputError, match="no host"):
        SshDevice(host)


def test_without_the_client_the_package_is_named(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError) as caught:
        SshDevice("board")
    assert "openssh-client" in caught.value.todo
