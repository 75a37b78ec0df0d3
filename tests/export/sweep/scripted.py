"""An engine whose outcomes a test decides, without any process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from _edgeship.export.sweep.jobs import Job, Message, Outcome


class Scripted:
    """Answers each job at once, in the order in which they came.

    Args:
        answer: Returns the outcome of a job, and what it says before.
        room: How many jobs without a device run at a time.
        missing: Devices that are not in reach.
    """

    def __init__(self, answer: Callable[[Job], Sequence[Message | Outcome]], room: int = 2) -> None:
        self._answer = answer
        self._room = room
        self._open: list[Job] = []
        self.jobs: list[Job] = []
        self.missing: set[str] = set()
        self.most_together: dict[str, int] = {}

    def room(self) -> int:
        return self._room - sum(not job.device for job in self._open)

    def has(self, device: str) -> bool:
        return device not in self.missing

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        self._open.append(job)
        together = sum(one.device == job.device for one in self._open)
        self.most_together[job.device] = max(self.most_together.get(job.device, 0), together)

    def wait(self, seconds: float) -> Sequence[Message | Outcome]:
        return self._answer(self._open.pop(0)) if self._open else []

    def close(self) -> None:
        """Nothing runs."""


class ScriptedTurns:
    """Turns of a process beside others: the first answers are a test's, then everything is ours.

    Args:
        answers: Each gets the names that are asked for, and returns which are ours, and why others
            ended.
    """

    def __init__(
        self, *answers: Callable[[Sequence[str]], tuple[Sequence[str], Mapping[str, str]]]
    ) -> None:
        self._answers = list(answers)
        self.ended: dict[str, str] = {}
        self.given_back: list[str] = []

    def take(self, names: Sequence[str], most: int) -> tuple[Sequence[str], Mapping[str, str]]:
        return self._answers.pop(0)(names) if self._answers else (names[:most], {})

    def end(self, name: str, why: str = "") -> None:
        assert name not in self.ended
        self.ended[name] = why

    def give_back(self, name: str) -> None:
        self.given_back.append(name)

    def place(self) -> str:
        return "place"
