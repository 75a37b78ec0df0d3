"""What happens to the process of one file is one sentence, and the next file gets its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import EdgeshipError, InputError, VerificationError
from _edgeship.export.runtimes import apart, apart_starter
from _edgeship.export.runtimes.apart import Apart, read_apart, run_apart
from tests.processes import crashes

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere files run where they are"
)


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 30.0)


def test_values_and_arrays_come_back_from_another_process() -> None:
    found = run_apart("Adding", crashes.add, 2, np.ones(3, np.float32))
    assert found["pid"] != os.getpid()
    assert found["sum"].dtype == np.float32
    assert found["sum"].tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (crashes.segfault, "its process was ended by the signal SIGSEGV"),
        (crashes.leave, "its process ended itself with exit code 7: check failed: 1 < 0"),
        (crashes.lie, "it gave no readable answer: posix.system is no value"),
    ],
)
def test_a_crash_is_the_files_sentence(function: object, why: str) -> None:
    with pytest.raises(VerificationError) as caught:
        run_apart("Doing it", function)  # type: ignore[arg-type]
    assert (caught.value.what, caught.value.why) == ("Doing it failed.", why)
    assert run_apart("Adding", crashes.add, 2, np.ones(1))["sum"].tolist() == [3]


def test_a_file_that_crashes_who_reads_it_is_wrong_input() -> None:
    with pytest.raises(InputError, match="Reading it failed"):
        read_apart("Reading it", crashes.segfault)


def test_what_goes_on_for_ever_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(apart.SECONDS_VARIABLE, "0.3")
    with pytest.raises(VerificationError) as caught:
        run_apart("Doing it", crashes.forever)
    assert caught.value.why == "it did not finish within 0.3 s"


def test_what_takes_too_much_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(apart.GIB_VARIABLE, "0.1")
    with pytest.raises(VerificationError) as caught:
        run_apart("Doing it", crashes.eat)
    assert caught.value.why == "it takes more than 0.1 GiB of memory"


def test_limits_that_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("much", "-1", "nan", "inf", ""):
        monkeypatch.setenv(apart.SECONDS_VARIABLE, word)
        with pytest.raises(InputError, match="EDGESHIP_FILE_SECONDS is"):
            run_apart("Adding", crashes.add, 2, np.ones(1))


def test_an_error_of_ours_comes_as_it_is_and_another_with_its_trace() -> None:
    with pytest.raises(EdgeshipError) as caught:
        run_apart("Doing it", crashes.refuse)
    assert (caught.value.exit_code, caught.value.todo) == (4, "do not")
    with pytest.raises(RuntimeError, match="KeyError: 'x'") as failed:
        run_apart("Doing it", crashes.bug)
    assert "crashes.py" in str(failed.value.__cause__)


def test_threads_call_one_object_at_once_and_all_hear_of_its_end() -> None:
    heard: list[BaseException] = []

    def call(process: Apart, name: str) -> None:
        try:
            process.call(name)
        except VerificationError as error:
            heard.append(error)

    with Apart("Meeting", crashes.Meeting, 3, lines=3) as process:
        threads = [threading.Thread(target=call, args=(process, "meet")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert process.call("met") == 3
        threads = [threading.Thread(target=call, args=(process, "crash")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert [str(one) for one in heard] == [str(heard[0])] * 3
    assert "SIGABRT" in str(heard[0])


def test_who_forks_is_replaced_when_it_is_killed() -> None:
    run_apart("Adding", crashes.add, 2, np.ones(1))
    starter = apart_starter._the_starter
    assert starter is not None
    starter._process.kill()
    starter._process.wait()
    assert run_apart("Adding", crashes.add, 2, np.ones(1))["sum"].tolist() == [3]


def test_all_processes_end_with_whoever_asked() -> None:
    body = (
        "import os, signal\n"
        "from _edgeship.export.runtimes.apart import Apart\n"
        "from tests.processes import crashes\n"
        "process = Apart('Meeting', crashes.Meeting, 1)\n"
        "print(process.call('pid'), process._starter._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", body], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for pid in map(int, done.stdout.split()):
        crashes.wait_for_the_end_of(pid)


def test_in_a_process_that_may_crash_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart_starter, "_here", True)
    assert run_apart("Adding", crashes.add, 2, np.ones(1))["pid"] == os.getpid()
