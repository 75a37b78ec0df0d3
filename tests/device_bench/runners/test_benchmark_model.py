"""The runner "benchmark_model": its documented output, and a script that prints it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.system import read_properties
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import DeviceTimeout
from _edgeship.device_bench.results.records import MeasurementSettings, Process
from _edgeship.device_bench.runners.base import Accelerated, Job
from _edgeship.device_bench.runners.benchmark_model import (
    BenchmarkModelRunner,
    find_binary,
    parse_output,
    read_accelerated,
)
from _edgeship.device_bench.runners.find import runner
from _edgeship.errors import DeviceError, InputError

OLD = """STARTING!
Log parameter values verbosely: [0]
Graph: [/data/local/tmp/net.tflite]
Loaded model /data/local/tmp/net.tflite
The input model file size (MB): 4.27635
Initialized session in 13.386ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds.
count=1 curr=11403859

Running benchmark for at least 50 iterations and at least 1 seconds.
count=260 first=3918 curr=3711 min=3700 max=4026 avg=3756.87 std=35

Inference timings in us: Init: 13386, First inference: 11403859, Warmup (avg): 1.14039e+07, \
Inference (avg): 3756.87
"""

NEW = """INFO: STARTING!
INFO: Explicitly applied GPU delegate, and the model graph will be completely executed by the \
delegate.
INFO: count=5 first=125113 curr=112537 min=111758 max=125113 avg=115344 std=4959 p5=111758 \
median=112912 p95=125113

INFO: count=50 first=119614 curr=115889 min=111842 max=119614 avg=115246 std=1329 p5=112107 \
median=115350 p95=116620

INFO: Inference timings in us: Init: 1361236, First inference: 125113, Warmup (avg): 115344, \
Inference (avg): 115246
"""


def test_an_old_version_tells_the_mean() -> None:
    assert parse_output(OLD, "v") == Process(
        runner="benchmark_model",
        runtime="v",
        init=13_386_000,
        first=11_403_859_000,
        runs=(3_756_870,),
        runs_per_sample=260,
    )


def test_a_new_version_tells_the_median() -> None:
    process = parse_output(NEW, "v")
    assert process is not None
    assert (process.runs, process.runs_per_sample) == ((115_350_000,), 50)
    assert process.fully_accelerated is True


@pytest.mark.parametrize(
    "words",
    [
        "the model graph will be partially executed by the delegate w/ 2 delegate kernels.",
        "the model graph will not be executed by the delegate.",
    ],
)
def test_a_graph_that_a_delegate_left_in_part_is_told(words: str) -> None:
    process = parse_output(f"INFO: {words}\n{NEW}", "v")
    assert process is not None
    assert process.fully_accelerated is False


def test_large_numbers_come_as_c_plus_plus_writes_them() -> None:
    process = parse_output(OLD.replace("avg): 3756.87", "avg): 1.23457e+06"), "v")
    assert process is not None
    assert process.runs == (1_234_570_000,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        OLD.replace("count=", "n="),
        OLD.replace("Inference timings", "Timings"),
        OLD.replace("Init: 13386", "Init: 1..3"),
        OLD.replace("avg): 3756.87", "avg): 0"),
        OLD.replace("avg): 3756.87", "avg): 1e300"),
        OLD.replace("avg): 3756.87", "avg): -nan"),
        OLD.replace("count=260", "count=0"),
    ],
)
def test_other_output_is_none_of_it(text: str) -> None:
    assert parse_output(text, "v") is None


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    device = LocalDevice()
    (tmp_path / "base").mkdir()
    device.base = str(tmp_path / "base")
    with Workspace(device) as made:
        yield made


def script(folder: Path, body: str) -> Path:
    """Write a program in the place of benchmark_model."""
    path = folder / "benchmark_model"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def printing(text: str) -> str:
    return f"cat <<'END'\n{text}END"


def test_it_is_run_as_the_settings_say(workspace: Workspace, tmp_path: Path) -> None:
    words = tmp_path / "words"
    binary = script(tmp_path, f"printf '%s\\n' \"$@\" > '{words}'\n{printing(OLD)}")
    made = BenchmarkModelRunner(binary)
    made.prepare(workspace)
    settings = MeasurementSettings(
        threads=3, warmup_runs=2, warmup_seconds=0.25, runs=7, seconds=1.5, accelerator="gpu"
    )
    outcome = made.run(workspace, Job("/a b/net.tflite", settings, want_outputs=True))
    assert words.read_text().splitlines() == [
        "--graph=/a b/net.tflite",
        "--num_threads=3",
        "--warmup_runs=3",
        "--warmup_min_secs=0.25",
        "--num_runs=7",
        "--min_secs=1.5",
        "--use_gpu=true",
    ]
    assert outcome.outputs is None
    assert outcome.process.runs == (3_756_870,)
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    assert outcome.process.runtime == f"benchmark_model {digest[:12]}"


def test_its_log_may_come_as_errors(workspace: Workspace, tmp_path: Path) -> None:
    made = BenchmarkModelRunner(script(tmp_path, f"exec >&2\n{printing(NEW)}"))
    made.prepare(workspace)
    assert made.run(workspace, Job("x", MeasurementSettings())).process.runs_per_sample == 50


def test_cores_become_a_mask(workspace: Workspace, tmp_path: Path, monkeypatch) -> None:
    words = tmp_path / "words"
    fake = tmp_path / "bin"
    fake.mkdir()
    taskset = fake / "taskset"
    taskset.write_text(f'#!/bin/sh\necho "$1" > "{words}"\nshift\nexec "$@"\n')
    taskset.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake), prepend=":")
    made = BenchmarkModelRunner(script(tmp_path, printing(OLD)))
    made.prepare(workspace)
    made.run(workspace, Job("x", MeasurementSettings(cores=(4, 5, 6, 7))))
    assert words.read_text() == "f0\n"


@pytest.mark.parametrize(
    ("body", "words", "why"),
    [
        ("echo out of luck >&2; exit 3", "benchmark_model failed", "out of luck (exit code 3)"),
        ("kill -9 $$", "benchmark_model failed", "signal 9"),
        ("echo hello", "did not print its results as documented", "hello"),
    ],
)
def test_failures_are_told(
    workspace: Workspace, tmp_path: Path, body: str, words: str, why: str
) -> None:
    made = BenchmarkModelRunner(script(tmp_path, body))
    made.prepare(workspace)
    with pytest.raises(DeviceError, match=words) as caught:
        made.run(workspace, Job("x", MeasurementSettings()))
    assert why in caught.value.why


def test_one_that_hangs_is_killed(workspace: Workspace, tmp_path: Path) -> None:
    made = BenchmarkModelRunner(script(tmp_path, "sleep 60"))
    made.prepare(workspace)
    with pytest.raises(DeviceTimeout):
        made.run(workspace, Job("x", MeasurementSettings(timeout=0.5)))


def test_what_it_cannot_do_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    made = BenchmarkModelRunner(script(tmp_path, printing(OLD)))
    made.prepare(workspace)
    with pytest.raises(InputError, match="does not measure operators"):
        made.run(workspace, Job("x", MeasurementSettings(), want_profile=True))
    with pytest.raises(InputError, match="cannot use the npu"):
        made.run(workspace, Job("x", MeasurementSettings(accelerator="npu")))


def test_a_program_for_another_processor_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    own = read_properties(workspace.device).abi
    machine, other = (62, "x86_64") if own == "arm64-v8a" else (183, "arm64-v8a")
    binary = tmp_path / "benchmark_model"
    binary.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(11) + bytes([machine, 0]) + bytes(40))
    with pytest.raises(DeviceError, match="not built for local") as caught:
        BenchmarkModelRunner(binary).prepare(workspace)
    assert caught.value.why == f"It runs on {other}; the device is {own}."


def test_it_is_found_by_path_on_path_and_in_the_cache(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="no benchmark_model here") as caught:
        runner("benchmark_model")
    assert "--runner benchmark_model:FILE" in caught.value.todo
    (tmp_path / "cache").mkdir()
    cached = script(tmp_path / "cache", "")
    assert find_binary() == cached
    (tmp_path / "bin").mkdir()
    first = script(tmp_path / "bin", "")
    assert find_binary() == first
    assert isinstance(runner(f"benchmark_model:{cached}"), BenchmarkModelRunner)
    with pytest.raises(InputError, match="no such benchmark_model"):
        runner("benchmark_model:/nothing")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (NEW, Accelerated(left=0)),
        (
            "Explicitly applied GPU delegate, and the model graph will be partially executed by "
            "the delegate w/ 1 delegate kernels.",
            Accelerated(left=None),
        ),
        (
            "12 operations will run on the GPU, and the remaining 3 operations will run on the "
            "CPU. The model graph will be partially executed by the delegate.",
            Accelerated(left=3),
        ),
        ("the model graph will not be executed by the delegate.", None),
        (OLD, None),
    ],
)
def test_what_its_delegate_ran(said: str, found: Accelerated | None) -> None:
    assert read_accelerated(said) == found
