"""The Android project, and what it says about itself: package, version and SDK levels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from _edgeship.errors import InputError

#: The Gradle project, as it is mounted beside this package.
PROJECT = Path(__file__).parents[2] / "android_app"

#: Its folder with the manifest, the sources and the resources.
MAIN = PROJECT / "app" / "src" / "main"

#: Name of the app on a device, and of the Java package.
PACKAGE = "dev.edgeship.bench"

#: What its libraries are built for, by Android's names.
ABIS = ("arm64-v8a", "x86_64")

#: The one place for versions and SDK levels, read by Gradle as well.
CATALOG = PROJECT / "gradle" / "libs.versions.toml"

_VERSION = re.compile(r'^([A-Za-z]+) = "([^"\n]+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Versions:
    """What the catalog says.

    Attributes:
        name: Version of the app, such as "1.2.3".
        min_sdk: The oldest API level that it is installed on.
        target_sdk: The API level that it was written for.
        java: The version of Java in its sources.
        litert: The version of LiteRT that Gradle takes.
    """

    name: str
    min_sdk: int
    target_sdk: int
    java: int
    litert: str

    @property
    def code(self) -> int:
        """The version as Android compares it: 1.2.3 is 1002003."""
        code = 0
        for part in self.name.split("."):
            code = code * 1000 + int(part)
        return code


def versions() -> Versions:
    """Return what the catalog says.

    Raises:
        InputError: The project is not there, or its catalog lacks a version.
    """
    try:
        found = parse_catalog(CATALOG.read_text(encoding="utf-8"))
        return Versions(
            name=found["app"],
            min_sdk=int(found["minSdk"]),
            target_sdk=int(found["targetSdk"]),
            java=int(found["java"]),
            litert=found["litert"],
        )
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            "The versions of the Android app cannot be read.",
            where=str(CATALOG),
            why=f"{type(error).__name__}: {error}",
            todo="Install the package again; a changed catalog needs these versions: "
            "app, minSdk, targetSdk, java, litert.",
        ) from error


def parse_catalog(text: str) -> dict[str, str]:
    """Return the table [versions] of a version catalog, of which each line is NAME = "VERSION".

    Python has a reader of TOML since 3.11 only.
    """
    table = text.partition("\n[versions]\n")[2].partition("\n[")[0]
    return dict(_VERSION.findall(table))
