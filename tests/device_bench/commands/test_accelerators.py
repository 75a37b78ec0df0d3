"""`run` and `compare` with accelerators, on this computer and on fakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from _edgeship.device_bench.runners import find as runners
from _edgeship.device_bench.runners.base import Accelerated
from _edgeship.device_bench.store.store import Store
from tests.device_bench.commands.test_run_compare import (  # noqa: F401  (fixtures)
    files,
    phone,
    run,
    slower,
)
from tests.device_bench.measurement.test_accelerated_session import GpuRunner
from tests.device_bench.runners.test_accelerators import rank_five
from tests.device_bench.small_files import chain, needs_native
from tests.export.delegates.gpu_here import accelerator

SOFT = Accelerated("SwiftShader", software=True, left=0)
REAL = Accelerated("Adreno (TM) 740", software=False, left=0)


@pytest.fixture
def gpu(phone, monkeypatch) -> GpuRunner:  # noqa: F811
    """The GPU of the fake phone, whose CPU is the fixture `phone`; the GPU takes 20 % longer."""
    made = GpuRunner(phone.device)
    ways = {"cpu": phone, "gpu": made}
    monkeypatch.setattr(runners, "runner", lambda name, **options: ways[options["accelerator"]])

    def steady(level: int):
        while True:
            yield tuple(level + 100 * k for k in range(40))

    phone.times, made.times = steady(1_000_000), steady(1_200_000)
    return made


def test_compare_judges_a_real_gpu_against_the_cpu(gpu, files, tmp_path):  # noqa: F811
    gpu.found = REAL
    where = ("--device", "adb", "--accelerator", "cpu,gpu", "--store", tmp_path / "s.sqlite")
    out, _ = run("compare", files[0], *where)
    assert "; native, cpu and gpu, 1 thread" in out
    assert "gpu: Adreno (TM) 740\n" in out
    assert "Time compared with cpu:" in out
    [line] = [line for line in out.splitlines() if " slower " in line]
    assert line.split()[:3] == ["a.tflite", "gpu", "1.1996"]  # of 1.0 and 1.2 ms, and the noise
    assert "software" not in out


def test_compare_has_no_verdict_on_a_software_gpu_and_the_cpu(gpu, files, tmp_path):  # noqa: F811
    gpu.found = SOFT
    where = ("--device", "adb", "--accelerator", "cpu,gpu", "--store", tmp_path / "s.sqlite")
    out, _ = run("compare", *files, *where)
    assert "native, cpu and gpu (software), 1 thread" in out
    assert "gpu: SwiftShader, a software driver" in out
    assert "SwiftShader is a program on the CPU, and not a GPU" in out
    assert "its times are no GPU's" in out
    between = out.partition("Time compared with cpu:")[2]
    lines = [line for line in between.splitlines() if "gpu (software)" in line]
    assert len(lines) == 2
    assert all(line.rstrip().endswith("not compared") for line in lines)
    assert " x " not in between
    # Two files on one driver can be compared.
    assert "no difference shown" in out.partition("Time compared with a.tflite:")[2]


def test_json_says_why_there_is_no_ratio(gpu, files, tmp_path):  # noqa: F811
    gpu.found = SOFT
    where = ("--device", "adb", "--accelerator", "cpu,gpu", "--store", tmp_path / "s.sqlite")
    out, _ = run("compare", files[0], *where, "--rounds", "2", "--json")
    [session] = json.loads(out)["sessions"]
    [found] = session["comparisons"]
    assert (found["verdict"], "ratio" in found) == ("not compared", False)
    assert "program on the CPU" in found["why"]
    assert (found["accelerator"], found["compared_with"]["accelerator"]) == (
        "gpu (software)",
        "cpu",
    )
    assert session["measurements"][1]["acceleration"] == {
        "driver": "SwiftShader",
        "software": True,
        "operators": 2,
        "taken": 2,
    }


def test_reports_say_it_too(gpu, files, tmp_path):  # noqa: F811
    gpu.found = SOFT
    store = tmp_path / "s.sqlite"
    run("run", files[0], "--device", "adb", "--accelerator", "gpu", "--store", store)
    for name, words in {
        "r.html": ("native, gpu (software)", "a.tflite on gpu (software)", "no GPU&#39;s"),
        "r.md": ("native, gpu (software)", "SwiftShader, a software driver", "all 2 operators"),
        "r.csv": ("accelerator_driver", "SwiftShader,True,2"),
        "r.json": ('"software": true',),
    }.items():
        run("report", "--store", store, "--out", tmp_path / name)
        text = (tmp_path / name).read_text()
        assert [word for word in words if word not in text] == [], name


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--accelerator", "npu"), "An NPU needs its vendor's dispatch library"),
        (("--accelerator", "tpu"), "no accelerator called 'tpu'"),
        (("--accelerator-library", "x.so"), "has no accelerator that it is for"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_no_store(
    tmp_path: Path,
    words: tuple[str, ...],
    what: str,
) -> None:
    file, store = tmp_path / "a.tflite", tmp_path / "s.sqlite"
    file.write_bytes(chain())
    _, err = run("run", file, "--device", "local", *words, "--store", store, code=2)
    assert what in err
    assert not store.exists()


def test_an_accelerator_is_named_once(files):  # noqa: F811
    _, err = run("compare", files[0], "--device", "local", "--accelerator", "gpu,gpu", code=2)
    assert "named twice" in err


@pytest.mark.slow
@needs_native
def test_the_gpu_of_this_computer_from_end_to_end(tmp_path: Path) -> None:
    driver = accelerator()
    file, store = tmp_path / "a.tflite", tmp_path / "s.sqlite"
    file.write_bytes(chain())
    where = ("--device", "local", "--accelerator", "gpu", "--store", store)
    out, _ = run("run", file, *where, "--rounds", "1", "--seconds", "0", "--json")
    [session] = json.loads(out)["sessions"]
    [measurement] = session["measurements"]
    assert measurement["acceleration"] == {
        "driver": driver.device,
        "software": driver.software,
        "operators": 2,
        "taken": 2,
    }
    assert measurement["parity"]["max_rel"] < 1e-2
    assert session["complete"]
    # A refused file beside it: an error that names it, and no second session.
    refused = tmp_path / "five.tflite"
    refused.write_bytes(rank_five())
    _, err = run("run", file, refused, *where, "--rounds", "1", code=5)
    assert "3 operators would fall back to the CPU" in err
    assert f"where: {refused} on local" in err
    assert "Tensor dimensions must be less than 5" in err
    with Store(store) as kept:
        assert [one.id for one in kept.sessions()] == [session["id"]]
