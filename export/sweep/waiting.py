"""Work that waits in a queue: it becomes jobs where there is room, and when its turn comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import Generic, Protocol, TypeVar

from _edgeship.export.sweep.jobs import Engine, Job
from _edgeship.export.sweep.turns import WINDOW, Held, Turns


class Waits(Protocol):
    """Work that waits.

    Attributes:
        held: That its turn has come; none before.
    """

    held: Held | None


W = TypeVar("W", bound=Waits)


class Waiting(ABC, Generic[W]):
    """A source of jobs whose work waits in a queue.

    Attributes:
        turns: Whose turn each work is.
    """

    turns: Turns
    _queue: deque[W]

    @property
    def waiting(self) -> bool:
        """Whether work waits for a place."""
        return bool(self._queue)

    def take(self, engine: Engine) -> list[Job]:
        """Return as many jobs as there is room for, of work that nobody else has."""
        queue, jobs = self._queue, list[Job]()
        room = min(engine.room(), len(queue))
        while len(jobs) < room and queue and queue[0].held is not None:
            jobs.append(self._job(queue.popleft()))
        if room <= len(jobs) or not queue:
            return jobs
        window = [queue.popleft() for _ in range(min(WINDOW, len(queue)))]
        names = [self._name(work) for work in window]
        ours, elsewhere = self.turns.take(names, room - len(jobs))
        for name, work in zip(names, window, strict=True):
            if name in ours:
                work.held = Held(name)
                if self._is_left(work):
                    jobs.append(self._job(work))
                else:
                    work.held.part_ended(self.turns)
            elif name in elsewhere:
                why = elsewhere[name] or "It is not where another process has put it."
                self._ended_elsewhere(work, why)
            else:
                queue.append(work)
        return jobs

    @abstractmethod
    def _name(self, work: W) -> str:
        """Return what work is called among all processes."""

    @abstractmethod
    def _is_left(self, work: W) -> bool:
        """Tell what others did of work meanwhile, and return whether anything is left.

        One that had it before may have died when it was done.
        """

    @abstractmethod
    def _job(self, work: W) -> Job:
        """Make the job of work."""

    @abstractmethod
    def _ended_elsewhere(self, work: W, why: str) -> None:
        """Tell that others have ended work, and why what is left of it is missing."""
