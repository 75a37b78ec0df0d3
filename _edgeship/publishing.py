"""Moving finished files to their final names, all of them also if the process is killed meanwhile.

What is to be moved is written down first. Each move replaces one file by another at once, folders
too where the system can exchange two (Linux; elsewhere a folder's name is free for an instant). A
process that finds such a list, and nobody who works on it, does what is left of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Of Linux's renameat2: both names stay, and change places.
_RENAME_EXCHANGE = 2

#: Of Linux's system calls with paths: relative to the current folder.
_AT_FDCWD = -100

#: A file system that cannot exchange, or a system that is too old for it.
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM)


@dataclass(frozen=True)
class Publication:
    """Files on their way to their final names.

    Attributes:
        target: The folder that they go to.
        work: The temporary folder, on the same disk.
    """

    target: Path
    work: Path

    @property
    def fresh(self) -> Path:
        """The folder of what is new, under the final names."""
        return self.work / "new"

    @property
    def old(self) -> Path:
        """The folder that replaced folders are moved to."""
        return self.work / "old"

    @property
    def list(self) -> Path:
        """The file that says what is to be moved."""
        return self.work / "publish.json"


def publish(publication: Publication, written: Sequence[str], failed: Collection[str]) -> None:
    """Move files and folders to their final names; set aside what stands at other ones.

    Args:
        publication: Where they lie.
        written: Their names.
        failed: Names of what did not come to be.

    Raises:
        OSError: They cannot be moved.
    """
    publication.old.mkdir()
    numbers = {name: (publication.fresh / name).lstat().st_ino for name in written}
    # By another name first: half a list must not be taken for a whole one.
    draft = publication.list.with_suffix(".draft")
    draft.write_text(json.dumps({"written": numbers, "failed": list(failed)}))
    draft.replace(publication.list)
    _move(publication, numbers, failed)


def finish(publication: Publication) -> None:
    """Do what is left to do for a publication whose process was killed, if it has a list.

    Raises:
        OSError: A file cannot be moved.
    """
    try:
        said: dict[str, Any] = json.loads(publication.list.read_bytes())
    except FileNotFoundError:
        return
    _move(publication, said["written"], said["failed"])


def set_aside(folder: Path, name: str) -> None:
    """Rename a file or folder to NAME.previous, in place of an earlier one, if there is any.

    Raises:
        OSError: It cannot be renamed.
    """
    path, previous = folder / name, folder / f"{name}.previous"
    if not path.exists():
        return
    if previous.is_dir() and not previous.is_symlink():
        shutil.rmtree(previous)
    with contextlib.suppress(FileNotFoundError):
        path.replace(previous)


def _move(publication: Publication, numbers: dict[str, int], failed: Collection[str]) -> None:
    for name in failed:
        set_aside(publication.target, name)
    for name, number in numbers.items():
        fresh = publication.fresh / name
        # After an exchange, the old folder is under that name.
        if fresh.exists() and fresh.lstat().st_ino == number:
            _replace(fresh, publication.target / name, publication.old / name)


def _replace(source: Path, target: Path, aside: Path) -> None:
    """Move ``source`` to ``target``; a folder that stands there is moved out of the way."""
    in_the_way = target.is_dir() or (target.exists() and source.is_dir())
    if in_the_way and _exchange(source, target):
        return
    if in_the_way:
        target.rename(aside)
    try:
        source.replace(target)
    except OSError:
        if in_the_way:
            aside.rename(target)
        raise


def _exchange(left: Path, right: Path) -> bool:
    """Exchange two files or folders at once; return False where that cannot be done.

    Raises:
        OSError: They cannot be moved at all.
    """
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    paths = os.fsencode(left), os.fsencode(right)
    if call(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(right))
