"""What `verify --runtime browser` needs: a browser, and LiteRT.js, which npm fetches once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from _edgeship.cache import cache_folder
from _edgeship.errors import InputError
from _edgeship.work_folders import work_folder

#: Programs of browsers that run without a screen in the same way, the first one that is found.
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: Names a folder that holds the packages instead, as npm unpacks them.
FOLDER = "EDGESHIP_LITERTJS"

_VERSION = "2.5.3"

#: Package -> SHA-256 of its archive.
_PACKAGES = {
    "core": "a97660833e9e7e1063c95e12016718881240b14f7438728a2f62785e912d30fd",
    "wasm-utils": "ce2a1f8379c067be49e59752e5a7f40db6be09f6e497f0f11e59f17b515366a7",
}

#: What a page loads of a package first.
_ENTRY = "dist/index.js"

#: What is kept of a package.
_KEPT = (_ENTRY, "wasm/")

_SECONDS = 600.0


def find_browser() -> str:
    """Return the program of a browser.

    Raises:
        InputError: There is none.
    """
    for name in _BROWSERS:
        if found := shutil.which(name):
            return found
    raise InputError(
        "There is no browser that can run without a screen.",
        why=f"none of {', '.join(_BROWSERS)} is on PATH",
        todo="install one: Debian's package chromium, or Chrome",
    )


def litertjs() -> Path:
    """Return the folder that holds LiteRT.js; npm fetches it if the cache does not have it.

    Raises:
        InputError: It cannot be fetched, is not what was published, or is not in the folder that
            the user names.
    """
    if own := os.environ.get(FOLDER):
        return _checked(Path(own))
    folder = cached_litertjs()
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(folder.parent, "download.") as place:
            fresh = place / "fresh"
            for package, expected in _PACKAGES.items():
                _unpack(_fetch(package, place), expected, fresh / package)
            try:
                fresh.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process was first
                    raise
    except OSError as error:
        raise InputError(
            "LiteRT.js cannot be kept.",
            where=str(folder),
            why=error.strerror or str(error),
            todo="make room there, or name another folder with EDGESHIP_CACHE",
        ) from error
    return folder


def cached_litertjs() -> Path:
    """Return where LiteRT.js is kept; it may not be there yet."""
    return cache_folder() / f"litertjs-{_VERSION}-{_PACKAGES['core'][:12]}"


def missing() -> InputError | None:
    """Return what is missing for the runtime, None if nothing is; nothing is fetched."""
    try:
        find_browser()
        if own := os.environ.get(FOLDER):
            _checked(Path(own))
            return None
    except InputError as error:
        return error
    here = cached_litertjs().is_dir() or shutil.which("npm")
    return None if here else _no_npm("LiteRT.js")


def _checked(folder: Path) -> Path:
    """Return a folder of the user's; a page without its programs would wait for them in vain."""
    for package in _PACKAGES:
        if not (folder / package / _ENTRY).is_file():
            raise InputError(
                f"{FOLDER} names a folder without LiteRT.js.",
                where=str(folder),
                why=f"there is no {package}/{_ENTRY}",
                todo=f"unpack npm's packages {' and '.join(_PACKAGES)} of @litertjs there",
            )
    return folder


def _no_npm(name: str) -> InputError:
    return InputError(
        f"The program npm, which fetches {name}, is missing.",
        todo=f"install Debian's package npm, or name a folder that holds it with {FOLDER}",
    )


def _fetch(package: str, folder: Path) -> Path:
    """Return the archive of a package, which npm fetches."""
    name = f"@litertjs/{package}@{_VERSION}"
    npm = shutil.which("npm")
    if npm is None:
        raise _no_npm(name)
    try:
        done = subprocess.run(  # noqa: S603  (what npm is asked for is fixed)
            [npm, "pack", "--silent", f"--pack-destination={folder}", name],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            cwd=folder,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"npm cannot fetch {name}.",
            why=f"it did not finish within {_SECONDS:g} s",
            todo="check the network and that npm works here; it is 12 MB",
        ) from error
    archives = list(folder.glob(f"litertjs-{package}-*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise InputError(
            f"npm cannot fetch {name}.",
            why=said[-1],
            todo="check the network and that npm works here; it is 12 MB",
        )
    return archives[0]


def _unpack(archive: Path, expected: str, folder: Path) -> None:
    """Unpack what is kept of a package into a folder."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != expected:
        raise InputError(
            f"{archive.name} is not what was published.",
            why=f"its SHA-256 is {found} and not {expected}",
            todo="look at where npm fetches from: npm config get registry",
        )
    with tarfile.open(archive) as members:
        for member in members:
            name = member.name.removeprefix("package/")
            if member.isfile() and name.startswith(_KEPT):
                content = members.extractfile(member)
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read() if content is not None else b"")
