"""The folder that is "/" on the virtual phone: an Android-shaped arm64 system.

mksh and toybox, which are Android's shell and tools too, come from Debian's arm64 packages. What
Android tells about hardware is made up here: a chip with small and big cores that has thermal
zones, a battery and a screen.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from models.downloads import cache_folder

# Debian package -> the files of it that the phone needs, and where they lie on the phone.
_PACKAGES = {
    "mksh": {"bin/mksh": "system/bin/mksh"},
    "toybox": {"bin/toybox": "system/bin/toybox"},
    "libc6": {
        "lib/aarch64-linux-gnu/ld-linux-aarch64.so.1": "system/bin/linker64",
        "lib/aarch64-linux-gnu/libc.so.6": "lib/aarch64-linux-gnu/libc.so.6",
        "lib/aarch64-linux-gnu/libm.so.6": "lib/aarch64-linux-gnu/libm.so.6",
    },
    "libcrypt1": {"lib/aarch64-linux-gnu/libcrypt.so.1.1.0": "lib/aarch64-linux-gnu/libcrypt.so.1"},
}

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCE = f"deb [signed-by={_KEYRING}] http://deb.debian.org/debian bookworm main\n"

# Nothing of the system's own package lists is read or written.
_APT = """
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Sandbox::User "";
"""

# Programs look for their loader here. An Android phone has no such file, and the virtual one must
# have none either: a program that was not brought with its own loader must fail on both.
_GLIBC_LOADER = b"/lib/ld-linux-aarch64.so.1"
_PHONE_LOADER = b"/system/bin/linker64"

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


class FetchError(Exception):
    """The programs of the phone are not there and cannot be got."""


def programs() -> Path:
    """Return a folder with the phone's arm64 programs; fetched once, then kept in the cache.

    Raises:
        FetchError: Debian's packages cannot be had; the message says why.
    """
    # Under another name when what it is made from changes.
    recipe = repr((_PACKAGES, _SOURCE, _PHONE_LOADER))
    name = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    folder = cache_folder() / "virtual-phone" / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        own = Path(unfinished)
        files = own / "files"
        for package in _download(own):
            _extract(package, _PACKAGES[package.name.partition("_")[0]], files)
        for program in ("mksh", "toybox"):
            _use_phone_loader(files / "system/bin" / program)
        try:
            files.rename(folder)
        except OSError:
            if not folder.is_dir():  # Somebody else was faster.
                raise
    return folder


def _download(folder: Path) -> list[Path]:
    """Fetch the packages with apt, which checks Debian's signatures, and return their files."""
    if not _KEYRING.is_file():
        raise FetchError(f"{_KEYRING} is not there (package debian-archive-keyring)")
    (folder / "lists/partial").mkdir(parents=True)
    (folder / "archives/partial").mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(_SOURCE)
    (folder / "apt.conf").write_text(_APT.format(folder=folder))
    environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}
    for words in (["update"], ["download", *_PACKAGES]):
        try:
            subprocess.run(  # noqa: S603  all words are ours
                ["apt-get", "-qq", *words],  # noqa: S607
                cwd=folder,
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            )
        except FileNotFoundError as error:
            raise FetchError("apt-get is not there: this is no Debian or Ubuntu") from error
        except subprocess.CalledProcessError as error:
            raise FetchError(f"apt-get {words[0]} failed: {error.stderr.strip()}") from error
    return sorted(folder.glob("*.deb"))


def _extract(package: Path, wanted: Mapping[str, str], folder: Path) -> None:
    """Copy the wanted files out of a package."""
    reading = subprocess.Popen(  # noqa: S603  our own file
        ["dpkg-deb", "--fsys-tarfile", package],  # noqa: S607
        stdout=subprocess.PIPE,
    )
    found = 0
    with reading, tarfile.open(fileobj=reading.stdout, mode="r|") as archive:
        for member in archive:
            target = wanted.get(member.name.removeprefix("./"))
            if target is not None:
                content = archive.extractfile(member)
                assert content is not None
                path = folder / target
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
                path.chmod(0o755)
                found += 1
    if reading.returncode or found != len(wanted):
        raise FetchError(f"{package.name} does not hold {', '.join(wanted)}")


def _use_phone_loader(program: Path) -> None:
    content = program.read_bytes()
    assert content.count(_GLIBC_LOADER + b"\0") == 1
    program.write_bytes(
        content.replace(_GLIBC_LOADER, _PHONE_LOADER.ljust(len(_GLIBC_LOADER), b"\0"))
    )


def build(folder: Path) -> None:
    """Make the phone's "/" in an empty folder.

    Raises:
        FetchError: Its programs cannot be had.
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
    """Put qemu, and the libraries of this machine that it needs, where it finds them."""
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
    """Return the phone's cores.

    They are those of this machine that we may use, so that pinning to one of them works. The first
    half of them is called small.
    """
    return sorted(os.sched_getaffinity(0))


def little_cores() -> list[int]:
    """Return those that are called small."""
    cores = core_numbers()
    return cores[: len(cores) // 2]


def write_hardware(
    folder: Path, *, big_khz_cap: int = BIG_KHZ, celsius: float = 31.0, thermal_status: int = 0
) -> None:
    """Write what the kernel and the system services tell about the hardware.

    Args:
        folder: The phone's "/".
        big_khz_cap: Highest frequency of the big cores that is allowed now.
        celsius: Temperature of the chip.
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
    services = folder / "system/etc/dumpsys"
    (services / "battery").write_text(BATTERY)
    (services / "power").write_text(POWER)
    (services / "thermalservice").write_text(_thermal_service(celsius, thermal_status))


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
