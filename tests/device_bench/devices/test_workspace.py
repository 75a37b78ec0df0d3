"""The folder on a device: nothing is left in it or running from it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace, _host, _started
from _edgeship.device_bench.processes.base import Completed, DeviceGone, DeviceTimeout
from _edgeship.errors import DeviceError
from tests.device_bench.processes.alive import has_ended, is_running, start_in

NAME = "a 'b' \"c\" ; rm -rf x $(id).tflite"


def names(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def device(tmp_path: Path) -> LocalDevice:
    made = LocalDevice()
    (tmp_path / "base with space").mkdir()
    made.base = str(tmp_path / "base with space")
    return made


def test_the_folder_exists_only_inside_the_block(device: LocalDevice) -> None:
    with Workspace(device) as workspace:
        assert Path(workspace.path).is_dir()
        assert Path(workspace.path).stat().st_mode & 0o777 == 0o700
        assert workspace.path.startswith(f"{device.base}/edgeship-")
    assert names(device.base) == []


def test_the_folder_goes_after_an_error_too(device: LocalDevice) -> None:
    with pytest.raises(ZeroDivisionError), Workspace(device) as workspace:
        Path(workspace.path, "something").mkdir()
        raise ZeroDivisionError
    assert names(device.base) == []


def test_programs_run_in_the_folder_with_their_words(device: LocalDevice) -> None:
    with Workspace(device) as workspace:
        done = workspace.run(["sh", "-c", 'pwd; printf "<%s>" "$@"', "sh", NAME, ""], timeout=60)
    assert done.out == f"{workspace.path}\n<{NAME}><>"


def test_exit_codes_come_through(device: LocalDevice) -> None:
    with Workspace(device) as workspace:
        assert workspace.run(["sh", "-c", "exit 42"], timeout=60).code == 42
        assert workspace.run(["sh", "-c", "kill -9 $$"], timeout=60).code == 137
        assert workspace.run(["./nothing here"], timeout=60).code == 127


def test_put_pushes_each_content_once_under_a_safe_name(
    device: LocalDevice, tmp_path: Path, monkeypatch
) -> None:
    pushed: list[str] = []
    push = device.push
    monkeypatch.setattr(
        device, "push", lambda local, remote: (pushed.append(remote), push(local, remote))
    )
    file = tmp_path / NAME
    file.write_bytes(b"first")
    with Workspace(device) as workspace:
        first = workspace.put(file)
        assert workspace.put(file) == first
        assert Path(first).read_bytes() == b"first"
        assert Path(first).parent == Path(workspace.path)
        assert Path(first).suffix == ".tflite"
        assert set(Path(first).stem) <= set("0123456789abcdef")
        file.write_bytes(b"second")
        assert Path(workspace.put(file)).read_bytes() == b"second"
        assert len(pushed) == 2
        workspace.restore()
        assert not Path(first).exists()
        assert Path(workspace.put(file)).read_bytes() == b"second"
        assert len(pushed) == 3


def test_put_can_keep_a_name_that_others_look_for(device: LocalDevice, tmp_path: Path) -> None:
    file = tmp_path / "x"
    with Workspace(device) as workspace:
        for content in (b"one", b"two"):
            file.write_bytes(content)
            path = workspace.put(file, "libLiteRt.so")
            assert path == f"{workspace.path}/libLiteRt.so"
            assert Path(path).read_bytes() == content
        for name in ("../x", "a/b", "", ".hidden", "-rf", "a b"):
            with pytest.raises(ValueError, match="no plain file name"):
                workspace.put(file, name)


def test_a_program_that_hangs_is_dead_after_its_timeout(device: LocalDevice) -> None:
    with Workspace(device) as workspace:
        with pytest.raises(DeviceTimeout):
            workspace.run(["sh", "-c", "sleep 5801 & sleep 5802"], timeout=2)
        assert has_ended("sleep", "5801")
        assert has_ended("sleep", "5802")
        assert Path(workspace.path).is_dir()


def test_what_still_runs_from_the_folder_is_killed_at_the_end(device: LocalDevice) -> None:
    with Workspace(device) as workspace:
        start_in(workspace.path, "sleep", "5803")
        other = start_in(device.base, "sleep", "5804")
    assert has_ended("sleep", "5803")
    # Only what runs in the folder is ours.
    assert is_running("sleep", "5804")
    other.kill()
    other.wait()


def test_restore_kills_and_empties(device: LocalDevice) -> None:
    with Workspace(device) as workspace:
        start_in(workspace.path, "sleep", "5805")
        Path(workspace.path, "file").touch()
        workspace.restore()
        assert has_ended("sleep", "5805")
        assert names(workspace.path) == []


def test_the_next_workspace_removes_what_a_dead_process_left(
    device: LocalDevice, tmp_path: Path
) -> None:
    script = (
        "import os, sys; from _edgeship.device_bench.devices.local import LocalDevice; "
        "from _edgeship.device_bench.devices.workspace import Workspace; "
        "device = LocalDevice(); device.base = sys.argv[1]; "
        "Workspace(device).__enter__(); os._exit(9)"
    )
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, device.base], check=False
    )
    (left,) = names(device.base)
    start_in(f"{device.base}/{left}", "sleep", "5806")
    with Workspace(device) as workspace:
        assert names(device.base) == [Path(workspace.path).name]
    assert has_ended("sleep", "5806")


def test_workspaces_in_use_and_strangers_are_left_alone(device: LocalDevice) -> None:
    base = Path(device.base)
    kept = {
        f"edgeship-{_host()}-{os.getppid()}-00000000",  # of a process that lives
        f"edgeship-{_host()}-{os.getppid()}-{_started(os.getppid())}-00000000",
        "edgeship-ffffffff-1-00000000",  # of another host, made just now
        "edgeship-mine",
        "other",
        f"edgeship-{_host()}-999999999-0000000g",
    }
    for name in kept:
        (base / name).mkdir()
    with Workspace(device) as first, Workspace(device) as second:
        assert Path(first.path).is_dir()
        assert Path(second.path).is_dir()
    assert set(names(base)) == kept


def test_another_process_may_have_the_number_of_one_that_was_killed(device: LocalDevice) -> None:
    started = _started(os.getppid())
    assert started is not None
    left = Path(device.base, f"edgeship-{_host()}-{os.getppid()}-{started + 60}-00000000")
    left.mkdir()
    with Workspace(device) as workspace:
        assert names(device.base) == [Path(workspace.path).name]
        assert f"-{os.getpid()}-{_started(os.getpid())}-" in workspace.path


def test_another_host_s_folder_goes_after_a_day(device: LocalDevice) -> None:
    left = ("edgeship-ffffffff-1-00000000", "edgeship-ffffffff-1-00000001")
    for name in left:
        Path(device.base, name).mkdir()
    two_days_ago = time.time() - 2 * 86400
    os.utime(Path(device.base, left[0]), (two_days_ago, two_days_ago))
    with Workspace(device):
        assert not Path(device.base, left[0]).exists()
        assert Path(device.base, left[1]).exists()


class Unplugged(LocalDevice):
    """A device that goes away when told to."""

    gone = False

    def run(self, argv, *, timeout, on_line=None) -> Completed:
        if self.gone:
            raise DeviceGone("local is gone.")
        return super().run(argv, timeout=timeout, on_line=on_line)


def test_a_device_that_went_away_says_so_once(tmp_path: Path) -> None:
    device = Unplugged()
    device.base = str(tmp_path)
    with pytest.raises(DeviceGone) as caught, Workspace(device) as workspace:
        device.gone = True
        workspace.run(["true"], timeout=60)
    assert caught.value.what == "local is gone."
    device.gone = False
    # What it could not remove goes with the next workspace, of the same process too.
    assert len(names(tmp_path)) == 1
    with Workspace(device) as workspace:
        assert names(tmp_path) == [Path(workspace.path).name]


def test_a_device_that_goes_away_at_the_end_is_told(tmp_path: Path) -> None:
    device = Unplugged()
    device.base = str(tmp_path)
    with pytest.raises(DeviceGone), Workspace(device):
        device.gone = True


def test_a_base_that_is_not_there_is_named(device: LocalDevice, tmp_path: Path) -> None:
    device.base = str(tmp_path / "nowhere")
    with pytest.raises(DeviceError, match=r"There is no folder .*nowhere on the device"):
        Workspace(device).__enter__()
