"""What devices say: parsers on what real ones print, scripts in the shells that are here."""

from __future__ import annotations

import os
import platform
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.system import read_conditions, read_properties
from _edgeship.device_bench.results.battery import Battery
from _edgeship.device_bench.results.records import Core
from _edgeship.errors import DeviceError
from tests.device_bench.devices.answers import Answers

PIXEL = """@@ kernel
Linux
5.10.149-android13-4
aarch64
@@ bits
64
@@ cpuinfo
processor\t: 0
BogoMIPS\t: 49.15
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x2
CPU part\t: 0xd05
CPU revision\t: 0

processor\t: 1
CPU implementer\t: 0x41
CPU part\t: 0xd44

@@ meminfo
MemTotal:        7747512 kB
@@ cores
0 1803000
1 2850000
10
@@ os-release
@@ board

@@ compatible
@@ ro.product.model
Pixel 6 Pro
@@ ro.soc.manufacturer
Google
@@ ro.soc.model
Tensor
@@ ro.board.platform
gs101
@@ ro.build.version.release
13
@@ ro.build.version.sdk
33
@@ ro.product.cpu.abi
arm64-v8a
"""

# A Raspberry Pi 4 with a 64-bit kernel under programs of 32 bits.
PI = """@@ kernel
Linux
6.1.21-v8+
aarch64
@@ bits
32
@@ cpuinfo
processor\t: 0
model name\t: ARMv7 Processor rev 3 (v7l)
CPU implementer\t: 0x41
CPU part\t: 0xd08
@@ meminfo
MemTotal:        3885396 kB
@@ cores
0 1800000
@@ os-release
PRETTY_NAME="Raspbian GNU/Linux 11 (bullseye)"
NAME="Raspbian GNU/Linux"
@@ board
Raspberry Pi 4 Model B Rev 1.1

@@ compatible
raspberrypi,4-model-b
brcm,bcm2711
"""

STATE = """@@ thermal
45123 cpu-thermal
38000 skin
41 gpu
-273000 broken
 silent
39500 skin
@@ frequencies
0 1803000 1803000
1 500000 2253000
2 none 2253000
@@ load
2.50 1.9 1.2 3/900 4711
@@ supplies
@@ battery
Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  status: 2
  level: 43
  scale: 50
  temperature: 315
@@ thermalservice
IsStatusOverride: false
Thermal Status: 2
Cached temperatures:
\tTemperature{mValue=30.0, mType=3, mName=VIRTUAL-SKIN, mStatus=0}
HAL Ready: true
Current temperatures from HAL:
\tTemperature{mValue=36.25, mType=3, mName=VIRTUAL-SKIN, mStatus=2}
@@ power
  mWakefulness=Asleep
Display Power: state=OFF
"""


def test_a_phone() -> None:
    found = read_properties(Answers(PIXEL))
    assert found.selector == "adb:FAKE"
    assert (found.model, found.soc) == ("Pixel 6 Pro", "Google Tensor")
    assert (found.os, found.kernel) == ("Android 13 (API 33)", "5.10.149-android13-4")
    assert found.abi == "arm64-v8a"
    assert found.cores == (
        Core(index=0, max_mhz=1803, part="0x41:0xd05"),
        Core(index=1, max_mhz=2850, part="0x41:0xd44"),
        Core(index=10),
    )
    assert found.ram_bytes == 7747512 * 1024


def test_a_board_whose_programs_have_32_bits() -> None:
    found = read_properties(Answers(PI))
    assert found.model == "Raspberry Pi 4 Model B Rev 1.1"
    assert found.soc == "brcm,bcm2711"
    assert found.os == "Raspbian GNU/Linux 11 (bullseye)"
    assert found.abi == "armeabi-v7a"
    assert found.cores == (Core(index=0, max_mhz=1800, part="0x41:0xd08"),)


def test_cores_come_from_cpuinfo_where_sys_is_hidden() -> None:
    found = read_properties(Answers("@@ cpuinfo\nprocessor : 0\n\nprocessor : 3\n"))
    assert [core.index for core in found.cores] == [0, 3]


@pytest.mark.parametrize("text", ["", "\n\n", "@@\n@@ kernel\n@@ cores\nx y\n@@ meminfo\n?", "\0"])
def test_a_device_may_hide_everything(text: str) -> None:
    found = read_properties(Answers(text))
    assert (found.model, found.abi, found.cores) == ("unknown", "unknown", ())
    assert found.ram_bytes is None
    state = read_conditions(Answers(text))
    assert state.temperatures == {}
    assert state.mhz == state.mhz_cap == {}
    assert state.thermal_status is None
    assert state.charging is None
    assert state.screen_on is None
    assert state.load is None


def test_foreign_text_is_cut_and_cleaned() -> None:
    evil = "@@ ro.product.model\n\x1b[2J" + "x" * 10_000 + "\n@@ thermal\n1000 \x1b[31mred\n"
    model = read_properties(Answers(evil)).model
    assert len(model) == 120
    assert model.isprintable()
    assert all(name.isprintable() for name in read_conditions(Answers(evil)).temperatures)


def test_a_state() -> None:
    state = read_conditions(Answers(STATE))
    assert state.temperatures == {
        "cpu-thermal": 45.123,
        "skin": 38.0,
        "skin 2": 39.5,
        "gpu": 41.0,
        "VIRTUAL-SKIN": 36.25,
        "battery": 31.5,
    }
    assert state.thermal_status == 2
    assert state.mhz == {0: 1803, 1: 500}
    assert state.mhz_cap == {0: 1803, 1: 2253, 2: 2253}
    assert (state.battery_percent, state.charging, state.screen_on) == (86, True, False)
    assert state.load == 2.5
    assert datetime.fromisoformat(state.at).utcoffset() is not None


@pytest.mark.parametrize(
    ("power", "on"),
    [
        ("mWakefulness=Awake\n", True),
        ("mWakefulness=Dozing\n", False),
        ("mWakefulness=Awake\nDisplay Power: state=OFF\n", False),
        ("Display Power: state=ON\n", True),
    ],
)
def test_the_screen(power: str, on: bool) -> None:
    assert read_conditions(Answers(f"@@ power\n{power}")).screen_on is on


@pytest.mark.parametrize(
    ("supplies", "percent", "charging"),
    [
        ("Battery 71 none\nMains none 1\n", 71, True),
        ("Battery 71 none\nMains none 0\nUSB none 0\n", 71, False),
        ("Mains none 1\n", None, None),
    ],
)
def test_a_laptop(supplies: str, percent: int | None, charging: bool | None) -> None:
    state = read_conditions(Answers(f"@@ supplies\n{supplies}"))
    assert (state.battery_percent, state.charging) == (percent, charging)


@pytest.mark.parametrize(
    ("printed", "battery"),
    [
        # Of the kernel, which has microvolts; the first battery that has both.
        (
            "@@ gauges\nnone none 4100000 Discharging\n3100000 none 4012345 Discharging\n",
            Battery(charge=3_100_000, microvolts=4_012_345, draining=True),
        ),
        (
            "@@ gauges\nnone 2900000 11800000 Not charging\n",
            Battery(charge=2_900_000, microvolts=11_800_000, draining=False),
        ),
        (
            "@@ gauges\n3100000 none 4012345 Unknown\n",
            Battery(charge=3_100_000, microvolts=4_012_345),
        ),
        # Of Android's service, which has millivolts.
        (
            "@@ gauges\n@@ battery\n  Charge counter: 3061000\n  voltage: 4210\n",
            Battery(charge=3_061_000, microvolts=4_210_000),
        ),
        (
            "@@ battery\n  (UPDATES STOPPED -- use 'reset' to restart)\n"
            "  Charge counter: 3061000\n  voltage: 4210\n",
            Battery(charge=3_061_000, microvolts=4_210_000, frozen=True),
        ),
        # Milliampere hours, nothing, a coulomb counter below 0, and no numbers.
        ("@@ gauges\n3100 none 4012345 Discharging\n", None),
        ("@@ gauges\n3100000 none 0 Discharging\n", None),
        ("@@ gauges\n-3100000 none 4012345 Discharging\n", None),
        ("@@ gauges\n\nx y z\n@@ battery\nCharge counter: \nvoltage: 4210\n", None),
    ],
)
def test_the_counters_of_a_battery(printed: str, battery: Battery | None) -> None:
    assert read_conditions(Answers(printed)).battery == battery


def test_the_virtual_device_is_the_same_everywhere() -> None:
    device = Answers("@@ kernel\nLinux\n6.0\nx86_64\n", unit="instructions")
    found = read_properties(device)
    assert (found.selector, found.unit, found.abi) == ("virtual", "instructions", "arm64-v8a")
    assert [core.part for core in found.cores] == ["0x41:0xd0b"]
    assert read_conditions(device).model_dump(exclude={"at", "temperatures", "mhz", "mhz_cap"}) == {
        "thermal_status": None,
        "battery_percent": None,
        "charging": None,
        "battery": None,
        "screen_on": None,
        "load": None,
    }


def test_a_device_without_a_shell_is_an_error() -> None:
    for read in (read_properties, read_conditions):
        with pytest.raises(DeviceError, match="state of the device cannot be read") as caught:
            read(Answers("", code=127))
        assert "not found" in caught.value.why


class WithShell(LocalDevice):
    """This computer, with another program for `sh`."""

    def __init__(self, shell: list[str]) -> None:
        super().__init__()
        self._shell = shell

    def run(self, argv, *, timeout, on_line=None):
        assert argv[0] == "sh"
        return super().run([*self._shell, *argv[1:]], timeout=timeout, on_line=on_line)


@pytest.mark.parametrize(
    "shell", [["sh"], ["dash"], ["bash"], ["bash", "--posix"], ["mksh"], ["busybox", "sh"]]
)
def test_this_computer_tells_the_same_in_every_shell(shell: list[str]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    found = read_properties(WithShell(shell))
    assert found == read_properties(LocalDevice())
    state = read_conditions(WithShell(shell))
    usual = read_conditions(LocalDevice())
    assert state.temperatures.keys() == usual.temperatures.keys()
    assert state.mhz.keys() == usual.mhz.keys()


@pytest.mark.skipif(platform.system() != "Linux", reason="compares with Linux's own words")
def test_this_computer_as_python_knows_it() -> None:
    found = read_properties(LocalDevice())
    assert found.kernel == platform.release()
    assert found.os == platform.freedesktop_os_release()["PRETTY_NAME"]
    assert len(found.cores) >= len(os.sched_getaffinity(0))
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert found.ram_bytes == pages
    if Path("/proc/loadavg").exists():
        assert read_conditions(LocalDevice()).load is not None
