"""The runner "python", with the real interpreter."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Completed, DeviceTimeout
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners.base import Job, Outcome
from _edgeship.device_bench.runners.find import runner
from _edgeship.device_bench.runners.interpreter import PythonRunner
from _edgeship.errors import DeviceError, InputError
from _edgeship.export.tflite.writer import from_bytes
from tests.device_bench.processes.alive import last_cores_in
from tests.device_bench.runners.files import write_inputs, write_sub_and_mul
from tests.export.tflite.schema_models import packed

QUICK = MeasurementSettings(
    runner="python", warmup_runs=2, warmup_seconds=0.0, runs=5, seconds=0.0, timeout=60
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    device = LocalDevice()
    (tmp_path / "base").mkdir()
    device.base = str(tmp_path / "base")
    with Workspace(device) as made:
        yield made


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_sub_and_mul(tmp_path / "a 'b' ; rm -rf.tflite")


def run(workspace: Workspace, model: Path, settings: MeasurementSettings = QUICK, **job) -> Outcome:
    made = PythonRunner()
    made.prepare(workspace)
    return made.run(workspace, Job(workspace.put(model), settings, **job))


def test_outputs_are_those_of_the_inputs_in_the_signature_s_order(
    workspace: Workspace, model: Path, tmp_path: Path
) -> None:
    files, (z, a) = write_inputs(tmp_path)
    pushed = tuple(workspace.put(file) for file in files)
    outcome = run(workspace, model, inputs=pushed, want_outputs=True)
    assert outcome.outputs is not None
    y, b = (np.frombuffer(data, np.float32).reshape(z.shape) for data in outcome.outputs)
    np.testing.assert_array_equal(y, z - a)
    np.testing.assert_array_equal(b, z * a)
    digest = hashlib.sha256(b"".join(outcome.outputs)).hexdigest()
    assert outcome.process.outputs_sha256 == digest


def test_the_signature_s_order_counts_where_the_graph_has_another(
    workspace: Workspace, model: Path, tmp_path: Path
) -> None:
    parsed = from_bytes(model.read_bytes())
    (signature,) = parsed.signatureDefs
    signature.inputs.reverse()
    signature.outputs.reverse()
    model.write_bytes(packed(parsed))
    files, (a, z) = write_inputs(tmp_path)
    pushed = tuple(workspace.put(file) for file in files)
    outcome = run(workspace, model, inputs=pushed, want_outputs=True)
    assert outcome.outputs is not None
    b, y = (np.frombuffer(data, np.float32).reshape(z.shape) for data in outcome.outputs)
    np.testing.assert_array_equal(y, z - a)
    np.testing.assert_array_equal(b, z * a)


def test_a_process_counts_its_runs(workspace: Workspace, model: Path) -> None:
    outcome = run(workspace, model)
    process = outcome.process
    assert (len(process.warmup), len(process.runs)) == (2, 5)
    assert min(process.init, process.first, *process.warmup, *process.runs) > 0
    assert process.runtime == f"LiteRT {version('ai-edge-litert')}"
    assert process.runner == "python"
    assert process.peak_rss_bytes is not None
    assert 10e6 < process.peak_rss_bytes < 2e9
    assert (outcome.outputs, outcome.profile) == (None, None)


def test_the_memory_of_the_process_that_starts_it_is_not_counted(
    workspace: Workspace, model: Path
) -> None:
    mine = np.ones(1_000_000_000, np.uint8)
    peak = run(workspace, model).process.peak_rss_bytes
    assert peak is not None
    assert peak < mine.nbytes


def test_times_are_lower_bounds_too(workspace: Workspace, model: Path) -> None:
    start = time.perf_counter_ns()
    settings = QUICK.model_copy(update={"warmup_seconds": 0.05, "seconds": 0.1})
    process = run(workspace, model, settings).process
    wall = time.perf_counter_ns() - start
    assert len(process.warmup) > 2
    assert len(process.runs) > 5
    assert sum(process.runs) + sum(process.warmup) < wall


def test_inputs_are_zeros_without_any(workspace: Workspace, model: Path) -> None:
    outcome = run(workspace, model, want_outputs=True)
    assert outcome.outputs is not None
    assert not np.frombuffer(b"".join(outcome.outputs), np.float32).any()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_it_can_be_pinned(workspace: Workspace, model: Path) -> None:
    core = max(os.sched_getaffinity(0))
    settings = QUICK.model_copy(update={"cores": (core,)})
    assert last_cores_in(workspace.path, partial(run, workspace, model, settings)) == {core}
    with pytest.raises(DeviceError, match="interpreter failed"):
        run(workspace, model, QUICK.model_copy(update={"cores": (1023,)}))


@pytest.mark.parametrize(
    ("count", "size", "words"),
    [(1, 240, "has 2 inputs, and 1 were given"), (2, 239, "takes 240 bytes, and 239")],
)
def test_inputs_that_do_not_fit_are_refused(
    workspace: Workspace, model: Path, tmp_path: Path, count: int, size: int, words: str
) -> None:
    (tmp_path / "raw").write_bytes(b"\0" * size)
    inputs = (workspace.put(tmp_path / "raw"),) * count
    with pytest.raises(DeviceError) as caught:
        run(workspace, model, inputs=inputs)
    assert words in caught.value.why


def test_a_file_that_is_no_model_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"\0\0\0\0TFL3" + b"\xff" * 100)
    with pytest.raises(DeviceError, match="The LiteRT interpreter failed") as caught:
        run(workspace, tmp_path / "bad.tflite")
    assert "exit code" in caught.value.why


def test_a_process_that_hangs_is_killed(workspace: Workspace, model: Path) -> None:
    pipe = Path(workspace.path, "never written")
    os.mkfifo(pipe)
    # It waits for an input that never comes.
    settings = QUICK.model_copy(update={"timeout": 3.0})
    with pytest.raises(DeviceTimeout, match="within 3 s"):
        run(workspace, model, settings, inputs=(str(pipe), str(pipe)))


@pytest.mark.parametrize(
    ("accelerator", "profile", "words"),
    [("gpu", False, "cannot use the gpu"), ("cpu", True, "does not measure operators")],
)
def test_what_it_cannot_do_is_refused(
    workspace: Workspace, model: Path, accelerator: str, profile: bool, words: str
) -> None:
    settings = QUICK.model_copy(update={"accelerator": accelerator})
    with pytest.raises(InputError, match=words):
        run(workspace, model, settings, want_profile=profile)


def test_another_device_is_refused(workspace: Workspace) -> None:
    workspace.device.selector = "adb:X"
    with pytest.raises(InputError, match="cannot run on adb:X"):
        PythonRunner().prepare(workspace)


@pytest.mark.parametrize(
    "out", ["", "no json", "{}", '{"process": {}, "outputs": 1}', "[" * 100_000]
)
def test_a_malformed_report_is_told(
    workspace: Workspace, model: Path, monkeypatch, out: str
) -> None:
    path = workspace.put(model)
    monkeypatch.setattr(workspace, "run", lambda argv, timeout: Completed(0, out, "\x1b[2Jlast"))
    with pytest.raises(DeviceError, match="report is malformed") as caught:
        PythonRunner().run(workspace, Job(path, QUICK))
    assert "?[2Jlast" in caught.value.why


def test_runners_are_found_by_name() -> None:
    assert isinstance(runner("python"), PythonRunner)
    assert runner("native").name == "native"
    for name in ("", "Python", "python:x", "native:x"):
        with pytest.raises(InputError, match="no runner called"):
            runner(name)
