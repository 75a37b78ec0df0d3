"""Work that waits in a queue: it becomes jobs where there is room, and when its turn comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from _edgeship.export.sweep.jobs import Engine, Job
from _edgeship.export.sweep.turns import WINDOW, Held, Turns


class Waits(Protocol):
    """Work that waits.

    Attributes:
        held: That its turn has come; none before.
    """

    held: Held | None


W = TypeVar("W", bound=Waits)


def take_turns(
    queue: deque[W],
    engine: Engine,
    turns: Turns,
    *,
    name: Callable[[W], str],
    is_left: Callable[[W], bool],
    job: Callable[[W], Job],
    ended: Callable[[W, str], None],
) -> list[Job]:
    """Return as many jobs as there is room for, of work that is ours and that nobody else has.

    Args:
        queue: What waits; what is taken or ended leaves it.
        engine: Where jobs run.
        turns: Whose turn each work is.
        name: Returns what work is called among all processes.
        is_left: Tells what others did of work meanwhile (one that had it before may have died when
            it was done), and returns whether anything is left.
        job: Makes its job.
        ended: Tells that others have ended work, and why what is left of it is missing.
    """
    jobs: list[Job] = []
    room = min(engine.room(), len(queue))
    while len(jobs) < room and queue and queue[0].held is not None:
        jobs.append(job(queue.popleft()))
    if room <= len(jobs) or not queue:
        return jobs
    window = [queue.popleft() for _ in range(min(WINDOW, len(queue)))]
    names = [name(work) for work in window]
    ours, elsewhere = turns.take(names, room - len(jobs))
    for called, work in zip(names, window, strict=True):
        if called in ours:
            work.held = Held(called)
            if is_left(work):
                jobs.append(job(work))
            else:
                work.held.part_ended(turns)
        elif called in elsewhere:
            ended(work, elsewhere[called] or "It is not where another process has put it.")
        else:
            queue.append(work)
    return jobs
