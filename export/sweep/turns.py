"""Whose turn a job is, where several processes do the same sweep: here, always ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Ended = Literal["done", "failed"]

#: How many jobs of a queue are asked for at a time.
WINDOW = 50


class Turns(Protocol):
    """What says which jobs are ours, and hears how they ended."""

    def take(self, names: Sequence[str], most: int) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return the jobs that are ours now, and those that others ended: name -> why, if failed.

        Args:
            names: Of jobs that wait.
            most: How many to take at most.
        """

    def end(self, name: str, why: str = "") -> None:
        """Say how a job of ours ended: well, or why not."""

    def give_back(self, name: str) -> None:
        """Let others have a job of ours."""

    def place(self) -> str:
        """Return what processes have in common that see each other's files."""


class Alone:
    """Nobody else is there."""

    def take(self, names: Sequence[str], most: int) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return the first jobs."""
        return names[:most], {}

    def end(self, name: str, why: str = "") -> None:
        """Tell nobody."""

    def give_back(self, name: str) -> None:
        """Tell nobody."""

    def place(self) -> str:
        """Return the empty text."""
        return ""


@dataclass
class Held:
    """A job that is ours, which may have fallen apart into several.

    Attributes:
        name: Of the job.
        left: How many parts have not ended.
        why: Why one did not end well.
    """

    name: str
    left: int = 1
    why: str = ""

    def part_ended(self, turns: Turns, why: str = "") -> None:
        """Take the end of a part, and tell when it was the last."""
        self.left -= 1
        self.why = self.why or why
        if not self.left:
            turns.end(self.name, self.why)
