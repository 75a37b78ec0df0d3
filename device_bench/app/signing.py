"""Signing an APK, and checking it with the tools that Android's own builds use."""

from __future__ import annotations

import fcntl
import re
from dataclasses import dataclass
from pathlib import Path

from _edgeship.cache import cache_folder
from _edgeship.device_bench.app.project import Versions
from _edgeship.device_bench.building.once import run_tool
from _edgeship.device_bench.processes.words import last_words
from _edgeship.errors import DeviceError, InputError
from _edgeship.work_folders import work_folder

#: The variable of the environment with the password of a key of the user's.
PASSWORD = "EDGESHIP_KEY_PASSWORD"  # noqa: S105  (the name of a variable)

# It guards nothing: the file is readable for its owner only, and PKCS #12 asks for a password.
_OWN_PASSWORD = "edgeship"  # noqa: S105

_SECONDS = 120.0
_SIGNER = re.compile(r"^Signer #1 certificate SHA-256 digest: ([0-9a-f]{64})$", re.MULTILINE)
_SCHEME = re.compile(r"^Verified using v(\d) scheme.*: true$", re.MULTILINE)


@dataclass(frozen=True)
class Key:
    """What an APK is signed with.

    Attributes:
        path: A key store (PKCS #12 or JKS) with one private key.
        password: Where apksigner takes its password from.
    """

    path: Path
    password: str


def signing_key(path: Path | None) -> Key:
    """Return the user's key, or our own, which is made once and kept in the cache's folder.

    Android updates an app only if the new one is signed with the same key.

    Args:
        path: The user's key store; its password is in the environment variable `PASSWORD`.

    Raises:
        InputError: There is no such file.
        DeviceError: A key cannot be made.
    """
    if path is not None:
        if not path.is_file():
            raise InputError(f"--key {path}: there is no such file.", todo="check the path")
        return Key(path, f"env:{PASSWORD}")
    own = cache_folder() / "android-key.p12"
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        with (own.parent / ".android-key.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not own.is_file():
                _make(own)
    except OSError as error:
        raise DeviceError(
            "There is no place for the key that signs the app.",
            where=str(own),
            why=error.strerror or str(error),
            todo="Make room there, or name another folder with EDGESHIP_CACHE.",
        ) from error
    return Key(own, f"pass:{_OWN_PASSWORD}")


def _make(path: Path) -> None:
    # mkdtemp's folder is its owner's alone, and so is the key in it until its mode is set.
    with work_folder(path.parent, "key.") as own:
        fresh = own / path.name
        done = run_tool(
            [
                *("keytool", "-genkeypair", "-keystore", str(fresh), "-storetype", "PKCS12"),
                *("-storepass", _OWN_PASSWORD, "-alias", "bench", "-dname", "CN=edgeship bench"),
                *("-keyalg", "RSA", "-keysize", "2048", "-validity", "10000"),
            ],
            "openjdk-17-jdk-headless",
            seconds=_SECONDS,
        )
        if done.code != 0:
            raise DeviceError("The key that signs the app cannot be made.", why=last_words(done))
        fresh.chmod(0o600)
        fresh.replace(path)


def sign(unsigned: Path, signed: Path, key: Key, versions: Versions) -> None:
    """Sign an APK with the schemes v2 and v3; v1 is for Androids older than ours.

    Raises:
        InputError: The user's key store cannot be opened.
        DeviceError: Our own cannot.
    """
    done = run_tool(
        [
            *("apksigner", "sign", "--ks", str(key.path), "--ks-pass", key.password),
            *("--v1-signing-enabled", "false", "--v2-signing-enabled", "true"),
            *("--v3-signing-enabled", "true", "--v4-signing-enabled", "false"),
            *("--min-sdk-version", str(versions.min_sdk), "--out", str(signed), str(unsigned)),
        ],
        "apksigner",
        seconds=_SECONDS,
    )
    if done.code != 0:
        if key.password.startswith("env:"):
            raise InputError(
                f"The app cannot be signed with --key {key.path}.",
                why=last_words(done),
                todo=f"It must be a key store with one key; put its password into {PASSWORD}.",
            )
        raise DeviceError(
            "The app cannot be signed.",
            where=str(key.path),
            why=last_words(done),
            todo="Remove this file: another key is made then, and phones that have the app "
            "must remove it before they take the new one.",
        )


def verify(apk: Path, versions: Versions) -> str:
    """Check the signatures and the alignment of an APK.

    Returns:
        The SHA-256 of the signer's certificate, in hexadecimal.

    Raises:
        DeviceError: Something is wrong with it.
    """
    argv = ["apksigner", "verify", "--verbose", "--print-certs"]
    minimum = ["--min-sdk-version", str(versions.min_sdk)]
    done = run_tool([*argv, *minimum, str(apk)], "apksigner", seconds=_SECONDS)
    signer = _SIGNER.search(done.out)
    if done.code != 0 or signer is None or not {"2", "3"} <= set(_SCHEME.findall(done.out)):
        raise DeviceError("The app's signatures do not hold.", where=str(apk), why=last_words(done))
    aligned = run_tool(["zipalign", "-c", "-p", "4", str(apk)], "zipalign", seconds=_SECONDS)
    if aligned.code != 0:
        raise DeviceError("The app is not aligned.", where=str(apk), why=last_words(aligned))
    return signer.group(1)
