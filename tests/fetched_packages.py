"""Packages of PyPI that only tests need: fetched once by version and digest, and kept in the cache.

They lie in a folder of their own, for a process of its own to put on its path: some are large, some
would bring older versions of what the project needs.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from _edgeship.cache import cache_folder


class FetchError(Exception):
    """Packages are missing and cannot be fetched."""


def fetched(name: str, by_digest: Mapping[str, str], beside: Sequence[str] = ()) -> Path:
    """Return a folder of Python packages; what they need beside is not looked for.

    Args:
        name: Of the folder in the cache.
        by_digest: Package and version, as pip takes them -> SHA-256 of the wheel.
        beside: Further ones, by version alone.

    Raises:
        FetchError: The packages cannot be fetched; the message says why.
    """
    recipe = repr((by_digest, beside, sys.version_info[:2]))
    folder = cache_folder() / name / hashlib.sha256(recipe.encode()).hexdigest()[:12]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        pinned = unfinished / "pinned.txt"
        lines = [f"{package} --hash=sha256:{digest}\n" for package, digest in by_digest.items()]
        pinned.write_text("".join(lines))
        _pip(unfinished / "packages", "--require-hashes", "-r", str(pinned))
        if beside:
            _pip(unfinished / "packages", *beside)
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
