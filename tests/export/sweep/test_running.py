"""Exports on an engine that does what the test says: nothing twice, and nothing lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from _edgeship.export.sweep.artifacts import Artifacts
from _edgeship.export.sweep.jobs import Job, Outcome
from _edgeship.export.sweep.running import Exports, Finished, drive
from _edgeship.export.sweep.sweep_file import Limits
from _edgeship.export.sweep.turns import Turns
from _edgeship.export.sweep.variants import Variant
from tests.export.sweep.scripted import Scripted, ScriptedTurns

SCHEMES = ("none", "int8")


def error(code: int, what: str = "It is so.") -> dict[str, object]:
    return {"kind": "X", "what": what, "where": "", "why": "because", "todo": "", "code": code}


def made(job: Job, schemes: tuple[str, ...] | None = None) -> Outcome:
    """Return the outcome of an export that came out well, having written its files."""
    found = {}
    for scheme in job.payload["schemes"] if schemes is None else schemes:
        assert job.result is not None
        folder = job.result / scheme
        folder.mkdir(parents=True)
        content = f"{job.payload['model']} {scheme}".encode()
        (folder / "net.tflite").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        found[scheme] = {"file": "net.tflite", "sha256": digest, "size": 9, "sqnr_db": 30.0}
    return Outcome(job.id, "done", {"made": found, "failed": {}, "whole": False}, node="n1")


class Sweep:
    """Two networks in two schemes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("a.onnx", "b.onnx"):
            (folder / name).write_text(name)
        self.variants = [
            Variant(name, f"{name}.onnx", "tflite", scheme) for name in "ab" for scheme in SCHEMES
        ]
        self.said: list[str] = []

    def run(
        self, answer: Callable[[Job], Outcome], turns: Turns | None = None
    ) -> tuple[dict[str, Finished], Exports]:
        found: list[Finished] = []
        with Artifacts(self.folder / "out") as artifacts:
            limits = Limits(retries=2)
            exports = Exports(artifacts, self.folder, limits, found.append, self.said.append)
            exports.turns = turns or exports.turns
            exports.plan(self.variants, lambda: None)
            drive(Scripted(lambda job: [answer(job)]), [exports], lambda: None)
        assert len(found) == len(self.variants)
        return {one.variant.title: one for one in found}, exports


@pytest.fixture
def sweep(tmp_path) -> Sweep:
    return Sweep(tmp_path)


def test_schemes_are_exported_together_and_once(sweep):
    found, exports = sweep.run(made)
    assert {one.status for one in found.values()} == {"ok"}
    assert exports.counts.started == 2

    again, exports = sweep.run(made)
    assert exports.counts.started == 0
    assert exports.counts.found == 4
    assert all(one.before for one in again.values())


def test_only_what_is_missing_is_exported(sweep):
    sweep.run(made)
    (sweep.folder / "b.onnx").write_text("changed")
    sweep.variants.append(Variant("a", "a.onnx", "tflite", "dynamic"))
    jobs: list[Job] = []

    sweep.run(lambda job: (jobs.append(job), made(job))[1])

    assert [job.payload["schemes"] for job in jobs] == [["none", "int8"], ["dynamic"]] or [
        job.payload["schemes"] for job in jobs
    ] == [["dynamic"], ["none", "int8"]]


def test_what_is_refused_is_known_the_next_time_and_what_failed_is_tried_again(sweep):
    def answer(job: Job) -> Outcome:
        code = 4 if job.payload["model"] == "a.onnx" else 2
        failed = dict.fromkeys(job.payload["schemes"], error(code))
        return Outcome(job.id, "done", {"made": {}, "failed": failed, "whole": True})

    found, exports = sweep.run(answer)
    assert (found["a tflite none"].status, found["b tflite none"].status) == ("refused", "failed")
    assert found["a tflite none"].why == "It is so. (because)"
    assert exports.counts.started == 2

    found, exports = sweep.run(answer)
    assert exports.counts.started == 1
    assert found["a tflite none"].before
    assert found["a tflite none"].why == "It is so. (because)"


def test_one_scheme_may_fail_beside_others(sweep):
    def answer(job: Job) -> Outcome:
        value = {**made(job, ("none",)).value, "failed": {"int8": error(3)}}
        return Outcome(job.id, "done", value)

    found, _ = sweep.run(answer)

    assert found["a tflite none"].status == "ok"
    assert (found["a tflite int8"].status, found["a tflite int8"].code) == ("failed", 3)


@pytest.mark.parametrize("ending", ["memory", "time", "died"])
def test_beyond_a_limit_each_scheme_is_tried_alone(sweep, ending):
    def answer(job: Job) -> Outcome:
        if "int8" in job.payload["schemes"]:
            return Outcome(job.id, ending, why="It took more.")
        return made(job)

    found, exports = sweep.run(answer)

    assert {title: one.status for title, one in found.items()} == {
        "a tflite none": "ok",
        "a tflite int8": "failed",
        "b tflite none": "ok",
        "b tflite int8": "failed",
    }
    assert found["a tflite int8"].why == "It took more."
    assert (exports.counts.started, exports.counts.again) == (6, 4)


def test_what_is_lost_with_a_node_is_made_again(sweep):
    lost: list[str] = []

    def answer(job: Job) -> Outcome:
        if job.payload["model"] == "a.onnx" and len(lost) < 2:
            lost.append(job.id)
            return Outcome(job.id, "lost", why="Its node was lost.")
        return made(job)

    found, exports = sweep.run(answer)

    assert {one.status for one in found.values()} == {"ok"}
    assert (exports.counts.started, exports.counts.again) == (4, 2)
    assert sweep.said == ["again: a tflite. Its node was lost."] * 2


def test_what_is_lost_again_and_again_fails(sweep):
    found, exports = sweep.run(lambda job: Outcome(job.id, "lost", why="Its node was lost."))

    assert {one.status for one in found.values()} == {"failed"}
    assert found["a tflite none"].why == "Its node was lost."
    assert exports.counts.started == 6


def test_what_another_process_makes_is_waited_for_and_found(sweep):
    def others(names):
        # What this process keeps in the meantime stands for the other's work in the same folder.
        other = Sweep.__new__(Sweep)
        other.__dict__.update(sweep.__dict__)
        other.run(made)
        return (), dict.fromkeys(names, "")

    turns = ScriptedTurns(lambda names: ((), {}), others)
    found, exports = sweep.run(made, turns)
    assert exports.counts.started == 0
    assert all(one.before and one.status == "ok" for one in found.values())
    assert turns.ended == {}


def test_what_another_process_could_not_make_fails_with_its_reason(sweep):
    turns = ScriptedTurns(lambda names: (names[1:], {names[0]: "It is too large."}))
    found, exports = sweep.run(made, turns)
    assert exports.counts.started == 1
    assert (found["a tflite int8"].status, found["a tflite int8"].why) == (
        "failed",
        "It is too large.",
    )
    assert found["b tflite int8"].status == "ok"
    assert list(turns.ended.values()) == [""]


def test_an_export_that_falls_apart_ends_once_with_the_reason_of_a_part(sweep):
    def answer(job: Job) -> Outcome:
        if len(job.payload["schemes"]) > 1 or job.payload["schemes"] == ["int8"]:
            return Outcome(job.id, "memory", why="It took too much.")
        return made(job)

    turns = ScriptedTurns()
    found, exports = sweep.run(answer, turns)
    assert exports.counts.started == 6
    assert found["a tflite none"].status == "ok"
    assert list(turns.ended.values()) == ["It took too much."] * 2
