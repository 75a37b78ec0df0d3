"""Evaluations as jobs: nothing twice, nothing lost, and the figures of `evaluate` itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from _edgeship.export.sweep.artifacts import Artifacts
from _edgeship.export.sweep.evaluations import Evaluations, Judged
from _edgeship.export.sweep.groups import when_whole
from _edgeship.export.sweep.jobs import Job, Outcome
from _edgeship.export.sweep.running import Exports, drive
from _edgeship.export.sweep.sweep_file import Evaluate, Limits
from _edgeship.export.sweep.variants import Variant
from tests.export.command_line import run, write_network
from tests.export.sweep.scripted import Scripted
from tests.export.sweep.test_running import error, made

INTERVAL = {"value": 0.5, "low": 0.4, "high": 0.6}


def write_pictures(folder: Path, of_each: int = 4) -> Path:
    """Write noise of ten classes that differ in brightness."""
    generator = np.random.default_rng(0)
    for label in range(10):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        for number in range(of_each):
            pixels = generator.integers(0, 100, (16, 16, 3)) + 15 * label
            Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
    return folder


class Sweep:
    """Two networks in two schemes, whose exports come out well, and their evaluations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("a.onnx", "b.onnx"):
            (folder / name).write_text(name)
        write_pictures(folder / "pictures", of_each=1)
        self.variants = [
            Variant(name, f"{name}.onnx", "tflite", scheme)
            for name in "ab"
            for scheme in ("none", "int8")
        ]
        self.jobs: list[Job] = []

    def run(self, answer: Callable[[Job], Outcome], **changes: object) -> dict[str, Judged]:
        wanted = Evaluate.model_validate({"data": "pictures", **changes})
        limits, found = Limits(retries=1), list[Judged]()
        self.jobs.clear()

        def answered(job: Job) -> list[Outcome]:
            if not job.id.startswith("evaluation"):
                return [with_manifests(job)]
            self.jobs.append(job)
            return [answer(job)]

        with Artifacts(self.folder / "out") as artifacts:
            source = Evaluations(wanted, artifacts, self.folder, limits, found.append)
            exports = Exports(artifacts, self.folder, limits, when_whole(self.variants, source.add))
            exports.plan(self.variants, lambda: None)
            drive(Scripted(answered), [exports, source], lambda: None)
        return {one.variant.title: one for one in found}


def with_manifests(job: Job) -> Outcome:
    outcome = made(job)
    assert job.result is not None
    for folder in job.result.iterdir():
        (folder / "manifest.json").write_text('{"onnx": {"file": "net.onnx"}}')
        (folder / "net.onnx").write_text("a graph")
    return outcome


def judged(job: Job) -> Outcome:
    found = {name: {"pictures": 10, "top1": INTERVAL} for name in job.payload["files"]}
    return Outcome(job.id, "done", {"found": found}, seconds=1.0)


@pytest.fixture
def sweep(tmp_path) -> Sweep:
    return Sweep(tmp_path)


def test_schemes_of_a_network_are_evaluated_together_and_once(sweep):
    found = sweep.run(judged)
    assert {one.status for one in found.values()} == {"ok"}
    assert [len(job.payload["files"]) for job in sweep.jobs] == [2, 2]
    top1 = found["a tflite int8"].found.top1
    assert (top1.value, top1.low, top1.high) == (0.5, 0.4, 0.6)

    again = sweep.run(judged)
    assert sweep.jobs == []
    assert all(one.before for one in again.values())
    assert {title: one.found for title, one in again.items()} == {
        title: one.found for title, one in found.items()
    }


def test_other_pictures_or_another_network_are_evaluated_anew(sweep):
    sweep.run(judged)
    Image.new("RGB", (16, 16)).save(sweep.folder / "pictures/class3/0.png")
    sweep.run(judged)
    assert len(sweep.jobs) == 2

    (sweep.folder / "b.onnx").write_text("changed")
    found = sweep.run(judged)
    assert len(sweep.jobs) == 1
    assert [one.before for one in found.values()].count(True) == 2

    sweep.run(judged, limit=5)
    assert len(sweep.jobs) == 2


def test_only_what_is_chosen_is_evaluated(sweep):
    found = sweep.run(judged, networks=["a"], schemes=["int8"])
    assert list(found) == ["a tflite int8"]


def test_what_fails_beside_others_is_tried_alone_and_named(sweep):
    def answer(job: Job) -> Outcome:
        if any("net.tflite" in name for name in job.payload["files"][1:]):
            return Outcome(job.id, "memory", why="It took too much.")
        if len(sweep.jobs) % 2:
            return judged(job)
        return Outcome(job.id, "done", {"error": error(4, "No runtime takes it.")})

    found = sweep.run(answer)
    assert sorted(one.status for one in found.values()) == ["ok", "ok", "refused", "refused"]
    assert {one.why for one in found.values()} == {"", "No runtime takes it. (because)"}

    # What is refused is known the next time; what failed is tried again.
    assert len(sweep.run(judged)) == 4
    assert sweep.jobs == []


def test_what_is_lost_is_evaluated_again_and_then_fails(sweep):
    found = sweep.run(lambda job: Outcome(job.id, "lost", why="Its node was lost."))
    assert {one.status for one in found.values()} == {"failed"}
    # Together, once more, and then each alone.
    assert [len(job.payload["files"]) for job in sweep.jobs].count(1) == 4
    assert len(sweep.run(judged)) == 4


@pytest.mark.slow
def test_the_figures_are_those_of_evaluate(tmp_path):
    write_network(tmp_path / "a.onnx")
    write_pictures(tmp_path / "pictures")
    (tmp_path / "sweep.toml").write_text(
        'networks = ["a.onnx"]\nschemes = ["int8"]\n[options.x]\ncalib-samples = 8\n'
        '[evaluate]\ndata = "pictures"\nlimit = 30\n'
    )
    out, progress = run("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "out")
    assert "evaluated a tflite int8 x: ok" in progress
    assert "1 files evaluated: 1 ok" in out

    [one] = json.loads((tmp_path / "out/report.json").read_bytes())["files"]
    path = Path(one["path"])
    plain = ("evaluate", path.parent / "a.onnx", path, "--data", tmp_path / "pictures")
    found = json.loads(run(*plain, "--limit", 30, "--json")[0])
    theirs, beside = found["files"][1]["top1"], found["comparisons"][0]
    top1 = {"value": theirs["share"], "low": theirs["low"], "high": theirs["high"]}
    assert one["evaluation"]["top1"] == top1
    assert one["evaluation"]["agreement"]["value"] == beside["agreement"]["share"]
    assert one["evaluation"]["difference"]["value"] == beside["difference"]["difference"]
    assert one["evaluation"]["sqnr_db"] == beside["outputs"][0]["sqnr_db"]
    page = (tmp_path / "out/report.html").read_text()
    assert "Evaluations" in page
    assert f"{100 * top1['value']:.1f} %" in page
    again, _ = run("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "out", "--json")
    assert json.loads(again)["files"][0]["evaluation"]["before"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('data = "nowhere"', "nowhere, which the sweep evaluates on, does not exist"),
        ('data = "pictures"\nnetworks = ["c"]', "There is no network 'c' for networks of evaluate"),
        ('data = "pictures"\nlimit = 0', "evaluate.limit"),
        ("limit = 3", "evaluate.data is missing"),
    ],
)
def test_what_is_wrong_is_found_before_anything_begins(tmp_path, text, words):
    write_network(tmp_path / "a.onnx")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "sweep.toml").write_text(f'networks = ["a.onnx"]\n[evaluate]\n{text}\n')
    _, err = run("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "out", code=2)
    assert words in " ".join(err.split())
    assert not list((tmp_path / "out").glob("artifacts/*"))
