"""Android's classes without their code, to compile against: from a package of Debian 11.

Later releases of Debian have no such package, so apt fetches this one with lists of its own from
the mirror that the machine uses. Nothing is installed, and the system's apt is left as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from _edgeship.cache import cache_folder
from _edgeship.device_bench.building.once import run_tool
from _edgeship.device_bench.processes.words import last_words
from _edgeship.errors import DeviceError
from _edgeship.files import sha256_of
from _edgeship.work_folders import work_folder

#: Name of the jar in the folder that `put_stubs` fills.
STUBS_JAR = "android.jar"

_PACKAGE, _VERSION, _SUITE = "libandroid-23-java", "6.0.1+r72-6", "bullseye"
_DEB = f"{_PACKAGE}_{_VERSION}_all.deb"
_DEB_SHA256 = "8af1b6df556971dda0a6da3536ea526a838e0c363afcdd454213d8bce94793e3"
_MEMBER = "usr/share/java/com.android.android-23.jar"
_JAR_SHA256 = "4475aa3fe1fc28bdb87ae6351d6ccff58f344a1b9e2fe685f7a6fee41ba68613"

#: All that the folder's content depends on.
STUBS_PINS = (_DEB.encode(), _DEB_SHA256.encode(), _JAR_SHA256.encode())

#: The variable of the environment with a mirror of Debian, for machines that have none.
MIRROR = "EDGESHIP_DEBIAN_MIRROR"

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCES = Path("/etc/apt")
_MIRROR = re.compile(r"https?://[^\s\"']+/debian/?(?=\s|$)")
_ADDRESS = re.compile(r"https?://[^\s\"'\[\]]+")

_SECONDS = 600.0

# Read after the system's configuration, whose proxies it keeps; hooks of the system's are not run.
_CONFIGURATION = """
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def put_stubs(folder: Path) -> Sequence[str]:
    """Fill an empty folder with the jar.

    A package that lies in the cache's folder `debs` is taken before one is fetched.

    Raises:
        DeviceError: The package cannot be had, or is not the published one.
    """
    given = _given()
    with work_folder(folder.parent, "download.") as own:
        package = given if given.is_file() else _download(own)
        _check(package, _DEB_SHA256)
        done = run_tool(["dpkg-deb", "-x", str(package), f"{own}/x"], "dpkg", seconds=_SECONDS)
        jar = own / "x" / _MEMBER
        if done.code != 0 or not jar.is_file():
            raise DeviceError(f"{_DEB} cannot be unpacked.", why=last_words(done))
        _check(jar, _JAR_SHA256)
        jar.replace(folder / STUBS_JAR)
    return [f"{STUBS_JAR} comes out of {_PACKAGE} {_VERSION} of Debian."]


def _check(path: Path, expected: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise DeviceError(
            f"{path.name} is not the published one.",
            where=str(path),
            why=f"Its SHA-256 is {found}, and not {expected}.",
        )


def _download(folder: Path) -> Path:
    """Return the package, fetched by apt with lists of its own in an empty folder."""
    mirror = _mirror()
    # The package is checked by its SHA-256 in any case.
    option = f"signed-by={_KEYRING}" if _KEYRING.is_file() else "trusted=yes"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [{option}] {mirror} {_SUITE} main\n")
    (folder / "apt.conf").write_text(_CONFIGURATION.format(folder=folder))
    _apt(folder, "update")
    # apt-get writes into the folder where it stands.
    _apt(folder, "download", f"{_PACKAGE}={_VERSION}")
    return folder / _DEB


def _apt(folder: Path, *words: str) -> None:
    script = 'cd "$1" && shift && exec apt-get -qq -c ./apt.conf "$@"'
    done = run_tool(["sh", "-c", script, "sh", str(folder), *words], "apt", seconds=_SECONDS)
    if done.code != 0:
        raise DeviceError(
            f"The classes of Android ({_PACKAGE} of Debian 11) cannot be fetched.",
            where=f"apt-get {' '.join(words)}",
            why=last_words(done),
            todo=_by_hand("Check the network and try again"),
        )


def check_obtainable() -> None:
    """Check that the package is there, or that apt knows where to look for it.

    Raises:
        DeviceError: There is no mirror of Debian.
    """
    if not _given().is_file():
        _mirror()


def _given() -> Path:
    """Return where a user puts the package by hand."""
    return cache_folder() / "debs" / _DEB


def _mirror() -> str:
    """Return the address of the Debian mirror that this machine uses, or its user names."""
    if named := os.environ.get(MIRROR, ""):
        if _ADDRESS.fullmatch(named):
            return named
        raise DeviceError(
            f"{MIRROR} is no address of a mirror of Debian.",
            why=f"It is {named!r}.",
            todo="It must begin with http:// or https://, as in /etc/apt/sources.list.",
        )
    for path in sorted(_SOURCES.rglob("*")):
        if path.suffix in {".list", ".sources"} and path.is_file():
            lines = path.read_text(errors="replace").splitlines()
            text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
            if found := _MIRROR.search(text):
                return found.group()
    raise DeviceError(
        f"The classes of Android ({_PACKAGE} of Debian 11) cannot be fetched.",
        why=f"No mirror of Debian is named in {_SOURCES}.",
        todo=_by_hand(f"Name one with the variable {MIRROR}"),
    )


def _by_hand(first: str) -> str:
    return f"{first}, or put {_DEB} into {_given().parent}."
