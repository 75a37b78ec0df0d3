"""The engine without further packages: a process for each job, on this machine."""

from __future__ import annotations

import os
import queue
import threading

import psutil

from _edgeship.export.sweep.jobs import Job, Message, Outcome
from _edgeship.export.sweep.limited import run_limited

#: What other programs are left of the memory.
_SPARED = 0.2


class Processes:
    """Runs jobs on this machine; those with a device need no core.

    Args:
        jobs: How many jobs without a device may run at a time.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._threads = max(1, (os.cpu_count() or 1) // jobs)
        self._came: queue.SimpleQueue[Message | Outcome] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._running: dict[str, tuple[Job, threading.Thread]] = {}

    def room(self) -> int:
        """Return how many further jobs without a device may run now."""
        return self._jobs - sum(not job.device for job, _ in self._running.values())

    def has(self, device: str) -> bool:
        """Return True: whether a device of this machine answers is for the job to find out."""
        return True

    def submit(self, job: Job) -> None:
        """Start a job."""
        thread = threading.Thread(target=self._run, args=(job,), daemon=True)
        self._running[job.id] = (job, thread)
        thread.start()

    def wait(self, seconds: float) -> list[Message | Outcome]:
        """Return what has come, or nothing after some seconds."""
        found: list[Message | Outcome] = []
        try:
            found.append(self._came.get(timeout=seconds))
            while True:
                found.append(self._came.get_nowait())
        except queue.Empty:
            pass
        for one in found:
            if isinstance(one, Outcome):
                self._running.pop(one.job)[1].join()
        return found

    def close(self) -> None:
        """End whatever runs."""
        self._stop.set()
        for _, thread in self._running.values():
            thread.join()
        self._running.clear()

    def _run(self, job: Job) -> None:
        folder = job.result
        try:
            if folder is not None:
                folder.mkdir(parents=True)
            for one in run_limited(job, folder or job.root, self._stop, self._threads):
                self._came.put(one)
        except OSError as error:
            self._came.put(Outcome(job.id, "died", why=f"It could not be started: {error}."))


def jobs_for(memory_bytes: int) -> int:
    """Return how many jobs this machine has room for: a core each, and what each may take."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    room = int(psutil.virtual_memory().total * (1 - _SPARED))
    return max(1, min(cores or 1, room // memory_bytes))
