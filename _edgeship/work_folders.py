"""Folders that are there only while a process works in them, also where processes are killed.

A process that is killed removes nothing. Each folder is therefore locked by whoever works in it,
and the system lets go of the lock when that process ends, however it ends. Whoever makes the next
folder of the same kind in the same place removes those that nobody holds any more.

Where a file system knows no locks (some network drives), nothing is removed but one's own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: What the names of folders among other programs' temporary files begin with.
_TEMPORARY = "edgeship-work-"

#: What `tempfile.mkdtemp` ends a name with.
_RANDOM = re.compile(r"[a-z0-9_]{8}")

#: How often a folder is made until it is ours: one may be taken away before it is locked.
_ATTEMPTS = 20

#: Where it was looked for what others left, in this process.
_swept: set[Path] = set()


class WorkFolder:
    """A new folder that its process holds; see `work_folder`.

    Attributes:
        path: Where it is.
    """

    def __init__(self, parent: Path, prefix: str) -> None:
        """Make it, readable by its owner alone.

        Raises:
            OSError: It cannot be made.
        """
        for _ in range(_ATTEMPTS):
            self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            lock = _locked(self.path)
            # Somebody may have seen it before it was locked, and removed it.
            if lock is not None and _is_at(lock, self.path):
                self._lock = lock
                return
            _let_go(lock)
        raise FileNotFoundError(f"{parent} loses its folders")

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        _let_go(self._lock)
        self._lock = -1


@contextmanager
def work_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder to work in, until the end of the block; first remove what others left.

    Args:
        parent: The folder that it is made in.
        prefix: What its name begins with, unlike names of other kinds.

    Raises:
        OSError: It cannot be made.
    """
    remove_left_behind(parent, prefix)
    folder = WorkFolder(parent, prefix)
    try:
        yield folder.path
    finally:
        folder.remove()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder among the temporary files of this computer, until the end of the block.

    Raises:
        OSError: It cannot be made.
    """
    folder = new_temporary_folder()
    try:
        yield folder.path
    finally:
        folder.remove()


def new_temporary_folder() -> WorkFolder:
    """Return a folder as of `temporary_folder`, which the caller removes.

    Raises:
        OSError: It cannot be made.
    """
    parent = Path(tempfile.gettempdir())
    if parent not in _swept:  # it may hold very many files
        _swept.add(parent)
        remove_left_behind(parent, _TEMPORARY)
    return WorkFolder(parent, _TEMPORARY)


def remove_left_behind(
    parent: Path, prefix: str, before: Callable[[Path], None] = lambda folder: None
) -> None:
    """Remove the folders of one kind whose processes have ended.

    Args:
        parent: The folder that they are in.
        prefix: What their names begin with.
        before: Is called with each, before it is removed.

    Raises:
        OSError: ``parent`` cannot be read.
    """
    for path in sorted(parent.iterdir()):
        random = path.name.removeprefix(prefix)
        if random == path.name or not _RANDOM.fullmatch(random) or not _is_own_folder(path):
            continue
        lock = _locked(path)
        if lock in (None, _UNLOCKABLE):
            continue
        try:
            before(path)
            shutil.rmtree(path, ignore_errors=True)
        finally:
            _let_go(lock)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Wait until no other process holds a folder, and hold it until the end of the block.

    Where the file system knows no locks, there is nothing to wait for.

    Raises:
        OSError: It cannot be opened.
    """
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


#: Stands for the lock of a folder on a file system that has none.
_UNLOCKABLE = -1


def _locked(path: Path) -> int | None:
    """Return the lock of a folder, or None if another process holds it or it is gone."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    except OSError:
        os.close(number)
        return _UNLOCKABLE
    return number


def _is_at(lock: int, path: Path) -> bool:
    """Return whether a locked folder still stands under its name."""
    if lock == _UNLOCKABLE:
        return path.is_dir()
    try:
        return os.path.samestat(os.fstat(lock), path.lstat())
    except OSError:
        return False


def _let_go(lock: int | None) -> None:
    if lock is not None and lock != _UNLOCKABLE:
        os.close(lock)


def _is_own_folder(path: Path) -> bool:
    """Return whether a path is a folder, and no link to one, that belongs to this user."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
