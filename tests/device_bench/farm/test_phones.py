"""Which phone does which job: one at a time, and another of its model where one dies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from _edgeship.device_bench.farm.phones import Phones
from _edgeship.device_bench.farm.values import Measured, Work
from _edgeship.device_bench.measurement.events import SessionEnded
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.errors import DeviceError
from _edgeship.export.sweep.jobs import Job, Message, Outcome
from _edgeship.export.sweep.running import drive
from _edgeship.export.sweep.turns import Alone, Turns
from tests.export.sweep.scripted import Scripted, ScriptedTurns

MODELS = {"adb:A1": "A", "adb:A2": "A", "adb:B1": "B"}


def error(kind: str, code: int) -> dict[str, Any]:
    return {
        "error": {
            "kind": kind,
            "what": f"A {kind}.",
            "where": "",
            "why": "",
            "todo": "",
            "code": code,
        }
    }


GONE = error("DeviceGone", 5)


def describe(job: Job) -> Outcome:
    selector = job.device
    properties = {"selector": selector, "model": MODELS[selector], "abi": "arm64-v8a"}
    settings = MeasurementSettings().model_dump(mode="json")
    return Outcome(job.id, "done", {"properties": properties, "settings": settings})


class Farm:
    """Three phones, two of them of one model, and what the test makes of their jobs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.finished: list[Measured] = []
        self.said: list[str] = []
        self.kept: list[Any] = []
        self.known: set[tuple[str, str]] = set()
        self.settings = MeasurementSettings()
        self.on: Sequence[str] | None = None
        self.missing: set[str] = set()
        self.turns: Turns = Alone()
        self.shared = False
        self.now = 0.0
        monkeypatch.setattr("_edgeship.device_bench.farm.phones.time.monotonic", self.clock)

    def clock(self) -> float:
        self.now += 1.0
        return self.now

    def run(
        self,
        works: int,
        answer: Callable[[Job], Outcome | Sequence[Message | Outcome]],
        asked: Callable[[Job], Outcome] = describe,
    ) -> tuple[Phones, Scripted]:
        phones = Phones(
            list(MODELS),
            on=self.on,
            options={},
            root=Path(),
            command="test",
            known=lambda digests: {
                sha: [(model, self.settings)] for sha, model in self.known if sha in digests
            },
            keep=self.kept.append,
            tell=self.finished.append,
            say=self.said.append,
            turns=self.turns,
            shared=self.shared,
        )
        for number in range(works):
            files = {f"{number}/none.tflite": f"n{number}", f"{number}/int8.tflite": f"i{number}"}
            phones.add(Work(f"net{number}", files))

        def both(job: Job) -> Sequence[Message | Outcome]:
            found = asked(job) if job.function.endswith("describe") else answer(job)
            return [found] if isinstance(found, Outcome) else found

        engine = Scripted(both)
        engine.missing = self.missing
        drive(engine, [phones], lambda: None)
        return phones, engine

    def measured(self, engine: Scripted) -> list[tuple[str, str]]:
        return [
            (job.device, job.payload["files"][0][0])
            for job in engine.jobs
            if job.function.endswith("measure_files")
        ]


@pytest.fixture
def farm(monkeypatch) -> Farm:
    return Farm(monkeypatch)


def fine(job: Job) -> Outcome:
    return Outcome(job.id, "done", {"session": "s"})


def test_each_file_is_measured_once_on_each_model(farm):
    _, engine = farm.run(3, fine)

    assert sorted((one.work.title, one.work.on) for one in farm.finished) == [
        (f"net{number}", model) for number in range(3) for model in "AB"
    ]
    assert {one.status for one in farm.finished} == {"ok"}
    # Twins share the work of their model, and each phone has one job at a time.
    assert {phone for phone, _ in farm.measured(engine)} == set(MODELS)
    assert set(engine.most_together.values()) == {1}


def test_any_phone_will_do(farm):
    farm.on = ["any"]

    _, engine = farm.run(6, fine)

    assert len(farm.measured(engine)) == 6
    assert {phone for phone, _ in farm.measured(engine)} == set(MODELS)


def test_a_named_model_that_nobody_has_is_said_to_be_missing(farm):
    farm.on = ["C"]

    farm.run(1, fine)

    [one] = farm.finished
    assert (one.status, one.why) == ("failed", "No phone of model C is left.")


def test_a_job_goes_to_the_twin_of_a_phone_that_dies(farm):
    farm.on = ["A"]
    dead: set[str] = set()

    def answer(job: Job) -> Outcome:
        if not dead or job.device in dead:
            dead.add(job.device)
            return Outcome(job.id, "done", GONE)
        return fine(job)

    phones, engine = farm.run(2, answer)

    assert {one.status for one in farm.finished} == {"ok"}
    assert {one.phone for one in farm.finished} == {"adb:A1", "adb:A2"} - dead
    assert (phones.again, farm.measured(engine).count(("adb:A2", "0"))) == (1, 1)
    assert "again, on another phone if there is one: net0. A DeviceGone." in farm.said


def test_a_phone_that_comes_back_goes_on(farm):
    farm.on = ["B"]
    answers = [GONE, {"session": "s"}]

    phones, engine = farm.run(1, lambda job: Outcome(job.id, "done", answers.pop(0)))

    assert [one.status for one in farm.finished] == ["ok"]
    assert farm.measured(engine) == [("adb:B1", "0")] * 2
    assert phones.phones[2].state == "idle"


def test_a_phone_that_stays_away_is_left_out_and_its_work_fails(farm):
    farm.on = ["B"]
    looks: list[str] = []

    def asked(job: Job) -> Outcome:
        looks.append(job.device)
        known = looks.count("adb:B1") == 1 or job.device != "adb:B1"
        return describe(job) if known else Outcome(job.id, "done", GONE)

    phones, _ = farm.run(1, lambda job: Outcome(job.id, "done", GONE), asked)

    [one] = farm.finished
    assert one.status == "failed"
    assert one.why == "No phone of model B is left. adb:B1: A DeviceGone."
    assert phones.phones[2].state == "out"
    assert looks.count("adb:B1") == 5


def test_what_is_lost_with_a_node_goes_to_another_one(farm):
    farm.on = ["A"]

    def answer(job: Job) -> Outcome:
        if job.device == "adb:A1":
            farm.missing.add("adb:A1")
            return Outcome(job.id, "lost", why="Its node was lost.")
        return fine(job)

    phones, engine = farm.run(3, answer)

    assert [one.status for one in farm.finished] == ["ok"] * 3
    assert [phone for phone, _ in farm.measured(engine)].count("adb:A1") == 1
    assert phones.again == 1


def test_a_file_that_is_wrong_does_not_go_round(farm):
    wrong = error("VerificationError", 3)

    _, engine = farm.run(1, lambda job: Outcome(job.id, "done", wrong))

    assert [(one.status, one.why) for one in farm.finished] == [
        ("failed", "A VerificationError.")
    ] * 2
    assert len(farm.measured(engine)) == 2


def test_a_job_that_fails_on_every_phone_ends(farm):
    farm.on = ["A"]
    broken = error("DeviceError", 5)

    _, engine = farm.run(1, lambda job: Outcome(job.id, "done", broken))

    assert [one.status for one in farm.finished] == ["failed"]
    assert len(farm.measured(engine)) == 3  # once, and again twice
    assert {phone for phone, _ in farm.measured(engine)[:2]} == {"adb:A1", "adb:A2"}


def test_a_phone_that_fails_again_and_again_is_left_out(farm):
    farm.on = ["A"]

    def answer(job: Job) -> Outcome:
        bad = error("DeviceError", 5)
        return Outcome(job.id, "done", bad) if job.device == "adb:A1" else fine(job)

    phones, engine = farm.run(9, answer)

    assert {one.status for one in farm.finished} == {"ok"}
    assert [phone for phone, _ in farm.measured(engine)].count("adb:A1") == 3
    assert phones.phones[0].state == "out"
    assert "adb:A1 is left out after 3 failures in a row. A DeviceError." in farm.said


def test_what_was_measured_is_not_measured_again_and_the_first_file_goes_beside_the_rest(farm):
    farm.on = ["A"]
    farm.known = {("n0", "A"), ("i0", "A"), ("n1", "A")}

    _, engine = farm.run(2, fine)

    assert [(one.work.title, one.before) for one in farm.finished] == [
        ("net0", True),
        ("net1", False),
    ]
    [job] = [job for job in engine.jobs if job.function.endswith("measure_files")]
    assert job.payload["files"] == ["1/none.tflite", "1/int8.tflite"]


def test_what_was_measured_in_another_way_is_measured_again(farm):
    farm.on = ["A"]
    farm.known = {("n0", "A"), ("i0", "A")}
    farm.settings = MeasurementSettings(threads=2)

    _, engine = farm.run(1, fine)

    assert len(farm.measured(engine)) == 1


def test_what_a_job_says_is_kept_at_once(farm):
    farm.on = ["B"]
    said = {"event": "SessionEnded", "session_id": "s", "complete": True}

    farm.run(1, lambda job: [Message(job.id, said), Message(job.id, {"busy": "x"}), fine(job)])

    assert farm.kept == [SessionEnded("s", True)]
    assert farm.said == ["x is in use by another farm: waiting"]


def test_a_farm_without_a_phone_that_can_be_used_is_an_error(farm):
    absent = error("DeviceError", 5)

    with pytest.raises(DeviceError, match="No phone of the farm can be used") as caught:
        farm.run(1, fine, lambda job: Outcome(job.id, "done", absent))

    assert "adb:A1: A DeviceError." in caught.value.why


def test_what_other_farms_measure_is_waited_for_and_not_done_here(farm):
    def ended(names):
        return (), {names[0]: "", names[1]: "A phone broke."}

    farm.on, farm.shared = ["A"], True
    farm.turns = turns = ScriptedTurns(lambda names: ((), {}), ended)
    phones, engine = farm.run(3, fine)
    found = {one.work.title: one for one in farm.finished}
    assert (found["net0"].status, found["net0"].before) == ("ok", True)
    assert (found["net1"].status, found["net1"].why) == ("failed", "A phone broke.")
    assert (found["net2"].status, found["net2"].before) == ("ok", False)
    assert len(farm.measured(engine)) == 1
    assert list(turns.ended.values()) == [""]
    assert phones.left == 0


def test_what_no_phone_of_a_farm_can_do_is_left_to_others(farm):
    farm.on, farm.shared = ["A", "C"], True
    farm.turns = turns = ScriptedTurns()

    def answer(job: Job) -> Outcome:
        return Outcome(job.id, "done", GONE)

    phones, _ = farm.run(1, answer)
    # Both phones of model A failed at it, and others may have more; nobody here is a C.
    assert phones.left == 1
    assert [(one.work.on, one.status) for one in farm.finished] == [("A", "failed")]
    assert len(turns.ended) == 1


def test_a_work_whose_phones_are_gone_is_given_back(farm):
    farm.on, farm.shared = ["B"], True
    farm.turns = turns = ScriptedTurns()

    def answer(job: Job) -> Outcome:
        farm.missing.add("adb:B1")
        return Outcome(job.id, "lost", why="Its node was lost.")

    phones, _ = farm.run(1, answer)
    assert phones.left == 1
    assert len(turns.given_back) == 1
    assert farm.finished == []
