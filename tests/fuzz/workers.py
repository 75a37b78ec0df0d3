"""Runs jobs in processes of their own, with a limit of time and of memory for each job."""

from __future__ import annotations

import multiprocessing as mp
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.fuzz.judging import Outcome, Verdict

#: Makes the bytes of a file from a number; importable by its name.
Maker = Callable[[int], bytes]

Judge = Callable[[Path], Verdict]


#: Seconds that the first processes have beside the limit: what they are forked from imports
#: everything.
STARTING = 120.0


@dataclass
class _Worker:
    process: mp.process.BaseProcess
    pipe: Connection
    job: int | None = None
    deadline: float = 0.0
    warm: bool = False


def run(
    make: Maker,
    judge: Judge,
    jobs: Iterable[int],
    *,
    workers: int = 1,
    seconds: float = 60.0,
    gigabytes: float = 12.0,
) -> Iterator[tuple[int, Verdict]]:
    """Make and judge the file of each job, and yield what became of it, in no order.

    Args:
        make: Makes a file from the number of a job.
        judge: Says what became of it.
        jobs: Numbers.
        workers: How many processes work at a time.
        seconds: How long a job may take; the process is ended then, and another one goes on.
        gigabytes: Address space of a process.
    """
    queue = iter(jobs)
    pool = [_started(make, judge, gigabytes) for _ in range(workers)]
    try:
        busy = [worker for worker in pool if _give(worker, queue, seconds)]
        while busy:
            soonest = min(worker.deadline for worker in busy)
            ready = wait([w.pipe for w in busy], max(0.0, soonest - time.monotonic()))
            for worker in list(busy):
                verdict = _verdict(worker, worker.pipe in ready)
                if verdict is None:
                    continue
                assert worker.job is not None
                yield worker.job, verdict
                if verdict.outcome in (Outcome.HANG, Outcome.DEATH):
                    _end(worker)
                    fresh = _started(make, judge, gigabytes)
                    worker.process, worker.pipe = fresh.process, fresh.pipe
                if not _give(worker, queue, seconds):
                    busy.remove(worker)
    finally:
        for worker in pool:
            _end(worker)


def _verdict(worker: _Worker, ready: bool) -> Verdict | None:
    """Return what a worker has to say, None if it is still at work."""
    if ready:
        try:
            found = worker.pipe.recv()
        except EOFError:
            worker.process.join()
            return Verdict(Outcome.DEATH, f"exit code {worker.process.exitcode}")
        assert isinstance(found, Verdict)
        return found
    return Verdict(Outcome.HANG) if time.monotonic() > worker.deadline else None


def _started(make: Maker, judge: Judge, gigabytes: float) -> _Worker:
    # A process that a damaged file ended is followed by one that begins where all did.
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["tests.fuzz.warm"])
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, make, judge, gigabytes), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, queue: Iterator[int], seconds: float) -> bool:
    """Give a worker the next job."""
    job = next(queue, None)
    worker.job = job
    worker.deadline = time.monotonic() + seconds + (0.0 if worker.warm else STARTING)
    worker.warm = True
    worker.pipe.send(job)
    return job is not None


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()


def _work(pipe: Connection, make: Maker, judge: Judge, gigabytes: float) -> None:
    limit = int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)  # runtimes and libraries write what they think of such files
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        while (job := pipe.recv()) is not None:
            path.write_bytes(make(job))
            pipe.send(judge(path))


def tally(verdicts: Sequence[Verdict]) -> dict[Outcome, int]:
    """Return how many files ended in each way, those that happened only."""
    counts = {outcome: sum(v.outcome is outcome for v in verdicts) for outcome in Outcome}
    return {outcome: count for outcome, count in counts.items() if count}
