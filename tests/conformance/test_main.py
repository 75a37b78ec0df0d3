"""`python -m tests.conformance`: what it prints and how it exits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance import sources
from tests.conformance.targets import TARGETS, Target

pytestmark = pytest.mark.slow


def test_it_prints_the_counts_of_each_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["test_relu", "--target", "tflite"]) == 0
    lines = capsys.readouterr().out.splitlines()
    counts = [line.split() for line in lines if line.startswith("TFLite")]
    assert len(counts) == len(sources.all_sources())
    assert all(line[-7:] == ["1", "1", "0", "0", "0", "100.0", "%"] for line in counts)


def test_a_failed_case_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = Target("Wrong", lambda model, inputs: [inputs["x"]], ())
    monkeypatch.setitem(TARGETS, "tflite", lambda: wrong)
    assert command.main(["test_relu", "--target", "tflite"]) == 1
    assert "FAILED Wrong, onnx" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing*"], "No case's name matches 'nothing*'."),
        (["test_relu", "--page"], "The page needs all cases"),
    ],
)
def test_what_makes_no_sense_is_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    assert says in capsys.readouterr().out


def test_without_the_data_of_debian_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "none")
    sources.libonnx_testdata.cache_clear()
    try:
        assert command.main(["test_relu", "--target", "tflite"]) == 0
    finally:
        sources.libonnx_testdata.cache_clear()
    printed = capsys.readouterr().out
    assert printed.startswith("Debian's libonnx-testdata is not here: apt-get install")
    assert sum(line.startswith("TFLite") for line in printed.splitlines()) == 1
