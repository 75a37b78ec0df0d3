"""Several devices at the same time, one thread and one session each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from _edgeship.device_bench.results.records import Session

# Seconds between looks at whether Ctrl-C was pressed.
_LOOK = 0.2

Task = Callable[[threading.Event], Session]


def run_all(tasks: Sequence[Task]) -> list[Session | Exception]:
    """Do all tasks and return what each returned or raised; a failing device stops no other.

    Args:
        tasks: Each measures one device, and ends early when the event that it gets is set.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed. A single task is interrupted at once; several tasks
            each wait for the process that they are running.
    """
    stop = threading.Event()
    if len(tasks) == 1:
        return [_outcome(tasks[0], stop)]
    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        try:
            futures = [pool.submit(_outcome, task, stop) for task in tasks]
            # In short waits: a Ctrl-C just before an endless wait would not be noticed during it.
            left, broken = set(futures), False
            while left and not broken:
                done, left = wait(futures, timeout=_LOOK, return_when=FIRST_EXCEPTION)
                broken = any(future.exception() for future in done)
        finally:
            # After a Ctrl-C all are to end; otherwise they have ended already.
            stop.set()
    return [future.result() for future in futures]


def _outcome(task: Task, stop: threading.Event) -> Session | Exception:
    try:
        return task(stop)
    except Exception as error:
        return error
