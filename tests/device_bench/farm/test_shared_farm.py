"""Several farms on one store, as their users start them: nothing twice, and one that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from _edgeship.device_bench.store.store import Store
from tests.device_bench.store.conftest import path, place, server, url  # noqa: F401
from tests.export.command_line import ROOT, write_network

SWEEP = """
networks = ["a.onnx", "b.onnx"]

[options.x]
input = "1,3,16,16"

[limits]
memory = "1 GB"
lease-minutes = 0.05

[measure]
runner = "python"
rounds = ROUNDS
runs = 2
seconds = SECONDS
warmup = 0
"""

_PROGRAM = "from edgeship.cli import main; main()"


def start(folder: Path, store: str, out: str) -> subprocess.Popen[bytes]:
    words = ["bench", "farm", "sweep.toml", "--device", "local", "--share", "--jobs", "1", "--json"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", _PROGRAM, *words, "--out", out, "--store", store],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def prepare(folder: Path, rounds: int = 1, seconds: float = 0) -> None:
    for seed, name in enumerate("ab"):
        write_network(folder / f"{name}.onnx", seed=seed)
    text = SWEEP.replace("ROUNDS", str(rounds)).replace("SECONDS", str(seconds))
    (folder / "sweep.toml").write_text(text)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_two_farms_do_everything_once(tmp_path: Path, place: str) -> None:  # noqa: F811
    prepare(tmp_path)
    with start(tmp_path, place, "out") as one, start(tmp_path, place, "out") as other:
        farms = (one, other)
        answers = [farm.communicate() for farm in farms]
    assert [farm.returncode for farm in farms] == [0, 0], answers

    found = [json.loads(out) for out, _ in answers]
    assert sum(one["exports_started"] for one in found) == 2
    for one in found:
        assert [file["status"] for file in one["files"]] == ["ok"] * 2
        assert [work["status"] for work in one["measured"]] == ["ok"] * 2
        assert one["left_to_others"] == 0
    done = [work["files_of"] for one in found for work in one["measured"] if not work["before"]]
    assert sorted(done) == ["a x", "b x"]
    with Store(place) as store:
        sessions = store.sessions()
    assert [one.complete for one in sessions] == [True] * 2
    assert found[0]["sessions"] == found[1]["sessions"] == [one.id for one in sessions]


@pytest.mark.slow
def test_what_a_killed_farm_had_taken_is_done_by_another(tmp_path: Path) -> None:
    prepare(tmp_path, rounds=2, seconds=2)
    store = str(tmp_path / "store.sqlite")

    def sessions() -> int:
        if not Path(store).exists():
            return 0
        with Store(store) as kept:
            return kept.count()

    with start(tmp_path, store, "one") as killed:
        wait_for(lambda: sessions() > 0)
        killed.send_signal(signal.SIGKILL)
    with start(tmp_path, store, "two") as survivor:
        out, _ = survivor.communicate()

    assert survivor.returncode == 0
    assert [work["status"] for work in json.loads(out)["measured"]] == ["ok"] * 2
    with Store(store) as kept:
        complete = [one for one in kept.sessions() if one.complete]
    assert len({one.measurements[0].subject.sha256 for one in complete}) == 2
    assert len(complete) == 2
