"""The app as a file on the host, and as what is installed on a phone."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from _edgeship.device_bench.app.project import ABIS, versions
from _edgeship.device_bench.devices.system import read_properties
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.runners import app_on_phone
from _edgeship.errors import DeviceError, InputError

# The names by which LiteRT looks for its accelerators.
_GPU_LIBRARY = re.compile(r"lib/(?P<abi>[\w-]{1,40})/libLiteRt\w{0,64}Accelerator\.so")

_SECONDS = 30.0
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Package:
    """An APK.

    Attributes:
        path: The file.
        sha256: Digest of its bytes.
        libraries: ABI -> SHA-256 of the LiteRT library in it.
        for_gpus: The ABIs for which it has an accelerator for GPUs.
    """

    path: Path
    sha256: str
    libraries: Mapping[str, str]
    for_gpus: frozenset[str] = frozenset()

    def litert(self, abi: str) -> str:
        """Return a name for its LiteRT library, whose version the library itself does not tell."""
        digest = self.libraries.get(abi)
        return "LiteRT outside of the APK" if digest is None else f"LiteRT {digest[:12]}"


def read_package(path: Path) -> Package:
    """Return what is known of an APK.

    Raises:
        InputError: There is no such file, or it is no APK.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
            libraries = {
                abi: _digest(packed, name)
                for abi in ABIS
                if (name := f"lib/{abi}/libLiteRt.so") in names
            }
    # What zipfile raises for damaged and hostile archives.
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise _no_app(path, str(error)) from error
    if "AndroidManifest.xml" not in names:
        raise _no_app(path, "It has no AndroidManifest.xml.")
    found = (_GPU_LIBRARY.fullmatch(name) for name in names)
    return Package(path, digest, libraries, frozenset(match["abi"] for match in found if match))


def _digest(packed: zipfile.ZipFile, name: str) -> str:
    """Return the SHA-256 of a file in an archive, which may unpack to any size."""
    found = hashlib.sha256()
    with packed.open(name) as file:
        while piece := file.read(_PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()


def _no_app(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is no app.",
        why=why,
        todo="Build one: `python -m device_bench app build`; or use --runner app.",
    )


def check_phone(device: Device) -> str:
    """Return the phone's ABI.

    Raises:
        DeviceError: It is no phone, or the app does not run on one like it.
    """
    if not device.selector.startswith("adb:"):
        raise DeviceError(
            "The app runner needs a phone with Android.",
            where=device.selector,
            todo="Use --device adb, or --runner native.",
        )
    abi = read_properties(device).abi
    if abi not in ABIS:
        raise DeviceError(
            f"The app cannot run on a phone with the ABI {abi}.",
            where=device.selector,
            why=f"It is built for {' and '.join(ABIS)}.",
            todo="Use --runner benchmark_model:FILE with a binary for that phone.",
        )
    done = device.run(["getprop", "ro.build.version.sdk"], timeout=_SECONDS)
    level = done.out.strip()
    least = versions().min_sdk
    if not level.isdecimal() or int(level) < least:
        raise DeviceError(
            "The app cannot run on this phone's Android.",
            where=device.selector,
            why=f"Its API level is {level[:20]!r}; the app needs {least}.",
            todo="Use a phone with Android 8 or later, or --runner native.",
        )
    return abi


def check_accelerator(package: Package, accelerator: str, abi: str) -> None:
    """Check that an app can use an accelerator.

    Raises:
        InputError: There is no library for it in the app.
    """
    if accelerator == "cpu" or abi in package.for_gpus:
        return
    raise InputError(
        f"The app has no accelerator for GPUs for {abi}.",
        where=str(package.path),
        why="LiteRT loads it from a library of its own, such as libLiteRtGpuAccelerator.so.",
        todo="build the app with it: `python -m device_bench app build --litert litert.aar "
        "--litert litert-gpu.aar`, both of com.google.ai.edge.litert from Google Maven",
    )


def update(workspace: Workspace, package: Package) -> None:
    """Install the app unless the phone has exactly this one.

    Raises:
        DeviceError: The phone refuses it, or does not have it in the end.
    """
    device = workspace.device
    if app_on_phone.installed_digest(device) == package.sha256:
        return
    app_on_phone.install(device, workspace.put(package.path))
    found = app_on_phone.installed_digest(device)
    if found == package.sha256:
        return
    raise DeviceError(
        "The phone does not have the app, though it said that it installed it.",
        where=device.selector,
        why="It has another one of that name." if found else "It lists none of that name.",
        todo="Install it by hand with `adb install -r APK`, and look at what the phone asks.",
    )
