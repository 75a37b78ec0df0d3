"""A case: hostile files in a folder, and the command that they are given to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzz.commands.endings import Kind, Verdict

#: Command lines, and how often each is tried.
Shares = Sequence[tuple[int, tuple[str, ...]]]

#: What a path leads to that is no file: a pipe that nobody writes to.
PIPE = "(pipe)"


@dataclass(frozen=True)
class Case:
    """Hostile files and what they are given to.

    Attributes:
        name: Of the file that FILE stands for.
        files: Path in an empty folder -> content; of a folder that is a file, those in it.
        words: The command. FILE stands for `name`, OTHER for the file that it was made of, PICTURES
            for sound pictures.
        links: Path in the folder -> what it leads to, `PIPE` for a pipe.
    """

    name: str
    files: Mapping[str, bytes]
    words: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def depth(self) -> str:
        """How far the command goes with the files, where it does not refuse them before."""
        if "--to" in self.words:
            other = self.name if self.words[0] == "FILE" else self.words[0]
            compared = ", and compared with ONNX Runtime" if other.endswith(".onnx") else ""
            return f"exported and verified{compared}"
        return "run" if {*self.words} & {"verify", "evaluate", "diff"} else "read"


def drawn(shares: Shares, rng: np.random.Generator) -> tuple[str, ...]:
    """Return one of several command lines."""
    weights = np.array([share for share, _ in shares])
    return shares[int(rng.choice(len(shares), p=weights / weights.sum()))][1]


def laid_out(case: Case, folder: Path, pictures: Path) -> list[str]:
    """Write what a case needs into an empty folder, and return the words of its command."""
    for name, data in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name, target in case.links.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if target == PIPE:
            os.mkfifo(path)
        else:
            path.symlink_to(target)
    if "PICTURES" in case.words:
        (folder / "pictures").symlink_to(pictures)
    paths = {"FILE": case.name, "OTHER": other(case.name), "PICTURES": "pictures"}
    return [paths.get(word, word) for word in case.words]


def other(name: str) -> str:
    """Return what the sound file is called that a hostile one was made of."""
    return f"other{Path(name).suffix}"


def left_behind(folder: Path) -> str:
    """Return the name of a temporary file that an export left, or ""."""
    return next((path.name for path in folder.glob("build/*/.export-*")), "")


def judge_export(file: Path, written: Path) -> Verdict:
    """Judge the files that an export wrote."""
    from tests.fuzz.commands.rightness import OutsideError, wrong_file

    try:
        found = wrong_file(file, written)
    except OutsideError as error:
        return Verdict(Kind.OUTSIDE, "", str(error))
    return Verdict(Kind.WRONG, "", found) if found else Verdict(Kind.DONE)
