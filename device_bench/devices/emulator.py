"""qemu's user-mode emulation of an arm64 CPU, with a clock that counts instructions."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from _edgeship.device_bench.building.once import FLAGS, SOURCES, build_once, compile_c, run_tool
from _edgeship.errors import DeviceError

_QEMU = "qemu-aarch64"
_PACKAGE = "qemu-user"

# The emulator's default CPU has SME, for which LiteRT chooses kernels that this qemu runs wrongly.
_CPU = "cortex-a76"

# LiteRT reads in these files which CPU it is on, and crashes if they describe another machine. The
# host's files must not be seen either: results would depend on where they were measured.
_CPUINFO = """\
processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd0b
CPU revision\t: 1
"""
_ONE_CORE = "0\n"

_CLOCK = "libclock.so"
# The versions with plugin interface 1, for which clock.c is written.
_VERSIONS = range(6, 9)
_SECONDS = 20.0

_SYSTEM_FILES = {
    "/proc/cpuinfo": _CPUINFO,
    "/sys/devices/system/cpu/possible": _ONE_CORE,
    "/sys/devices/system/cpu/present": _ONE_CORE,
    "/sys/devices/system/cpu/online": _ONE_CORE,
}


def emulator() -> list[str]:
    """Return the words to put before an arm64 program and its arguments in order to emulate it.

    The program gets an empty environment, one core, and a clock on which a nanosecond is an
    executed instruction, so that its figures depend on nothing but the program.

    Raises:
        DeviceError: qemu or a C compiler is missing, qemu cannot load plugins, or the clock cannot
            be built.
    """
    qemu = shutil.which(_QEMU)
    if qemu is None:
        raise DeviceError(
            "The virtual device needs qemu.",
            where="virtual",
            why=f"There is no {_QEMU} on PATH.",
            todo=f"Install it; on Debian or Ubuntu: apt install {_PACKAGE}",
        )
    _check(qemu)
    source = SOURCES / "clock.c"
    parts = [source.read_bytes(), " ".join(FLAGS).encode(), repr(_SYSTEM_FILES).encode()]
    built = build_once("emulator", parts, lambda folder: _make(source, folder))
    clock = built.folder / _CLOCK
    return ["env", "-i", qemu, "-cpu", _CPU, "-L", str(built.folder), "-plugin", f"{clock},ns=1"]


def _check(qemu: str) -> None:
    """Refuse a qemu that cannot load the clock; by itself it would say so only in each run."""
    said = run_tool([qemu, "--version"], _PACKAGE, seconds=_SECONDS).out
    version = re.search(r"version (\d+)", said)
    offers = run_tool([qemu, "-help"], _PACKAGE, seconds=_SECONDS).out
    if "-plugin" not in offers:
        why = "It is built without plugins, as qemu-user of Debian 13 is, and the clock is one."
    elif version is not None and int(version[1]) not in _VERSIONS:
        known = f"{_VERSIONS[0]} to {_VERSIONS[-1]}"
        why = f"It is version {version[1]}, and the clock is a plugin for {known}."
    else:
        return
    raise DeviceError(
        "The virtual device does not work with this qemu.",
        where=qemu,
        why=why,
        todo="Put another first on PATH: qemu-user of Debian 12 works.",
    )


def _make(source: Path, folder: Path) -> list[str]:
    more = ("-shared", "-fPIC", "-fvisibility=hidden")
    compile_c("cc", "gcc libc6-dev", [source], folder / _CLOCK, *more)
    for name, text in _SYSTEM_FILES.items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return []
