"""The app runner with a phone of a few lines, for its tests; `conftest.py` has the fixture."""

from __future__ import annotations

from pathlib import Path

from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners.app_runner import AppRunner
from _edgeship.device_bench.runners.base import Job, Outcome
from tests.device_bench.runners.scripted_phone import ScriptedPhone

SETTINGS = MeasurementSettings(runner="app", threads=2, runs=7, warmup_runs=1, timeout=60)


class At:
    """A runner with its phone and workspace."""

    def __init__(self, phone: ScriptedPhone, workspace: Workspace, app: Path) -> None:
        self.phone = phone
        self.workspace = workspace
        self.app = app
        self.runner = AppRunner(app)
        self.job = Job(f"{workspace.path}/net.tflite", SETTINGS, want_outputs=True)

    def prepare(self) -> None:
        self.runner.prepare(self.workspace)

    def run(self) -> Outcome:
        self.prepare()
        return self.runner.run(self.workspace, self.job)
