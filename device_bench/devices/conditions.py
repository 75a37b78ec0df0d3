"""Makes `Conditions` of what a device printed about its state; all of that is untrusted text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from _edgeship.device_bench.devices.properties import clean
from _edgeship.device_bench.results.battery import Battery
from _edgeship.device_bench.results.records import Conditions

Parts = Mapping[str, Sequence[str]]

# What a battery of a phone or laptop can hold, in microampere hours: a figure in milliampere hours
# is below that. Its voltage in microvolts, and in millivolts.
_CHARGES = range(10_000, 100_000_000)
_VOLTAGES = range(2_000_000, 30_000_000)
_MILLIVOLTS = range(2_000, 30_000)

# Sensors that are not there report absurd values.
_COLDEST, _HOTTEST = -40.0, 150.0


def parse_conditions(at: str, parts: Parts) -> Conditions:
    """Return the record of a state from the parts that the script of `system.py` printed.

    Args:
        at: ISO 8601 time of the reading.
        parts: Name of a part -> its lines.
    """
    battery = _fields(parts.get("battery", ()))
    supplies = [line.split() for line in parts.get("supplies", ()) if len(line.split()) == 3]
    temperatures = _zones(parts.get("thermal", ()))
    temperatures |= _services(parts.get("thermalservice", ()))
    tenths = _integer(battery.get("temperature"))
    if tenths is not None and _COLDEST < tenths / 10 < _HOTTEST:
        temperatures["battery"] = tenths / 10
    mhz, caps = _frequencies(parts.get("frequencies", ()))
    return Conditions(
        at=at,
        temperatures=temperatures,
        thermal_status=_thermal_status(parts.get("thermalservice", ())),
        mhz=mhz,
        mhz_cap=caps,
        battery_percent=_percent(battery, supplies),
        charging=_is_charging(battery, supplies),
        battery=_battery(parts.get("gauges", ()), parts.get("battery", ())),
        screen_on=_is_screen_on("\n".join(parts.get("power", ()))),
        load=_load(parts.get("load", ())),
    )


def _zones(lines: Sequence[str]) -> dict[str, float]:
    """Return zone's name -> temperature; zones of the same name are numbered."""
    found: dict[str, float] = {}
    for line in lines:
        value, _, name = line.partition(" ")
        raw = _integer(value)
        if raw is None:
            continue
        # The kernel's documentation says millidegrees, but some phones' drivers give degrees.
        degrees = raw / 1000 if abs(raw) >= 1000 else float(raw)
        if _COLDEST < degrees < _HOTTEST:
            found[_unused(clean(name) or "zone", found)] = degrees
    return found


def _unused(name: str, taken: Mapping[str, float]) -> str:
    number, unused = 1, name
    while unused in taken:
        number += 1
        unused = f"{name} {number}"
    return unused


def _services(lines: Sequence[str]) -> dict[str, float]:
    """Return name -> temperature of `dumpsys thermalservice`.

    It prints cached values first and then those of the hardware, which replace them.
    """
    found: dict[str, float] = {}
    for line in lines:
        match = re.search(r"Temperature\{mValue=(-?\d{1,3}(?:\.\d+)?), .*?mName=([^,}]+)", line)
        if match and _COLDEST < float(match[1]) < _HOTTEST:
            found[clean(match[2])] = float(match[1])
    return found


def _thermal_status(lines: Sequence[str]) -> int | None:
    for line in lines:
        match = re.fullmatch(r"\s*Thermal Status: ([0-6])\s*", line)
        if match:
            return int(match[1])
    return None


def _frequencies(lines: Sequence[str]) -> tuple[dict[int, int], dict[int, int]]:
    """Return each core's frequency in MHz, and the highest that it may have now."""
    now: dict[int, int] = {}
    cap: dict[int, int] = {}
    for line in lines:
        numbers = [_integer(word) for word in line.split()]
        if len(numbers) == 3 and numbers[0] is not None:
            for found, khz in ((now, numbers[1]), (cap, numbers[2])):
                if khz is not None:
                    found[numbers[0]] = khz // 1000
    return now, cap


def _fields(lines: Sequence[str]) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _percent(battery: Mapping[str, str], supplies: Sequence[Sequence[str]]) -> int | None:
    level, scale = _integer(battery.get("level")), _integer(battery.get("scale"))
    if level is None:
        laptop = [_integer(capacity) for kind, capacity, _ in supplies if kind == "Battery"]
        level = next((value for value in laptop if value is not None), None)
    elif scale:
        level = level * 100 // scale
    return level if level is not None and 0 <= level <= 100 else None


def _is_charging(battery: Mapping[str, str], supplies: Sequence[Sequence[str]]) -> bool | None:
    """Return whether it is connected to power; None where there is no battery."""
    powered = [value == "true" for key, value in battery.items() if key.endswith(" powered")]
    if not powered and any(kind == "Battery" for kind, _, _ in supplies):
        powered = [
            online == "1"
            for kind, _, online in supplies
            if kind != "Battery" and online in ("0", "1")
        ]
    return any(powered) if powered else None


def _battery(gauges: Sequence[str], service: Sequence[str]) -> Battery | None:
    """Return the counters of the first battery that has both; the kernel's are the newer ones.

    Android's service has them in microampere hours and millivolts, the kernel in microampere hours
    and microvolts.
    """
    frozen = any("UPDATES STOPPED" in line for line in service)
    for line in gauges:
        counter, charge, voltage, status = [*line.split(maxsplit=3), *4 * ("none",)][:4]
        for found in (_plausible(counter, _CHARGES), _plausible(charge, _CHARGES)):
            microvolts = _plausible(voltage, _VOLTAGES)
            if found is not None and microvolts is not None:
                draining = None if status in ("none", "Unknown") else status == "Discharging"
                return Battery(
                    charge=found, microvolts=microvolts, draining=draining, frozen=frozen
                )
    fields = _fields(service)
    found = _plausible(fields.get("Charge counter"), _CHARGES)
    millivolts = _plausible(fields.get("voltage"), _MILLIVOLTS)
    if found is None or millivolts is None:
        return None
    return Battery(charge=found, microvolts=1000 * millivolts, frozen=frozen)


def _plausible(text: str | None, wanted: range) -> int | None:
    """Return a number that is in a range: gauges that are not there report 0, or anything."""
    value = _integer(text)
    return value if value is not None and value in wanted else None


def _is_screen_on(text: str) -> bool | None:
    display = re.search(r"Display Power: state=(\w+)", text)
    if display:
        return display[1] == "ON"
    wakefulness = re.search(r"mWakefulness=(\w+)", text)
    return wakefulness[1] in ("Awake", "Dreaming") if wakefulness else None


def _load(lines: Sequence[str]) -> float | None:
    match = re.match(r"(\d{1,6}\.\d{1,6}) ", lines[0]) if lines else None
    return float(match[1]) if match else None


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,12}", text) else None
