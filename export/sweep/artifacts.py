"""Exports that were made, each in a folder named by the key of what decides it.

A folder appears whole or not at all, so a process that is killed leaves nothing that looks done.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from _edgeship.errors import InputError
from _edgeship.work_folders import WorkFolder, remove_left_behind

#: What says in a folder what is in it.
_OUTCOME = "outcome.json"
_OK, _REFUSED = "ok", "refused"

#: What the names of folders in ``work`` begin with.
_WORK = "sweep-"


class Made(BaseModel):
    """What is known of an export that was made, or that is refused for good.

    Attributes:
        key: What decided it.
        status: ``ok`` or ``refused``.
        file: Name of the file or package in the folder; "" if it is refused.
        sha256: Its digest, as its manifest has it.
        size: In bytes.
        sqnr_db: Its outputs against the network's in dB, as its manifest has it; None if equal.
        why: The sentence, if it is refused.
        seconds: What its export took, with the other schemes that were made beside it.
        peak_bytes: The most memory that it took.
        files: Path in the folder -> bytes, of all files.
        decided_by: What the key was made of, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    status: str
    file: str = ""
    sha256: str = ""
    size: int = 0
    sqnr_db: float | None = None
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0
    files: dict[str, int] = {}
    decided_by: dict[str, Any] = {}


class Artifacts:
    """The folder of a sweep; use it as a context manager.

    Args:
        folder: ``--out`` of the sweep. ``artifacts`` and ``work`` in it are ours.

    Raises:
        InputError: It cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Jobs run in folders of their own: what they are told must not be relative to ours.
        self.root = folder.resolve() / "artifacts"
        self._work = folder.resolve() / "work"
        self._own: WorkFolder | None = None

    def __enter__(self) -> Artifacts:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._work.mkdir(exist_ok=True)
            remove_left_behind(self._work, _WORK)
            self._own = WorkFolder(self._work, _WORK)
        except OSError as error:
            raise InputError(
                f"The folder {self.folder} cannot be written.",
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
        if self._own is not None:
            self._own.remove()

    def work(self, name: str) -> Path:
        """Return a folder of this process's own that does not exist yet."""
        if self._own is None:
            raise RuntimeError("outside of the with block")
        return self._own.path / name

    def place(self, key: str) -> Path:
        """Return the folder of an export, whether or not it is there."""
        return self.root / key[:2] / key

    def find(self, key: str) -> Made | None:
        """Return what was made for a key, without `Made.decided_by`; None unless it is whole.

        Only the sizes of files are looked at: reading all files of a large sweep takes hours.
        """
        folder = self.place(key)
        try:
            made = Made.model_validate_json((folder / _OUTCOME).read_bytes())
            sizes = made.files.items()
            whole = all((folder / name).stat().st_size == count for name, count in sizes)
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None
        except OSError as error:
            raise InputError(f"{folder} cannot be read.", why=error.strerror or "") from error
        return _short(made) if whole and made.key == key else None

    def keep(self, made: Made, folder: Path | None) -> Made:
        """Put an export at its place for good.

        Args:
            made: What is known of it.
            folder: Its files, on the same disk, which are moved; None if it has none.

        Returns:
            The same, with the sizes of its files and without `Made.decided_by`.
        """
        if folder is None:
            folder = self.work(f"refused-{made.key}")
            folder.mkdir()
        names = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in names}
        made = made.model_copy(update={"files": files})
        (folder / _OUTCOME).write_text(made.model_dump_json(indent=1) + "\n")
        place = self.place(made.key)
        place.parent.mkdir(parents=True, exist_ok=True)
        for path in (*(folder / name for name in files), folder / _OUTCOME):
            _to_disk(path)
        if place.exists():  # it is damaged, or another sweep has made the same
            place.rename(self.work(f"replaced-{made.key}"))
        folder.rename(place)
        return _short(made)


def _short(made: Made) -> Made:
    """Return what is known of an export without what only people read, for there are many."""
    return made.model_copy(update={"decided_by": {}})


def _to_disk(path: Path) -> None:
    """Wait until a file is on the disk: its name must not be there without its bytes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def link_names(artifacts: Artifacts, named: dict[str, str]) -> None:
    """Give exports names for people: links in ``files``, each to the folder of a key.

    Args:
        artifacts: Where they are.
        named: Path below ``files`` -> key.
    """
    for name, key in named.items():
        link = artifacts.folder / "files" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        target = os.path.relpath(artifacts.place(key), link.parent.resolve())
        fresh = artifacts.work(f"link-{os.getpid()}")
        fresh.symlink_to(target)
        fresh.replace(link)
