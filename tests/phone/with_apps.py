"""Apps for the virtual phone, where this computer has what runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import ai_edge_litert

from _edgeship.device_bench.app.resources import RES
from tests.android.unpacked import JSON_JAR
from tests.phone.apps import Apps
from tests.phone.machine import Machine
from tests.phone.sync import Storage

# A program or a file -> Debian package that has it.
_NEEDED = {
    "enjarify": "enjarify",
    "gcc": "gcc",
    "javac": "openjdk-17-jdk-headless",
    "unshare": "util-linux",
    str(JSON_JAR): "libandroid-json-java",
}

#: The folder with the libLiteRt.so of the Python package, which runs on this computer.
LITERT = Path(next(iter(ai_edge_litert.__path__)))


def missing_packages() -> list[str]:
    """Return the Debian packages that apps need and this computer lacks."""
    return sorted(
        {
            package
            for name, package in _NEEDED.items()
            if not (Path(name).is_file() if "/" in name else shutil.which(name))
        }
    )


def make_apps(root: Path, machine: Machine, storage: Storage) -> Apps:
    """Let a phone have apps; LiteRT is there for those that bring none."""
    return Apps(root, machine, storage, RES, LITERT)
