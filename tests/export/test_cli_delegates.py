"""Delegates on the command line: verify --runtime gpu, inspect --delegates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from _edgeship.export.delegates.accelerator import find_accelerator
from tests.export.command_line import run, write_network
from tests.export.delegates.gpu_here import accelerator


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delegates")
    write_network(folder / "small.onnx")
    run(folder / "small.onnx", "--quant", "none,int8", "--out", folder / "out")
    return folder / "out"


def test_verify_on_the_gpu_says_on_which_driver(exported: Path) -> None:
    device = accelerator().device
    stdout, _ = run("verify", exported / "small_fp32.tflite", "--runtime", "litert,gpu")
    assert "XNNPACK" not in stdout  # it takes all, too
    assert f"in 1 partition; {device}" in stdout
    assert "computed in float32" in stdout


def test_the_same_for_scripts(exported: Path) -> None:
    device = accelerator().device
    stdout, _ = run("verify", exported / "small_int8.tflite", "--runtime", "gpu", "--json")
    report = json.loads(stdout)
    [result] = report["runtimes"]
    assert (report["ok"], result["problem"]) == (True, None)
    assert result["delegate"]["taken"] == result["delegate"]["operators"] > 0
    assert result["delegate"]["device"] == device


def test_verify_without_a_driver_says_how_to_get_one(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_accelerator.cache_clear()
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    _, stderr = run("verify", exported / "small_fp32.tflite", "--runtime", "gpu", code=2)
    assert "finds no driver that it can use" in stderr
    assert "chromium" in stderr


def test_inspect_asks_the_delegates(exported: Path) -> None:
    accelerator()
    stdout, _ = run("inspect", exported / "small_fp32.tflite", "--delegates", "--json")
    found = json.loads(stdout)
    assert [one["delegate"] for one in found["delegates"]] == ["XNNPACK", "GPU"]
    assert all(one["taken"] == one["operators"] for one in found["delegates"])
    assert found["missing"] is None


def test_inspect_without_a_driver_shows_the_rest(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_accelerator.cache_clear()
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    stdout, _ = run("inspect", exported / "small_fp32.tflite", "--delegates")
    assert "XNNPACK takes" in stdout
    assert "GPU: The GPU accelerator finds no driver" in stdout


def test_only_tflite_files_have_delegates(exported: Path) -> None:
    _, stderr = run("inspect", exported / "small.onnx", "--delegates", code=2)
    assert "--delegates does not go with" in stderr


def test_doctor_names_the_driver() -> None:
    device = accelerator().device
    stdout, _ = run("doctor", "--json")
    assert json.loads(stdout)["gpu"]["device"] == device
