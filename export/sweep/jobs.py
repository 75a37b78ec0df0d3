"""What an engine does: jobs in, messages and outcomes out as they come. All are plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Job:
    """A function that is called in a process of its own, on this machine or on another one.

    Attributes:
        id: Distinct among those of an engine.
        function: ``package.module:name`` of a function of ours. It gets ``payload``, an empty
            folder, and a function that sends a message; it returns a mapping. What it leaves in
            the folder comes back with the outcome.
        payload: In JSON types.
        memory_bytes: The most that its processes may take together.
        seconds: After which it is killed.
        root: The folder that it runs in.
        inputs: Files below ``root`` that it reads, which are brought to other machines.
        result: Where the files that it made go; None for a job that makes none.
        device: Name of the device that it needs for itself; "" for a core of any machine.
    """

    id: str
    function: str
    payload: Mapping[str, Any]
    memory_bytes: int
    seconds: float
    root: Path
    inputs: tuple[str, ...] = ()
    result: Path | None = None
    device: str = ""


#: How a job ended: with a value; beyond a limit; by itself or by a signal; or with its machine.
Ending = Literal["done", "memory", "time", "died", "lost"]


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        job: Its id.
        ending: ``done`` where its function returned something.
        value: What it returned.
        why: How it ended otherwise, as a sentence.
        seconds: From its start to its end.
        peak_bytes: The most memory that its processes were seen to take together.
        node: The machine that it ran on; "" for this one.
    """

    job: str
    ending: Ending
    value: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0
    node: str = ""


@dataclass(frozen=True)
class Message:
    """What a job says while it runs.

    Attributes:
        job: Its id.
        value: In JSON types.
    """

    job: str
    value: Mapping[str, Any]


class Engine(Protocol):
    """Where jobs run."""

    def room(self) -> int:
        """Return how many further jobs without a device it makes sense to submit now."""

    def has(self, device: str) -> bool:
        """Return whether a device is in reach."""

    def submit(self, job: Job) -> None:
        """Start a job, or let it wait for a place."""

    def wait(self, seconds: float) -> Sequence[Message | Outcome]:
        """Return what has come, or nothing after some seconds; an outcome is a job's last."""

    def close(self) -> None:
        """End whatever runs."""
