"""The arm64 programs of the virtual phone, from Debian's packages.

mksh and toybox are also Android's shell and tools.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from _edgeship.cache import cache_folder

# Debian package -> the files in it that the phone needs -> where they are on the phone.
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

# Uses the system's list of sources, for another processor; nothing else of the system's state is
# read or written.
_APT = """
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
Dir::Etc::preferencesparts "-";
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Sandbox::User "";
"""

# Where programs look for their loader. An Android phone has no such file, and neither must the
# virtual one: a program that does not bring its own loader has to fail on both.
_GLIBC_LOADER = b"/lib/ld-linux-aarch64.so.1"
_PHONE_LOADER = b"/system/bin/linker64"


class FetchError(Exception):
    """The programs of the phone are missing and cannot be fetched."""


def programs() -> Path:
    """Return a folder with the phone's arm64 programs; fetched once, then kept in the cache.

    Raises:
        FetchError: Debian's packages cannot be fetched; the message says why.
    """
    # The name changes with what the folder is made from.
    recipe = repr((_PACKAGES, _PHONE_LOADER))
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
    (folder / "lists/partial").mkdir(parents=True)
    (folder / "archives/partial").mkdir(parents=True)
    (folder / "status").touch()
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
            # Later releases have everything below /usr.
            target = wanted.get(member.name.removeprefix("./").removeprefix("usr/"))
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
