"""What a device is, and what state it is in: a short script for each, run by whatever shell it has.

The scripts run in mksh with toybox (Android), in dash or bash (Debian), and in busybox. They print
parts, each below a line "@@ NAME"; `properties.py` and `conditions.py` make records of these. What
a device hides is simply missing. Files are read with the shell's own `read`: a process for each of
a hundred files or so would take seconds on a phone, and warm it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from _edgeship.device_bench.devices.conditions import parse_conditions
from _edgeship.device_bench.devices.properties import parse_properties
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.processes.words import last_words
from _edgeship.device_bench.results.records import Conditions, Core, Properties
from _edgeship.errors import DeviceError

_SECONDS = 30.0

# Sets $line to the first line of a file, or to nothing.
_HELPERS = """
part() { echo "@@ $1"; }
first() { line=; { read -r line < "$1"; } 2>/dev/null; }
"""

_PROPERTIES = (
    _HELPERS
    + """
part kernel; uname -s; uname -r; uname -m
part bits; getconf LONG_BIT 2>/dev/null
part cpuinfo; cat /proc/cpuinfo 2>/dev/null
part meminfo; first /proc/meminfo; echo "$line"
part cores
for folder in /sys/devices/system/cpu/cpu[0-9]*; do
    [ -d "$folder" ] || continue
    first "$folder/cpufreq/cpuinfo_max_freq"
    echo "${folder##*/cpu} $line"
done
part os-release; cat /etc/os-release 2>/dev/null
part board; tr '\\000' '\\n' < /proc/device-tree/model 2>/dev/null; echo
part compatible; tr '\\000' '\\n' < /proc/device-tree/compatible 2>/dev/null
if command -v getprop >/dev/null 2>&1; then
    for name in ro.product.model ro.soc.manufacturer ro.soc.model ro.board.platform \\
        ro.build.version.release ro.build.version.sdk ro.product.cpu.abi; do
        part "$name"; getprop "$name"
    done
fi
exit 0
"""
)

_CONDITIONS = (
    _HELPERS
    + """
part thermal
for zone in /sys/class/thermal/thermal_zone[0-9]*; do
    [ -d "$zone" ] || continue
    first "$zone/temp"; value="$line"
    first "$zone/type"; echo "$value $line"
done
part frequencies
for folder in /sys/devices/system/cpu/cpu[0-9]*; do
    [ -d "$folder/cpufreq" ] || continue
    first "$folder/cpufreq/scaling_cur_freq"; now="$line"
    first "$folder/cpufreq/scaling_max_freq"
    echo "${folder##*/cpu} ${now:-none} ${line:-none}"
done
part load; first /proc/loadavg; echo "$line"
part supplies
for folder in /sys/class/power_supply/*; do
    [ -d "$folder" ] || continue
    first "$folder/type"; type="$line"
    first "$folder/capacity"; capacity="$line"
    first "$folder/online"
    echo "${type:-none} ${capacity:-none} ${line:-none}"
done
part gauges
for folder in /sys/class/power_supply/*; do
    [ -d "$folder" ] || continue
    first "$folder/type"; [ "$line" = Battery ] || continue
    first "$folder/charge_counter"; counter="$line"
    first "$folder/charge_now"; charge="$line"
    first "$folder/voltage_now"; voltage="$line"
    first "$folder/status"
    echo "${counter:-none} ${charge:-none} ${voltage:-none} ${line:-none}"
done
if command -v dumpsys >/dev/null 2>&1; then
    part battery; dumpsys battery 2>/dev/null
    part thermalservice; dumpsys thermalservice 2>/dev/null
    part power
    dumpsys power 2>/dev/null | grep -e 'mWakefulness=' -e 'Display Power: state='
fi
exit 0
"""
)

# The same on every host: what the virtual device counts does not depend on what lies below it.
_EMULATED = Properties(
    selector="virtual",
    unit="instructions",
    model="Arm Cortex-A76, emulated by QEMU",
    os="Linux, QEMU user mode",
    abi="arm64-v8a",
    cores=(Core(index=0, part="0x41:0xd0b"),),
)


def read_properties(device: Device) -> Properties:
    """Return what a device is; what it hides is None or empty.

    Raises:
        DeviceGone: The device went away.
        DeviceError: A simple script fails on it.
    """
    if _is_emulated(device):
        return _EMULATED
    return parse_properties(device.selector, device.unit, _parts(device, _PROPERTIES))


def read_conditions(device: Device) -> Conditions:
    """Return the present state of a device.

    Raises:
        DeviceGone: The device went away.
        DeviceError: A simple script fails on it.
    """
    at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    if _is_emulated(device):
        return Conditions(at=at)
    return parse_conditions(at, _parts(device, _CONDITIONS))


def _is_emulated(device: Device) -> bool:
    """Return whether it counts instructions: then the host's state does not matter."""
    return device.unit == "instructions"


def _parts(device: Device, script: str) -> Mapping[str, Sequence[str]]:
    """Run a script and return name -> lines of each part that it prints."""
    done = device.run(["sh", "-c", script], timeout=_SECONDS)
    if done.code != 0:
        raise DeviceError(
            "The properties or the state of the device cannot be read.",
            where=device.selector,
            why=last_words(done),
        )
    parts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in done.out.splitlines():
        if line.startswith("@@ "):
            lines = parts.setdefault(line[3:].strip(), [])
        else:
            lines.append(line)
    return parts
