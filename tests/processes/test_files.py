"""One file of several crashes a runtime: it gets its sentence, and the others their results."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx
import pytest

import edgeship
from _edgeship.errors import VerificationError
from _edgeship.export.onnx import file as onnx_file
from tests.export.command_line import run
from tests.export.evaluation.colours import GREEN, RED, write_classes, write_scores
from tests.processes import crashes

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere files run where they are"
)

PLAIN = ("--mean", "0,0,0", "--std", "1,1,1", "--crop", "1")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three networks, of which the second crashes ONNX Runtime."""
    found = [write_scores(tmp_path / f"{name}.onnx") for name in ("first", "second", "third")]
    model = onnx.load(found[1])
    model.graph.name = crashes.MARK.decode()
    onnx.save(model, found[1])
    monkeypatch.setattr(onnx_file, "open_optimized", crashes.open_or_crash)
    monkeypatch.setattr(onnx_file, "run_optimized", crashes.run_or_crash)
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "data", {"red": [RED] * 40, "green": [GREEN] * 40})


def test_evaluate_goes_on_without_it(files: list[Path], data: Path) -> None:
    words = ("evaluate", *files, "--data", data, "--ignore-labels", *PLAIN)
    stdout, _ = run(*words, code=3)
    assert f"NOT EVALUATED: {files[1]}: " in stdout
    assert stdout.count("SIGABRT") == 1
    assert str(files[2]) in stdout
    found = json.loads(run(*words, "--json", code=3)[0])
    assert [one["name"] for one in found["files"]] == [str(files[0]), str(files[2])]
    assert list(found["failed"]) == [str(files[1])]
    assert found["comparisons"][0]["agreement"]["share"] == 1


def test_evaluate_needs_its_first_file(files: list[Path], data: Path) -> None:
    words = ("evaluate", files[1], files[0], "--data", data, "--ignore-labels", *PLAIN)
    _, stderr = run(*words, code=3)
    assert "SIGABRT" in stderr
    assert str(files[1]) in stderr


def test_verify_says_so(files: list[Path]) -> None:
    stdout, _ = run("verify", files[1], "--json", code=3)
    [one] = json.loads(stdout)["runtimes"]
    assert one["problem"].startswith("Running the file in onnxruntime failed. ")
    assert "SIGABRT" in one["problem"]


def test_the_python_api_survives(files: list[Path], data: Path) -> None:
    found = edgeship.verify(files[1])
    assert not found.ok
    assert "SIGABRT" in str(found.runtimes[0].problem)
    assert edgeship.verify(files[0]).ok
    with pytest.raises(VerificationError, match="failed"):
        edgeship.evaluate(files[1], data, ignore_labels=True, crop=1)
    evaluated = edgeship.evaluate(files, data, ignore_labels=True, crop=1)
    assert list(evaluated.failed) == [str(files[1])]
