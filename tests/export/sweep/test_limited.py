"""A job in a process of its own: its answer, its limits, and that nothing of it stays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from _edgeship.export.sweep.jobs import Job, Message, Outcome
from _edgeship.export.sweep.limited import run_limited
from _edgeship.export.sweep.processes import Processes
from tests.export.sweep.jobs_to_run import HERE


def job(function: str, folder: Path, **changes: object) -> Job:
    known = {"payload": {}, "memory_bytes": 10**9, "seconds": 60.0, "root": folder}
    return Job(**{"id": "1", "function": f"{HERE}:{function}", **known, **changes})


def run(one: Job, folder: Path) -> tuple[list[dict], Outcome]:
    *said, outcome = run_limited(one, folder)
    assert isinstance(outcome, Outcome)
    return [message.value for message in said if isinstance(message, Message)], outcome


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_a_job_answers(tmp_path):
    said, outcome = run(job("answer", tmp_path, payload={"text": "ä\n"}), tmp_path)

    assert said == [{"said": "ä\n"}]
    assert (outcome.ending, outcome.value["length"], outcome.why) == ("done", 2, "")
    assert (tmp_path / "made.txt").read_text() == "ä\n"
    assert outcome.seconds > 0


def test_it_runs_in_its_folder(tmp_path):
    (tmp_path / "a").write_text("content")

    _, outcome = run(job("read", tmp_path, payload={"names": ["a"]}), tmp_path)

    assert outcome.value == {"a": "content"}


def test_the_limit_of_time_ends_it_with_all_that_it_started(tmp_path):
    one = job("sleep", tmp_path, payload={"seconds": 60}, seconds=1.2)

    said, outcome = run(one, tmp_path)

    assert outcome.ending == "time"
    assert outcome.why == "It did not end within 0.02 minutes, and was killed."
    assert len(said) == 2
    assert all(is_gone(each["pid"]) for each in said)


def test_the_limit_of_memory_ends_it(tmp_path):
    _, outcome = run(job("grow", tmp_path, memory_bytes=2 * 10**8), tmp_path)

    assert outcome.ending == "memory"
    assert outcome.why == "It took more than 0.2 GB of memory, and was ended."
    assert 2 * 10**8 < outcome.peak_bytes < 6 * 10**8


def test_an_error_of_ours_comes_back_with_its_parts(tmp_path):
    _, outcome = run(job("refuse", tmp_path), tmp_path)

    error = outcome.value["error"]
    assert outcome.ending == "done"
    assert (error["kind"], error["what"], error["where"], error["code"]) == (
        "UnsupportedError",
        "It has no such operator.",
        "a node",
        4,
    )


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("crash", "Its process was ended by the signal SIGSEGV."),
        ("fail", "An error of edgeship's own: KeyError: 'a bug'"),
    ],
)
def test_what_dies_says_how(tmp_path, function, why):
    _, outcome = run(job(function, tmp_path), tmp_path)

    assert (outcome.ending, outcome.why) == ("died", why)


def test_a_job_ends_when_whoever_asked_is_killed(tmp_path):
    code = (
        "from pathlib import Path; from tests.export.sweep.test_limited import job, run_limited\n"
        "one = job('sleep', Path(), payload={'seconds': 60})\n"
        "for each in run_limited(one, Path()): print(each.value['pid'], flush=True)"
    )
    root = Path(__file__).parents[3]
    argv = [sys.executable, "-c", code]
    asking = subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE)  # noqa: S603
    assert asking.stdout is not None
    with asking:
        pids = [json.loads(asking.stdout.readline()) for _ in range(2)]
        asking.kill()

    assert all(map(is_gone, pids))


def test_the_engine_runs_as_many_as_it_may(tmp_path):
    engine = Processes(2)
    for name in ("1", "2"):
        engine.submit(job("answer", tmp_path, id=name, payload={"text": name}))
    engine.submit(job("answer", tmp_path, id="3", payload={"text": "3"}, device="adb:A"))
    assert engine.room() == 0
    came = []
    while sum(isinstance(one, Outcome) for one in came) < 3:
        came += engine.wait(5.0)
    engine.close()

    assert engine.room() == 2
    assert {one.job for one in came} == {"1", "2", "3"}


def test_closing_the_engine_ends_what_runs(tmp_path):
    engine = Processes(1)
    engine.submit(job("sleep", tmp_path, payload={"seconds": 60}))
    pids = []
    while len(pids) < 2:
        pids += [one.value["pid"] for one in engine.wait(5.0)]
    engine.close()

    assert all(map(is_gone, pids))
