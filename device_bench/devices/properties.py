"""Makes `Properties` of what a device printed about itself; all of that is untrusted text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from _edgeship.device_bench.results.records import Core, Properties

Parts = Mapping[str, Sequence[str]]

_MOST_CORES = 4096
_LONGEST = 120

# What `uname -m` says -> Android's name. It tells of the kernel, not of programs: see `_abi`.
_ABIS = {
    "aarch64": "arm64-v8a",
    "arm64": "arm64-v8a",
    "armv7l": "armeabi-v7a",
    "armv8l": "armeabi-v7a",
    "x86_64": "x86_64",
    "i686": "x86",
    "i386": "x86",
}

_ABIS_32_BIT = {"arm64-v8a": "armeabi-v7a", "x86_64": "x86"}


def parse_properties(selector: str, unit: str, parts: Parts) -> Properties:
    """Return the record of a device from the parts that the script of `system.py` printed."""
    kernel = [*parts.get("kernel", ()), "", "", ""]
    cpuinfo = _cpuinfo(parts.get("cpuinfo", ()))
    machine = clean(kernel[2])
    names = [processor.get("model name", "") for processor in cpuinfo]
    return Properties(
        selector=selector,
        unit=unit,
        model=_first(parts, "ro.product.model")
        or _first(parts, "board")
        or next((clean(name) for name in names if name), "")
        or machine
        or "unknown",
        soc=_soc(parts),
        os=_os(parts) or clean(kernel[0]),
        kernel=clean(kernel[1]),
        abi=_abi(parts, machine),
        cores=_cores(parts, cpuinfo),
        ram_bytes=_ram_bytes(parts.get("meminfo", ())),
    )


def clean(text: str) -> str:
    """Return a short text on one line, without control characters."""
    words = "".join(char if char.isprintable() else " " for char in text).split()
    return " ".join(words)[:_LONGEST]


def _first(parts: Parts, name: str) -> str:
    return next((clean(line) for line in parts.get(name, ()) if clean(line)), "")


def _cpuinfo(lines: Sequence[str]) -> list[dict[str, str]]:
    """Return the fields of each processor in /proc/cpuinfo, by the kernel's names."""
    processors: list[dict[str, str]] = []
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon:
            continue
        if key.strip() == "processor":
            processors.append({})
        if processors:
            processors[-1][key.strip()] = value.strip()
    return processors[:_MOST_CORES]


def _cores(parts: Parts, cpuinfo: list[dict[str, str]]) -> tuple[Core, ...]:
    """Return the cores in /sys or, where that is hidden, in /proc/cpuinfo.

    A core that is switched off is listed only in /sys, and so has no part number.
    """
    mhz: dict[int, int | None] = {}
    for line in parts.get("cores", ()):
        match = re.fullmatch(r"(\d{1,4}) ?(\d{1,9})?", line.strip())
        if match:
            mhz[int(match[1])] = int(match[2]) // 1000 if match[2] else None
    part = {
        int(fields["processor"]): _part(fields)
        for fields in cpuinfo
        if re.fullmatch(r"\d{1,4}", fields["processor"])
    }
    return tuple(
        Core(index=index, max_mhz=mhz.get(index), part=part.get(index, ""))
        for index in sorted(mhz or part)
    )


def _part(fields: dict[str, str]) -> str:
    words = (fields.get("CPU implementer", ""), fields.get("CPU part", ""))
    return ":".join(words) if all(re.fullmatch("0x[0-9a-f]{1,4}", word) for word in words) else ""


def _soc(parts: Parts) -> str:
    """Return the chip: as Android or its platform names it, or a board's device tree."""
    named = f"{_first(parts, 'ro.soc.manufacturer')} {_first(parts, 'ro.soc.model')}".strip()
    # The device tree goes from the board to the chip: "raspberrypi,5-model-b", "brcm,bcm2712".
    compatible = [clean(line) for line in parts.get("compatible", ()) if clean(line)]
    return named or _first(parts, "ro.board.platform") or (compatible[-1] if compatible else "")


def _os(parts: Parts) -> str:
    release, level = (
        _first(parts, "ro.build.version.release"),
        _first(parts, "ro.build.version.sdk"),
    )
    if release:
        return f"Android {release} (API {level})" if level else f"Android {release}"
    for line in parts.get("os-release", ()):
        if line.startswith("PRETTY_NAME="):
            return clean(line.removeprefix("PRETTY_NAME=").strip("\"'"))
    return ""


def _abi(parts: Parts, machine: str) -> str:
    """Return the ABI by Android, or else by the kernel, corrected where programs have 32 bits."""
    abi = _ABIS.get(machine, machine or "unknown")
    if _first(parts, "bits") == "32":
        abi = _ABIS_32_BIT.get(abi, abi)
    return _first(parts, "ro.product.cpu.abi") or abi


def _ram_bytes(lines: Sequence[str]) -> int | None:
    match = re.match(r"MemTotal:\s*(\d{1,15}) kB", lines[0]) if lines else None
    return int(match[1]) * 1024 if match else None
