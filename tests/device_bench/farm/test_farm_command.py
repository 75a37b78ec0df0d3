"""`farm` as a user runs it: on this computer, and on two virtual phones of which one dies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.device_bench.commands.cli import PROGRAM, app
from _edgeship.device_bench.store.store import Store
from tests.export.command_line import write_network, write_unsupported
from tests.phone.fixtures import switched_on
from tests.phone.phone import Phone

SWEEP = """
networks = ["a.onnx", "roi.onnx"]
schemes = ["none", "dynamic"]

[measure]
runner = "RUNNER"
rounds = 2
runs = 2
seconds = 0
warmup = 0
away-minutes = 0
"""


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m device_bench farm ARGUMENTS`."""
    words = ["farm", *map(str, arguments)]
    result = CliRunner().invoke(app, words, prog_name=PROGRAM)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout, result.stderr


def prepare(folder: Path, runner: str) -> list[object]:
    """Write a sweep, and return the words that run it."""
    write_network(folder / "a.onnx")
    write_unsupported(folder / "roi.onnx")
    (folder / "sweep.toml").write_text(SWEEP.replace("RUNNER", runner))
    return [folder / "sweep.toml", "--out", folder / "out", "--store", folder / "store.sqlite"]


@pytest.mark.slow
def test_a_sweep_is_measured_once_and_reported(tmp_path):
    words = [*prepare(tmp_path, "python"), "--device", "local"]

    out, progress = run(*words)

    assert "measured a on local: ok" in progress
    lines = out.splitlines()
    assert lines[0] == "Medians by model of phone:"
    assert [line.split()[:3] for line in lines[2:6]] == [
        ["a", "none", "ok"],
        ["a", "dynamic", "ok"],
        ["roi", "none", "refused"],
        ["roi", "dynamic", "refused"],
    ]
    assert "µs" in lines[2]
    assert "1 jobs for phones: 1 done, 0 known before, 0 failed." in out
    with Store(tmp_path / "store.sqlite") as store:
        [session] = store.sessions()
    assert session.complete
    assert [len(one.rounds) for one in session.measurements] == [2, 2]
    # The manifest beside a file says what it is.
    assert {one.subject.model for one in session.measurements} == {"a"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Devices: median" in page
    assert "a dynamic" in page

    again, _ = run(*words, "--json")

    found = json.loads(again)
    assert (found["exports_started"], found["known_before"]) == (0, 4)
    assert [(one["status"], one["before"]) for one in found["measured"]] == [("ok", True)]
    assert found["sessions"] == [session.id]


@pytest.fixture
def twins(adb_server) -> Iterator[tuple[Phone, Phone]]:
    """Two connected virtual phones of one model."""
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("needs the Debian package qemu-user")
    with ExitStack() as stack:
        made = []
        for _ in range(2):
            phones = switched_on(Phone)
            made.append(next(phones))
            stack.callback(phones.close)
            adb_server.run("connect", made[-1].serial)
        yield made[0], made[1]


@pytest.mark.slow
def test_the_job_of_a_phone_that_dies_is_done_by_its_twin(twins, tmp_path):
    names = [f"adb:{phone.serial}" for phone in twins]
    twins[0].when_running("./runner", twins[0].unplug)
    devices = [word for name in names for word in ("--device", name)]
    words = prepare(tmp_path, "native")
    text = (tmp_path / "sweep.toml").read_text().replace(', "roi.onnx"', "")
    text = text.replace(', "dynamic"', "").replace("rounds = 2", "rounds = 1")
    (tmp_path / "sweep.toml").write_text(text)

    out, progress = run(*words, *devices, "--json")

    found = json.loads(out)
    [one] = found["measured"]
    assert (one["status"], one["phone"], one["tried"]) == ("ok", names[1], [names[0]])
    assert found["measured_again"] == 1
    assert "again, on another phone if there is one: a." in progress
    with Store(tmp_path / "store.sqlite") as store:
        sessions = store.sessions()
    assert [(each.device.selector, each.complete) for each in sessions] == [
        (names[0], False),
        (names[1], True),
    ]


def test_a_sweep_without_files_for_phones_is_named(tmp_path):
    words = prepare(tmp_path, "native")
    text = (tmp_path / "sweep.toml").read_text().replace("schemes", 'targets = ["onnx"]\nschemes')
    (tmp_path / "sweep.toml").write_text(text.replace(', "dynamic"', ""))

    _, problems = run(*words, "--device", "local", code=2)

    assert "has no .tflite files, and phones measure no others" in problems


def test_a_farm_without_phones_says_how_to_name_them(tmp_path):
    _, problems = run(*prepare(tmp_path, "native"), code=2)

    assert "The farm has no phone." in problems
    assert "name one with --device" in problems


def test_a_phone_that_is_not_there_ends_in_5(tmp_path):
    words = prepare(tmp_path, "python")
    text = (tmp_path / "sweep.toml").read_text().replace('"a.onnx", ', "")
    (tmp_path / "sweep.toml").write_text(text.replace("roi.onnx", "a.onnx"))

    _, problems = run(*words, "--device", "ssh:nowhere.invalid", code=5)

    assert "No phone of the farm can be used." in problems
