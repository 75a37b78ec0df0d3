"""Files and folders that appear at their final names only when the whole export succeeded."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType

from _edgeship.errors import InputError


class OutputFolder:
    """An output folder that is filled through a temporary folder inside it.

    As a context manager, it creates both on entry, which finds out early whether it may; on exit it
    removes the temporary folder, whatever happened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._work: Path | None = None
        self._names: list[str] = []
        self._created: list[Path] = []

    def __enter__(self) -> OutputFolder:
        try:
            self._created = _missing(self.path)
            self.path.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=".export-", dir=self.path))
        except OSError as error:
            raise InputError(
                f"the output folder {self.path} cannot be written.",
                why=error.strerror or str(error),
                todo="choose another one with --out DIR",
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
        for folder in self._created:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def reserve(self, name: str) -> None:
        """Name a file that is about to be made, so that a failure sets an earlier one aside."""
        if name not in self._names:
            self._names.append(name)

    def write(self, name: str, data: bytes) -> None:
        """Write a file under its temporary name.

        Raises:
            InputError: If the disk is full or the folder went away.
        """
        self.reserve(name)
        self._write(name, data)

    def write_folder(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write a folder, such as an .mlpackage, under its temporary name.

        Args:
            name: Of the folder.
            files: Path in the folder, with slashes -> content.

        Raises:
            InputError: If the disk is full or the folder went away.
        """
        self.reserve(name)
        for file, data in files.items():
            self._write(f"{name}/{file}", data)

    def _write(self, name: str, data: bytes) -> None:
        if self._work is None:
            raise RuntimeError("written outside of the with block")
        try:
            (self._work / name).parent.mkdir(parents=True, exist_ok=True)
            (self._work / name).write_bytes(data)
        except OSError as error:
            raise InputError(
                f"{self.path / name} could not be written.",
                why="no space is left on the device"
                if error.errno == errno.ENOSPC
                else error.strerror or str(error),
                todo="make room, or choose another folder with --out DIR",
            ) from error

    def publish(self, failed: Collection[str] = ()) -> list[Path]:
        """Move all that was written to its final name and return the paths.

        Whatever stands at one of these names, file or folder, is replaced.

        Args:
            failed: Names that were reserved and did not come to be; what stands there from earlier
                is set aside.
        """
        if self._work is None:
            raise RuntimeError("publish() outside of the with block")
        written = [name for name in self._names if name not in failed]
        for name in failed:
            self._set_aside(name)
        for name in written:
            _replace(self._work / name, self.path / name, self._work / f"{name}.replaced")
        return [self.path / name for name in written]

    @property
    def names(self) -> tuple[str, ...]:
        """What was reserved or written so far."""
        return tuple(self._names)

    def set_aside(self, *others: str) -> None:
        """Rename earlier files of the same names to NAME.previous.

        After a failed verification, nobody must find a file that could pass for the result.

        Args:
            others: Further names of files to set aside.
        """
        for name in (*self._names, *others):
            self._set_aside(name)

    def _set_aside(self, name: str) -> None:
        if (self.path / name).exists():
            previous = self.path / f"{name}.previous"
            _remove_folder(previous)
            (self.path / name).replace(previous)


def _replace(source: Path, target: Path, aside: Path) -> None:
    """Rename ``source`` to ``target``; a folder that stands there is moved to ``aside`` first."""
    in_the_way = target.is_dir() or (target.exists() and source.is_dir())
    if in_the_way:
        target.rename(aside)
    try:
        source.replace(target)
    except OSError:
        if in_the_way:
            aside.rename(target)
        raise


def _remove_folder(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


def _missing(path: Path) -> list[Path]:
    """Return the folders that making ``path`` creates, innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]
