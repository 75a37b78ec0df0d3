"""The app's screens, as a user goes through them: choose, run, look, share, remove."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.android.on_jvm import RUNS, AppOnJvm
from tests.android.process import AppProcess
from tests.device_bench.small_files import chain

pytestmark = pytest.mark.slow

_PICKED = "content://documents/model"
_RUN_ACTIVITY = "dev.edgeship.bench.RunActivity"


def _pick(app: AppOnJvm, model: bytes | None = None) -> None:
    """Choose a file with the system's picker."""
    path = app.push("/data/user/0/com.documents/model", model or chain())
    app.main.ask("share", uri=_PICKED, name="my model.tflite", path=path)
    assert app.main.ask("click", text="Choose a file")
    asked = app.main.ask("asked")[-1]
    assert asked["action"] == "android.intent.action.OPEN_DOCUMENT"
    app.main.ask("result", code=1, result=-1, uri=_PICKED)
    app.wait_for("my model.tflite")


def _press_run(app: AppOnJvm) -> tuple[dict[str, Any], AppProcess]:
    """Press Run, and bring to the front what the app asks for; return its extras and process."""
    assert app.main.ask("click", text="Run")
    asked = app.main.ask("asked")[-1]
    assert asked["component"] == _RUN_ACTIVITY
    app.main.ask("leave")
    return asked["extras"], app.start(**asked["extras"])


def test_a_file_is_chosen_run_and_its_figures_shown(app):
    app.show("MainActivity")
    app.wait_for("No .tflite file is chosen.")
    assert app.main.ask("click", text="Run") is False
    _pick(app)
    for choice in ("Processor", "1 thread"):
        assert app.main.ask("click", text=choice)

    extras, process = _press_run(app)
    app.wait_for("Keep this screen in front", process)
    app.main.ask("come_back")

    app.wait_for(" ms")
    assert process.wait() == 128 + 9
    [listed] = app.listed()
    assert (listed["id"], listed["state"]) == (extras["run"], "finished")
    assert listed["model"] == "my model.tflite"
    events = app.events(extras["run"])
    assert len([event for event in events if event["event"] == "run"]) >= 10


def test_what_was_chosen_survives_the_app_and_a_turn_of_the_phone(app):
    app.show("MainActivity")
    _pick(app)
    assert app.main.ask("click", text="2 threads")
    app.main.ask("recreate")
    app.wait_for("my model.tflite")
    app.main.kill()

    app.show("MainActivity")

    app.wait_for("my model.tflite")
    assert _checked(app.main.ask("tree")["views"]) == ["Processor", "2 threads"]


def _checked(view: dict[str, Any]) -> list[str]:
    own = [view["description"]] if view.get("checked") else []
    return own + [each for inner in view.get("inner", []) for each in _checked(inner)]


def test_a_run_that_failed_says_why(app):
    app.settings["locked"] = True
    app.show("MainActivity")
    _pick(app)

    _press_run(app)
    app.main.ask("come_back")

    app.wait_for("the screen is locked")


def test_stop_ends_a_run(app):
    app.show("MainActivity")
    _pick(app)
    _, process = _press_run(app)
    app.wait_for("Keep this screen in front", process)

    assert process.ask("click", text="Stop")
    app.main.ask("come_back")

    app.wait_for("The user stopped the run.")


def _three_runs(app: AppOnJvm) -> None:
    app.push("/data/local/tmp/m.tflite", chain())
    for run in ("one", "two", "three"):
        order = app.order(["--model", "/data/local/tmp/m.tflite", "--runs", "3"])
        app.start(run, order, name=f'=name "{run}", a').wait()


def test_results_are_listed_shared_and_removed(app):
    app.show("ResultsActivity")
    app.wait_for("There are no runs yet.")
    assert app.main.ask("click", text="Share as JSON") is False
    _three_runs(app)
    app.main.ask("recreate")
    app.wait_for("three")

    assert app.main.ask("click", text="Share as JSON")
    assert app.main.ask("click", text="Share as CSV")

    first, second = app.main.ask("asked")
    assert (first["action"], first["target"]) == (
        "android.intent.action.CHOOSER",
        "android.intent.action.SEND",
    )
    assert first["flags"] & 1  # FLAG_GRANT_READ_URI_PERMISSION
    assert [first["stream"], second["stream"]] == [f"{RUNS}/all.json", f"{RUNS}/all.csv"]
    assert "one" in app.read("all.json", "").decode()
    json.loads(app.read("all.json", ""))
    rows = list(csv.reader(io.StringIO(app.read("all.csv", "").decode())))
    assert len(rows) == 4
    assert len({len(row) for row in rows}) == 1

    assert app.main.ask("click", text="Remove all")
    [dialog] = app.main.ask("tree")["dialogs"]
    assert dialog["message"] == "Remove all runs from this phone?"
    assert len(app.listed()) == 3
    assert app.main.ask("click", text="Remove all")
    app.wait_for("There are no runs yet.")
    assert app.listed() == []
