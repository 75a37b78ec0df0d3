"""This computer as a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.processes.base import DeviceFull
from _edgeship.errors import DeviceError

NAME = "a 'b' \"c\" ; rm -rf x $(id)"


def test_push_makes_a_program_and_pull_brings_it_back(tmp_path: Path) -> None:
    source = tmp_path / NAME
    source.write_bytes(bytes(range(256)))
    remote = str(tmp_path / f"there {NAME}")
    device = LocalDevice()
    device.push(source, remote)
    assert Path(remote).stat().st_mode & 0o777 == 0o755
    device.pull(remote, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == bytes(range(256))


def test_a_missing_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(DeviceError, match="nothing cannot be copied"):
        LocalDevice().pull(str(tmp_path / "nothing"), tmp_path / "back")
    with pytest.raises(DeviceError, match="file cannot be copied to"):
        LocalDevice().push(tmp_path / "file", str(tmp_path / "no folder" / "file"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_has_its_own_error_and_keeps_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    remote = tmp_path / "full"
    remote.symlink_to("/dev/full")
    with pytest.raises(DeviceFull) as caught:
        LocalDevice().push(tmp_path / "file", str(remote))
    assert "No space left" in caught.value.why
    assert not remote.is_symlink()


def test_the_base_is_the_folder_for_temporary_files(tmp_path: Path) -> None:
    assert Path(LocalDevice().base).is_dir()
    assert (LocalDevice().selector, LocalDevice().unit) == ("local", "ns")
