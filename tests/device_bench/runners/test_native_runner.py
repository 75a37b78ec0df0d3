"""The native runner: what it computes, what it measures, and how it fails."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.building.bundle import LOADER, RUNNER, bundle
from _edgeship.device_bench.building.litert_library import host_abi
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.system import read_properties
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import Completed, DeviceTimeout
from _edgeship.device_bench.processes.running import run_process
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners import native_runner
from _edgeship.device_bench.runners.base import Job, Outcome
from _edgeship.device_bench.runners.native_runner import NativeRunner
from _edgeship.errors import DeviceError, InputError
from tests.device_bench.processes.alive import is_running, last_cores_in
from tests.device_bench.small_files import chain, image, interpret, needs_native, network

QUICK = MeasurementSettings(
    warmup_runs=1, warmup_seconds=0, runs=2, seconds=0, rounds=1, timeout=60
)

pytestmark = needs_native


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with Workspace(LocalDevice()) as made:
        NativeRunner().prepare(made)
        yield made


@pytest.fixture
def run(workspace: Workspace, tmp_path: Path) -> Callable[..., Outcome]:
    """Run bytes as a file, with arrays as inputs."""

    def execute(
        data: bytes,
        *arrays: np.ndarray,
        settings: MeasurementSettings = QUICK,
        want_profile: bool = False,
    ) -> Outcome:
        file = tmp_path / "a 'b' ; rm -rf x.tflite"
        file.write_bytes(data)
        inputs = []
        for index, array in enumerate(arrays):
            raw = tmp_path / f"{index}.bin"
            raw.write_bytes(array.tobytes())
            inputs.append(workspace.put(raw))
        job = Job(workspace.put(file), settings, tuple(inputs), True, want_profile)
        return NativeRunner().run(workspace, job)

    return execute


def test_outputs_are_the_interpreters_in_the_order_of_the_file(run) -> None:
    data, sample = network().data(), image()
    features, scores = interpret(data, sample)
    outcome = run(data, sample)
    assert [len(output) for output in outcome.outputs] == [features.nbytes, scores.nbytes]
    for output, expected in zip(outcome.outputs, (features, scores), strict=True):
        np.testing.assert_allclose(
            np.frombuffer(output, np.float32), expected.ravel(), rtol=1e-6, atol=1e-6
        )
    digest = hashlib.sha256(b"".join(outcome.outputs)).hexdigest()
    assert outcome.process.outputs_sha256 == digest


def test_inputs_are_zeros_by_default(run) -> None:
    data = chain()
    zeros = np.zeros_like(image())
    assert run(data).outputs == run(data, zeros).outputs != run(data, image()).outputs


def test_int8_outputs_are_the_interpreters_bit_for_bit(run) -> None:
    data, sample = chain("int8"), image()
    assert run(data, sample).outputs == (interpret(data, sample)[0].tobytes(),)


def test_runs_and_warm_up_reach_count_and_time(run) -> None:
    counted = run(chain(), settings=QUICK.model_copy(update={"warmup_runs": 7, "runs": 11}))
    assert (len(counted.process.warmup), len(counted.process.runs)) == (7, 11)
    by_time = QUICK.model_copy(update={"warmup_seconds": 0.002, "seconds": 0.01})
    timed = run(chain(), settings=by_time).process
    assert sum(timed.warmup) >= 2e6
    assert sum(timed.runs) >= 1e7
    assert sum(timed.runs[:-1]) < 1e7


def test_what_comes_back_is_bounded(run) -> None:
    process = run(chain(), settings=QUICK.model_copy(update={"seconds": 30})).process
    assert len(process.runs) == 10_000


def test_times_and_memory_are_plausible(run) -> None:
    process = run(chain()).process
    assert process.runtime.startswith("LiteRT 2.")
    assert min(process.init, process.first, *process.warmup, *process.runs) > 0
    assert 1 << 20 < process.peak_rss_bytes < 1 << 30
    # Where the system tells frequencies there is one for each run.
    assert len(process.mhz) in (0, len(process.runs))
    assert len(process.capped) in (0, len(process.runs))


def test_a_profile_names_operators_and_who_ran_them(run) -> None:
    profile = run(network().data(), image(), want_profile=True).profile
    kinds = [(op.name.split()[0], op.delegated) for op in profile.ops]
    assert [op.index for op in profile.ops] == list(range(len(kinds)))
    assert [name for name, delegated in kinds if not delegated] == ["GATHER"]
    assert sum(delegated for _, delegated in kinds) >= 2
    assert profile.partitions == 2
    assert sum(op.time for op in profile.ops) <= profile.total
    assert run(chain(), want_profile=True).profile.partitions == 1
    assert run(chain()).profile is None


def test_the_process_is_pinned_to_cores(run, workspace: Workspace) -> None:
    core = max(os.sched_getaffinity(0))
    pinned = QUICK.model_copy(update={"cores": (core,), "seconds": 60.0})
    work = partial(run, chain(), settings=pinned)
    assert last_cores_in(workspace.path, work) == {core}
    with pytest.raises(DeviceError, match="failed") as caught:
        run(chain(), settings=QUICK.model_copy(update={"cores": (core, 1000)}))
    assert "pinned to cores" in caught.value.why or "may be used" in caught.value.why


@pytest.mark.parametrize(
    ("data", "arrays", "changes", "why"),
    [
        (b"this is no model at all", (), {}, "cannot be read as a TFLite model"),
        (b"", (), {}, "cannot be read as a TFLite model"),
        (None, (np.zeros(3, np.float32),), {}, "takes 1024 bytes; the file has less"),
        (None, (np.zeros(300, np.float32),), {}, "takes 1024 bytes; the file has more"),
        (None, (image(), image()), {}, "has 1 inputs, and 2 are given"),
        (None, (), {"accelerator": "npu"}, "no such accelerator"),
        (None, (), {"accelerator": "quantum"}, "takes cpu, gpu or npu"),
    ],
)
def test_the_runner_says_why_it_fails(run, data, arrays, changes, why) -> None:
    with pytest.raises(DeviceError, match="The runner failed") as caught:
        run(chain() if data is None else data, *arrays, settings=QUICK.model_copy(update=changes))
    assert why in caught.value.why
    assert caught.value.exit_code == 5


def test_a_device_of_another_abi_is_refused(workspace, monkeypatch) -> None:
    known = read_properties(workspace.device)
    other = known.model_copy(update={"abi": "armeabi-v7a"})
    monkeypatch.setattr(native_runner, "read_properties", lambda device: other)
    with pytest.raises(DeviceError, match="ABI armeabi-v7a") as caught:
        NativeRunner().prepare(workspace)
    assert "arm64-v8a" in caught.value.why


def test_a_program_for_another_processor_does_not_start(tmp_path: Path) -> None:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little")
    strange = tmp_path / "strange"
    strange.write_bytes(header + (0xF7).to_bytes(2, "little") + bytes(44))
    with Workspace(LocalDevice()) as own:
        own.put(strange, LOADER)
        with pytest.raises(DeviceError, match="cannot be started") as caught:
            NativeRunner().run(own, Job("model", QUICK))
    assert "exit code 126" in caught.value.why


def test_a_hanging_runner_is_killed(tmp_path: Path) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 300.25\n")
    with Workspace(LocalDevice()) as own:
        own.put(hanging, LOADER)
        with pytest.raises(DeviceTimeout):
            NativeRunner().run(own, Job("model", QUICK.model_copy(update={"timeout": 0.5})))
    assert not is_running("sleep", "300.25")


@pytest.mark.parametrize("setting", ["runs", "warmup_runs"])
def test_more_runs_than_a_report_can_hold_are_refused(run, setting: str) -> None:
    with pytest.raises(InputError, match="100001 runs"):
        run(chain(), settings=QUICK.model_copy(update={setting: 100_001}))


class Scripted(LocalDevice):
    """This computer, but the runner's end is made up."""

    def __init__(self, done: Completed) -> None:
        super().__init__()
        self._done = done

    def run(self, argv, **rest) -> Completed:
        is_runner = any(word.endswith(LOADER) for word in argv)
        return self._done if is_runner else super().run(argv, **rest)


START = '{"event":"init","ns":1}\n{"event":"first","ns":1}\n'
RUN = '{"event":"run","ns":1,"mhz":null,"capped":null}\n'
END = '{"event":"end","peak_rss_bytes":null,"fully_accelerated":true,"outputs":[4]}\n'


@pytest.mark.parametrize(
    ("done", "what", "why"),
    [
        (Completed(137, START, ""), "ended before its report", "killed by signal 9"),
        (Completed(139, START, "a\x1b[31mb\n"), "ended before its report", "a?[31mb"),
        (Completed(132, "", ""), "instruction", "killed by signal 4"),
        (Completed(0, "", ""), "malformed", "it has no runs"),
        (Completed(0, START + RUN, ""), "malformed", "breaks off"),
        (Completed(0, "\x1b[2Jhello\n", ""), "malformed", "line 1"),
        (Completed(3, START + RUN + END, ""), "ended before its report", "exit code 3"),
        (Completed(1, '{"event":"error","what":"\\u001b[2J"}\n', ""), "failed", "?[2J"),
    ],
)
def test_what_a_device_says_is_not_trusted(done, what, why) -> None:
    with (
        Workspace(Scripted(done)) as own,
        pytest.raises(DeviceError, match=what) as caught,
    ):
        NativeRunner().run(own, Job("model", QUICK))
    assert why in caught.value.why
    assert "\x1b" not in str(caught.value)


def test_outputs_must_have_the_size_reported(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_bytes(b"abc")
    with Workspace(Scripted(Completed(0, START + RUN + END, ""))) as own:
        own.put(short, "outputs")
        with pytest.raises(DeviceError, match="malformed") as caught:
            NativeRunner().run(own, Job("model", QUICK))
    assert "wrote 3 bytes of outputs, and reports 4" in caught.value.why


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--model"], "'--model' is no option, or lacks its value."),
        (["--modle", "x"], "There is no option '--modle'."),
        (["--runs", "-1", "--model", "x"], "--runs takes a whole number from 1, not '-1'."),
        (["--runs", "9" * 30, "--model", "x"], "--runs takes a whole number from 1, not"),
        ([], "No file is named with --model."),
        (["--cores", "1,x", "--model", "x"], "--cores takes numbers with commas, not '1,x'."),
        (["--model", "x", "--runs", "9", "--max-runs", "8"], "More runs are asked for"),
    ],
)
def test_the_program_refuses_a_wrong_command_line(words: list[str], what: str) -> None:
    folder = bundle(host_abi()).folder
    argv = [str(folder / LOADER), "--library-path", str(folder), str(folder / RUNNER), *words]
    done = run_process(argv, timeout=30)
    assert done.code == 1
    assert what in done.out
