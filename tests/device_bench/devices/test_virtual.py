"""The virtual device: what runs in the emulator, what it computes, and that its clock is exact."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.building.bundle import LOADER, RUNNER, bundle
from _edgeship.device_bench.devices.emulator import emulator
from _edgeship.device_bench.devices.find import find
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.device_bench.devices.system import read_properties
from _edgeship.device_bench.devices.virtual import VirtualDevice
from _edgeship.device_bench.devices.workspace import Workspace
from _edgeship.device_bench.processes.base import DeviceTimeout
from _edgeship.device_bench.processes.running import run_process
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.device_bench.runners.base import Job, Outcome
from _edgeship.device_bench.runners.native_report import parse_report
from _edgeship.device_bench.runners.native_runner import NativeRunner
from _edgeship.errors import DeviceError
from tests.device_bench.small_files import chain, image, needs_virtual

pytestmark = needs_virtual

SETTINGS = MeasurementSettings(
    warmup_runs=1, warmup_seconds=0, runs=2, seconds=0, rounds=1, timeout=60
)

COUNTER = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}
int main(int count, char **words) {
  long turns = count > 1 ? atol(words[1]) : 0;
  long long start = now();
  /* Two instructions a turn. */
  __asm__ volatile("1: subs %0, %0, #1\\n b.ne 1b" : "+r"(turns) : : "cc");
  printf("%lld\\n", now() - start);
  return 7;
}
"""


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An arm64 program that prints how long a loop takes."""
    folder = tmp_path_factory.mktemp("counter")
    (folder / "counter.c").write_text(COUNTER)
    argv = ["-O2", "-static", f"{folder}/counter.c", "-o", f"{folder}/counter"]
    done = run_process(["aarch64-linux-gnu-gcc", *argv], timeout=60)
    assert done.code == 0, done.err
    return str(folder / "counter")


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with Workspace(VirtualDevice()) as made:
        NativeRunner().prepare(made)
        yield made


def execute(workspace: Workspace, tmp_path: Path, data: bytes, settings=SETTINGS) -> Outcome:
    file, sample = tmp_path / "model.tflite", tmp_path / "sample"
    file.write_bytes(data)
    sample.write_bytes(image().tobytes())
    job = Job(workspace.put(file), settings, (workspace.put(sample),), True)
    return NativeRunner().run(workspace, job)


def test_it_is_found_and_says_that_it_counts_instructions() -> None:
    device = find("virtual")
    assert (device.selector, device.unit) == ("virtual", "instructions")
    assert read_properties(device).abi == "arm64-v8a"


def test_the_clock_counts_instructions(counter: str) -> None:
    device = VirtualDevice()
    times = {
        turns: int(device.run([counter, str(turns)], timeout=20).out) for turns in (1000, 51000)
    }
    assert times[51000] - times[1000] == 2 * 50_000
    assert 2000 < times[1000] < 3000


def test_exit_codes_and_words_reach_the_program_s_caller(counter: str) -> None:
    assert VirtualDevice().run([counter, "1"], timeout=20).code == 7


def test_other_programs_are_the_host_s_own() -> None:
    done = VirtualDevice().run(["sh", "-c", 'uname -m; echo "$1"', "sh", "a b"], timeout=20)
    assert done.out.splitlines() == [os.uname().machine, "a b"]


def test_a_file_that_a_script_only_handles_is_not_executed(counter: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copyfile(counter, copy)
    done = VirtualDevice().run(["sh", "-c", 'rm -f "$@"', "sh", str(copy)], timeout=20)
    assert done.code == 0
    assert not copy.exists()
    shutil.copyfile(counter, copy)
    assert VirtualDevice().run(["rm", "-f", str(copy)], timeout=20).code == 0
    assert not copy.exists()


@pytest.mark.parametrize("word", ["/nonexistent", "relative", "/" + "x" * 5000])
def test_words_that_are_no_programs_are_left_alone(word: str) -> None:
    assert VirtualDevice().run([word], timeout=20).code == 127


def test_a_word_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(DeviceError, match="cannot be started") as caught:
        VirtualDevice().run(["/a\0b"], timeout=20)
    assert "null byte" in caught.value.why


def test_the_environment_does_not_shine_through(counter: str, monkeypatch) -> None:
    device = VirtualDevice()
    before = device.run([counter, "9"], timeout=20).out
    monkeypatch.setenv("QEMU_LOG", "nonsense")
    monkeypatch.setenv("LD_PRELOAD", "nonsense")
    assert device.run([counter, "9"], timeout=20).out == before


def test_int8_outputs_equal_the_host_s_bit_for_bit_and_float_ones_nearly(workspace, tmp_path):
    with Workspace(LocalDevice()) as host:
        NativeRunner().prepare(host)
        for kind in ("int8", "float32"):
            data = chain(kind)
            (here,), (there,) = (
                execute(place, tmp_path, data).outputs for place in (host, workspace)
            )
            if kind == "int8":
                assert here == there
            else:
                expected, found = (np.frombuffer(data, np.float32) for data in (here, there))
                assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def test_repeats_give_identical_figures(workspace: Workspace, tmp_path: Path) -> None:
    first, second = (execute(workspace, tmp_path, chain("int8")).process for _ in range(2))
    assert first == second
    assert first.runs[0] == first.runs[1] > 10_000
    # What belongs to the emulator or its host is not told.
    assert (first.peak_rss_bytes, first.mhz, first.capped) == (None, (), ())


def test_runs_count_the_same_in_any_folder(workspace: Workspace, tmp_path, monkeypatch) -> None:
    here = execute(workspace, tmp_path, chain("int8")).process
    deep = tmp_path / "a folder with a longer name"
    deep.mkdir()
    device = VirtualDevice()
    device.base = str(deep)
    with Workspace(device) as other:
        NativeRunner().prepare(other)
        there = execute(other, tmp_path, chain("int8")).process
    assert there.runs == here.runs


def test_two_threads_run(workspace: Workspace, tmp_path: Path) -> None:
    two = SETTINGS.model_copy(update={"threads": 2})
    assert len(execute(workspace, tmp_path, chain(), two).process.runs) == 2


def test_frequency_and_caps_are_those_of_the_core_in_use(tmp_path: Path) -> None:
    """The runner sees files as a phone has them: 2.0 GHz allowed of 2.8, 1.5 in use."""
    base = emulator()
    root = tmp_path / "root"
    shutil.copytree(base[base.index("-L") + 1], root)
    for core in range(os.cpu_count() or 1):
        folder = root / f"sys/devices/system/cpu/cpu{core}/cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_cur_freq").write_text("1500000\n")
        (folder / "scaling_max_freq").write_text("2000000\n")
        (folder / "cpuinfo_max_freq").write_text("2800000\n")
    (tmp_path / "model.tflite").write_bytes(chain("int8"))
    files = bundle("arm64-v8a").folder
    base[base.index("-L") + 1] = str(root)
    argv = [*base, str(files / LOADER), "--library-path", str(files), str(files / RUNNER)]
    argv += ["--model", str(tmp_path / "model.tflite"), "--runs", "3", "--frequency"]
    process = parse_report(run_process(argv, timeout=60).out, "").process
    assert (process.mhz, process.capped) == ((1500,) * 3, (True,) * 3)


def test_a_program_that_does_not_end_is_killed(counter: str) -> None:
    with Workspace(VirtualDevice()) as own:
        program = own.put(Path(counter))
        with pytest.raises(DeviceTimeout):
            own.run([program, str(10**12)], timeout=0.5)
        here = [cwd for cwd in map(working_directory, Path("/proc").glob("[0-9]*")) if cwd]
        assert not [cwd for cwd in here if cwd.startswith(own.path)]


def working_directory(process: Path) -> str:
    try:
        return str((process / "cwd").readlink())
    except OSError:
        # It has ended meanwhile.
        return ""


@pytest.mark.parametrize(
    ("version", "help_text", "why"),
    [
        ("10.0.2", "-L path", "built without plugins"),
        ("9.2.0", "-plugin FILE", "version 9, and the clock is a plugin for 6 to 8"),
    ],
)
def test_a_qemu_that_cannot_load_the_clock_is_refused(
    monkeypatch, tmp_path: Path, version: str, help_text: str, why: str
) -> None:
    other = tmp_path / "qemu-aarch64"
    script = f'[ "$1" = -help ] && echo "{help_text}" || echo "qemu-aarch64 version {version} (x)"'
    other.write_text(f"#!/bin/sh\n{script}\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DeviceError, match="does not work with this qemu") as caught:
        find("virtual")
    assert why in caught.value.why


def test_without_qemu_it_says_what_to_install(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="needs qemu") as caught:
        find("virtual")
    assert "apt install qemu-user" in caught.value.todo


def test_the_clock_takes_no_nonsense(counter: str) -> None:
    argv = [word.replace(",ns=1", ",ns=x") for word in emulator()]
    done = run_process([*argv, counter], timeout=20)
    assert done.code != 0
    assert "ns=N" in done.err
