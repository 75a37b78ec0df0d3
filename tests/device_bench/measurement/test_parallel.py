"""Several devices at once."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from _edgeship.device_bench.measurement.parallel import run_all
from _edgeship.device_bench.results.records import Session
from _edgeship.errors import DeviceError
from tests.device_bench import synthetic


def test_tasks_run_at_the_same_time():
    meeting = threading.Barrier(3, timeout=20)

    def task(stop: threading.Event) -> Session:
        meeting.wait()  # breaks unless all three are here
        return synthetic.session(rounds=1, runs=1)

    assert len(run_all([task] * 3)) == 3


@pytest.mark.parametrize("others", [0, 1])
def test_a_failure_stops_no_other(others):
    def good(stop: threading.Event) -> Session:
        assert not stop.wait(0.05)
        return synthetic.session(rounds=1, runs=1)

    def bad(stop: threading.Event) -> Session:
        raise DeviceError("It broke.")

    first, *rest = run_all([bad] + [good] * others)
    assert isinstance(first, DeviceError)
    assert len(rest) == others
    assert all(isinstance(one, Session) for one in rest)


def test_ctrl_c_stops_all():
    ended = threading.Semaphore(0)
    begun = threading.Barrier(3, timeout=20)

    def task(stop: threading.Event) -> Session:
        begun.wait()
        if not stop.wait(20):
            raise AssertionError("it was not stopped")
        ended.release()
        raise KeyboardInterrupt

    def press() -> None:
        begun.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_all([task] * 2)
    thread.join()
    # The signal may come while the second thread is being started; its end is then not waited for.
    assert all(ended.acquire(timeout=20) for _ in range(2))
