"""Files and folders that appear at their final names only when the whole export succeeded."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from _edgeship.errors import InputError
from _edgeship.publishing import Publication, finish, publish, set_aside
from _edgeship.work_folders import WorkFolder, held, remove_left_behind

#: What the names of temporary folders in an output folder begin with.
PREFIX = ".export-"

#: How often the output folder is made: an export that fails may remove it as ours begins.
_ATTEMPTS = 5


class OutputFolder:
    """An output folder that is filled through a temporary folder inside it.

    As a context manager, it creates both on entry, which finds out early whether it may; on exit it
    removes the temporary folder, whatever happened. Several processes may fill one folder. What a
    process left that was killed is removed on entry; if it was just publishing, that is finished.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._work: WorkFolder | None = None
        self._names: list[str] = []
        self._created: list[Path] = []
        self._alone = False

    def __enter__(self) -> OutputFolder:
        try:
            self._created = _missing(self.path)
            self._work = self._begun()
        except OSError as error:
            raise InputError(
                f"the output folder {self.path} cannot be written.",
                why=_why(error),
                todo="choose another one",
            ) from error
        return self

    def _begun(self) -> WorkFolder:
        for attempt in range(_ATTEMPTS):
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                with held(self.path):
                    self._finish_others()
                return WorkFolder(self.path, PREFIX)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._work is not None:
            self._work.remove()
        for folder in self._created:
            with contextlib.suppress(OSError):  # it is not empty, or another export removed it
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
        fresh = self._publication().fresh / name
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(data)
        except OSError as error:
            raise _unwritable(self.path / name, error) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other export publishes here, and keep others from it during the block.

        What is to be published may be made of what lies there, such as a manifest.
        """
        with held(self.path):
            self._finish_others()
            self._alone = True
            try:
                yield
            finally:
                self._alone = False

    def publish(self, failed: Collection[str] = ()) -> list[Path]:
        """Move all that was written to its final name and return the paths.

        Whatever stands at one of these names, file or folder, is replaced. A process that is killed
        meanwhile leaves the old or the new one at each name, and the next export here replaces the
        others.

        Args:
            failed: Names that were reserved and did not come to be; what stands there from earlier
                is set aside.

        Raises:
            InputError: If the disk is full or the folder cannot be written any more.
        """
        publication = self._publication()
        if not self._alone:
            with self.alone():
                return self.publish(failed)
        written = [name for name in self._names if name not in failed]
        try:
            publish(publication, written, failed)
        except OSError as error:
            raise _unwritable(self.path, error) from error
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
            set_aside(self.path, name)

    def _publication(self) -> Publication:
        if self._work is None:
            raise RuntimeError("used outside of the with block")
        return Publication(self.path, self._work.path)

    def _finish_others(self) -> None:
        """Finish what killed processes were publishing here, and remove what they left."""
        remove_left_behind(self.path, PREFIX, lambda folder: finish(Publication(self.path, folder)))


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} could not be written.",
        why=_why(error),
        todo="make room, or choose another folder",
    )


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "no space is left on the device"
    return error.strerror or str(error)


def _missing(path: Path) -> list[Path]:
    """Return the folders that making ``path`` creates, innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]
