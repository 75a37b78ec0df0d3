"""The folder that is "/" on the virtual phone: an Android-shaped arm64 system.

What Android says about the hardware is made up here: a chip with small and big cores and thermal
zones, a battery and a screen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.phone.programs import programs

PROPERTIES = {
    "ro.product.manufacturer": "edgeship",
    "ro.product.model": "Virtual Phone",
    "ro.product.name": "virtual_phone",
    "ro.product.device": "virtual",
    "ro.product.cpu.abi": "arm64-v8a",
    "ro.soc.manufacturer": "QEMU",
    "ro.soc.model": "Virtual SoC",
    "ro.board.platform": "virtual",
    "ro.build.version.release": "15",
    "ro.build.version.sdk": "35",
}

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  status: 2
  health: 2
  present: true
  level: 87
  scale: 100
  voltage: 4210
  temperature: 281
  technology: Li-ion
"""

# Without any power, and with the counter of what is in it.
BATTERY_IN_USE = """Current Battery Service state:
  AC powered: false
  USB powered: false
  Wireless powered: false
  Charge counter: {charge}
  status: 3
  health: 2
  present: true
  level: 87
  scale: 100
  voltage: {millivolts}
  temperature: 281
  technology: Li-ion
"""

POWER = """POWER MANAGER (dumpsys power)

Power Manager State:
  mWakefulness=Awake
  mIsPowered=true
Display Power: state=ON
"""

LITTLE_KHZ = 1_804_800
BIG_KHZ = 2_841_600
THROTTLED_KHZ = 1_900_800
# Part and variant of a Cortex-A55 and of a Cortex-A76, which have the same instructions. qemu
# imitates the second: libraries choose kernels by these numbers, and qemu must know their
# instructions.
_LITTLE = ("0xd05", "0x2")
_BIG = ("0xd0b", "0x4")
_FEATURES = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm asimddp"

_GETPROP = """#!/system/bin/sh
# Prints the value of a property, or all of them as Android does.
while IFS='=' read -r name value; do
    if [ $# -eq 0 ]; then
        echo "[$name]: [$value]"
    elif [ "$name" = "$1" ]; then
        echo "$value"
        exit 0
    fi
done </system/build.prop
[ $# -eq 0 ] || echo "$2"
"""

_DUMPSYS = """#!/system/bin/sh
# Prints what a service says of itself.
if [ -f "/system/etc/dumpsys/$1" ]; then
    cat "/system/etc/dumpsys/$1"
else
    echo "Can't find service: $1" >&2
fi
"""


def build(folder: Path) -> None:
    """Make the phone's "/" in an empty folder.

    Raises:
        FetchError: Its programs cannot be fetched.
    """
    shutil.copytree(programs(), folder, dirs_exist_ok=True)
    for name in ("data/local/tmp", "dev", "etc", "proc/sys/kernel/random", "system/etc/dumpsys"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("null", "zero", "random", "urandom"):
        (folder / "dev" / name).touch()
    (folder / "bin").symlink_to("system/bin")
    _copy_qemu(folder)
    _link_tools(folder / "system/bin")
    _write_program(folder / "system/bin/getprop", _GETPROP)
    _write_program(folder / "system/bin/dumpsys", _DUMPSYS)
    write_properties(folder, PROPERTIES)
    (folder / "etc/passwd").write_text("root:x:0:0::/:/system/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    write_hardware(folder)


def _copy_qemu(folder: Path) -> None:
    """Copy qemu, and the libraries of this machine that it needs, to where it finds them."""
    qemu = shutil.which("qemu-aarch64")
    assert qemu is not None
    shutil.copy(qemu, folder / "qemu-aarch64")
    argv = ["ldd", qemu]
    listing = subprocess.run(argv, check=True, capture_output=True, text=True)  # noqa: S603
    for line in listing.stdout.splitlines():
        path = next((word for word in line.split() if word.startswith("/")), None)
        if path is not None:
            target = folder / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def _link_tools(folder: Path) -> None:
    (folder / "sh").symlink_to("mksh")
    argv = ["qemu-aarch64", "-L", str(folder.parent.parent), str(folder / "toybox")]
    listing = subprocess.run(argv, check=True, capture_output=True, text=True)  # noqa: S603
    for name in listing.stdout.split():
        (folder / name).symlink_to("toybox")


def _write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def write_properties(folder: Path, properties: Mapping[str, str]) -> None:
    """Write what `getprop` reads."""
    lines = [f"{name}={value}\n" for name, value in properties.items()]
    (folder / "system/build.prop").write_text("".join(lines))


def core_numbers() -> list[int]:
    """Return the numbers of the phone's cores.

    They are the cores of this machine that we may use, so that pinning to one of them works. The
    first half of them counts as small.
    """
    return sorted(os.sched_getaffinity(0))


def little_cores() -> list[int]:
    """Return the numbers of the cores that count as small."""
    cores = core_numbers()
    return cores[: len(cores) // 2]


def write_hardware(
    folder: Path, *, big_khz_cap: int = BIG_KHZ, celsius: float = 31.0, thermal_status: int = 0
) -> None:
    """Write what the kernel and the system services say about the hardware.

    Args:
        folder: The phone's "/".
        big_khz_cap: Highest frequency that is now allowed for the big cores, in kHz.
        celsius: Temperature of the chip in degrees Celsius.
        thermal_status: Android's throttling status, 0 to 6.
    """
    little = little_cores()
    processors = folder / "sys/devices/system/cpu"
    processors.mkdir(parents=True, exist_ok=True)
    for name in ("possible", "present", "online"):
        (processors / name).write_text(",".join(map(str, core_numbers())) + "\n")
    for core in core_numbers():
        built_for = LITTLE_KHZ if core in little else BIG_KHZ
        cap = min(built_for, big_khz_cap)
        cpufreq = processors / f"cpu{core}/cpufreq"
        cpufreq.mkdir(parents=True, exist_ok=True)
        for name, value in (
            ("cpuinfo_max_freq", built_for),
            ("cpuinfo_min_freq", 300_000),
            ("scaling_max_freq", cap),
            ("scaling_cur_freq", cap),
        ):
            (cpufreq / name).write_text(f"{value}\n")
        part, variant = _LITTLE if core in little else _BIG
        identification = processors / f"cpu{core}/regs/identification"
        identification.mkdir(parents=True, exist_ok=True)
        midr = 0x410F0000 | int(variant, 16) << 20 | int(part, 16) << 4
        (identification / "midr_el1").write_text(f"0x{midr:016x}\n")
    for number, (name, degrees) in enumerate(
        (("cpu-little", celsius - 1), ("cpu-big", celsius), ("battery", 28.1))
    ):
        zone = folder / f"sys/class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True, exist_ok=True)
        (zone / "type").write_text(f"{name}\n")
        (zone / "temp").write_text(f"{round(degrees * 1000)}\n")
    (folder / "etc/cpuinfo").write_text(_cpuinfo())
    shutil.rmtree(folder / "sys/class/power_supply", ignore_errors=True)
    services = folder / "system/etc/dumpsys"
    (services / "battery").write_text(BATTERY)
    (services / "power").write_text(POWER)
    (services / "thermalservice").write_text(_thermal_service(celsius, thermal_status))


def write_battery(folder: Path, charge: int, microvolts: int, *, kernel: bool = True) -> None:
    """Write what the battery says while no power is connected.

    Args:
        folder: The phone's "/".
        charge: Its counter, in microampere hours.
        microvolts: Its voltage.
        kernel: Whether adb's user may read the kernel's files about it.
    """
    service = BATTERY_IN_USE.format(charge=charge, millivolts=microvolts // 1000)
    _replace(folder / "system/etc/dumpsys/battery", service)
    if kernel:
        supply = folder / "sys/class/power_supply/battery"
        supply.mkdir(parents=True, exist_ok=True)
        for name, value in (
            ("type", "Battery"),
            ("status", "Discharging"),
            ("capacity", 87),
            ("charge_counter", charge),
            ("voltage_now", microvolts),
        ):
            _replace(supply / name, f"{value}\n")


def _replace(path: Path, text: str) -> None:
    """Write a file that a program on the phone may be reading: it finds the old or the new text."""
    fresh = path.with_name(f".{path.name}")
    fresh.write_text(text)
    fresh.rename(path)


def _cpuinfo() -> str:
    """Return what the kernel of an arm64 phone shows; libraries choose kernels by it."""
    little = little_cores()
    text = ""
    for core in core_numbers():
        part, variant = _LITTLE if core in little else _BIG
        text += (
            f"processor\t: {core}\nBogoMIPS\t: 38.40\nFeatures\t: {_FEATURES}\n"
            f"CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: {variant}\n"
            f"CPU part\t: {part}\nCPU revision\t: 0\n\n"
        )
    return text


def _thermal_service(celsius: float, status: int) -> str:
    return (
        f"IsStatusOverride: false\nThermal Status: {status}\nCached temperatures:\n"
        f"\tTemperature{{mValue={celsius}, mType=0, mName=cpu-big, mStatus={status}}}\n"
        "HAL Ready: true\nCurrent temperatures from HAL:\n"
        f"\tTemperature{{mValue={celsius}, mType=0, mName=cpu-big, mStatus={status}}}\n"
    )
