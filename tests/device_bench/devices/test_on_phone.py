"""Workspaces and readings on the virtual phone, whose shell and tools are Android's."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from _edgeship.device_bench.devices.adb import AdbDevice
from _edgeship.device_bench.devices.cores import choose_cores
from _edgeship.device_bench.devices.system import read_conditions, read_properties
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import DeviceGone, DeviceTimeout
from tests.phone import root
from tests.phone.phone import Phone

pytestmark = pytest.mark.slow


@pytest.fixture
def device(phone: Phone) -> AdbDevice:
    return AdbDevice(phone.serial)


def names(phone: Phone) -> list[str]:
    return sorted(path.name for path in (phone.root / "data/local/tmp").iterdir())


def test_the_phone_tells_what_it_is(device: AdbDevice) -> None:
    found = read_properties(device)
    assert found.selector == device.selector
    assert (found.model, found.soc) == ("Virtual Phone", "QEMU Virtual SoC")
    assert (found.os, found.abi) == ("Android 15 (API 35)", "arm64-v8a")
    assert {core.max_mhz for core in found.cores} == {
        root.LITTLE_KHZ // 1000,
        root.BIG_KHZ // 1000,
    }
    for word, khz in (("big", root.BIG_KHZ), ("little", root.LITTLE_KHZ)):
        chosen = choose_cores(word, found)
        assert chosen
        assert all(found.cores[index].max_mhz == khz // 1000 for index in chosen)


def test_the_phone_tells_its_state(device: AdbDevice) -> None:
    state = read_conditions(device)
    assert (state.battery_percent, state.charging, state.screen_on) == (87, True, True)
    assert state.temperatures["battery"] == 28.1
    assert len(state.temperatures) > 1
    assert state.thermal_status == 0
    assert state.mhz_cap == {core.index: core.max_mhz for core in read_properties(device).cores}


@pytest.mark.parametrize("kernel", [True, False])
def test_the_phone_tells_what_is_in_its_battery(
    device: AdbDevice, phone: Phone, kernel: bool
) -> None:
    assert read_conditions(device).battery is None
    phone.run_on_battery(3_141_592, 4_012_345, kernel=kernel)
    state = read_conditions(device)
    assert (state.charging, state.battery_percent) == (False, 87)
    assert state.battery is not None
    assert state.battery.charge == 3_141_592
    assert state.battery.draining is (True if kernel else None)
    assert state.battery.microvolts == (4_012_345 if kernel else 4_012_000)


def test_a_workspace_leaves_nothing(device: AdbDevice, phone: Phone, tmp_path: Path) -> None:
    file = tmp_path / "a 'b' \"c\" ; rm -rf x $(id)"
    file.write_bytes(os.urandom(100_000))
    with Workspace(device) as workspace:
        device.pull(workspace.put(file), tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == file.read_bytes()
        assert workspace.run(["pwd"], timeout=30).out.strip() == workspace.path
        assert len(names(phone)) == 1
    assert names(phone) == []


def test_a_program_that_hangs_is_dead_after_its_timeout(device: AdbDevice, phone: Phone) -> None:
    with Workspace(device) as workspace:
        with pytest.raises(DeviceTimeout):
            workspace.run(["sh", "-c", "trap '' HUP; sleep 611 & sleep 612"], timeout=3)
        _wait_until(lambda: phone.processes() == [])


def test_after_a_disconnection_the_folder_is_made_anew(device: AdbDevice, phone: Phone) -> None:
    with Workspace(device) as workspace:
        device.run(["touch", f"{workspace.path}/old"], timeout=30)
        phone.when_running("sleep 613", phone.unplug)
        with pytest.raises(DeviceGone):
            workspace.run(["sh", "-c", "trap '' HUP; sleep 613; sleep 614"], timeout=60)
        phone.plug()
        workspace.restore()
        _wait_until(lambda: phone.processes() == [])
        assert device.run(["ls", workspace.path], timeout=30).out == ""
    assert names(phone) == []


def test_what_a_gone_phone_kept_goes_with_the_next_session(device: AdbDevice, phone: Phone) -> None:
    with pytest.raises(DeviceGone), Workspace(device) as workspace:
        phone.when_running("sleep 615", phone.unplug)
        workspace.run(["sh", "-c", "trap '' HUP; sleep 615"], timeout=60)
    phone.plug()
    assert len(names(phone)) == 1
    with Workspace(device) as workspace:
        assert names(phone) == [Path(workspace.path).name]
    assert names(phone) == []


def _wait_until(happened) -> None:
    deadline = time.monotonic() + 60
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert happened()
