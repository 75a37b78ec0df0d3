"""`diff`: real exports with another seed, calibration, preprocessing or name of an output."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import onnx
import pytest

from tests.export.command_line import run, write_network
from tests.export.differences.deliveries import write_export
from tests.export.evaluation.colours import BLUE, GREEN, RED, write_classes

#: What all exports have in common: int8, and at the ends as well.
OPTIONS = ("--to", "tflite", "--quant", "int8", "--io-dtype", "int8", "-q")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what exports a small classifier into a folder of its own, each kind once."""
    root = tmp_path_factory.mktemp("exports")

    @cache
    def made(name: str, seed: int = 0, output: str = "scores", options: str = "") -> Path:
        (root / name).mkdir()
        network = write_network(root / name / "net.onnx", seed=seed)
        model = onnx.load(network)
        model.graph.output[0].name = model.graph.node[-1].output[0] = output
        onnx.save(model, network)
        run(network, *OPTIONS, *options.split(), "--out", root / name / "out")
        return root / name / "out"

    return made


def found(before: Path, after: Path, *words: object, code: int = 0) -> dict[str, Any]:
    stdout, _ = run("diff", before, after, "--json", *words, code=code)
    return json.loads(stdout)


def changes(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return topic -> what changed."""
    topics: dict[str, list[str]] = {}
    for one in [
        *report["changes"],
        *(each for file in report["files"] for each in file["changes"]),
    ]:
        topics.setdefault(one["topic"], []).append(one["what"])
    return topics


def test_equal_exports(export: Any) -> None:
    first, again = export("first"), export("again")
    stdout, stderr = run("diff", first, again)
    assert stdout.splitlines() == [f"{first} -> {again}", "", "no difference"]
    assert stderr == ""


def test_another_seed(export: Any) -> None:
    report = found(export("first"), export("seed", seed=1), "--no-run", code=3)
    told = changes(report)
    assert told["weights"] == ["sha256", "values that are new"]
    assert "scales of activations that are new" in told["calibration"]
    assert set(told) <= {"weights", "calibration", "inputs", "outputs", "parity", "sizes",
                         "types", "metadata"}  # fmt: skip
    # Of int8 at the ends, an app must know the scales.
    assert report["app"]
    assert all("unless it reads them from the file" in words for words in report["app"])


def test_another_calibration_and_its_outputs(export: Any) -> None:
    first = export("first")
    other = export("calibration", options="--calib-samples 6 --ranges min-max")
    stdout, _ = run("diff", first, other, code=3)
    rows = [line.split() for line in stdout.splitlines()]
    assert ["count", "36", "6"] in rows
    assert ["method", "auto", "min-max"] in rows
    assert "5 of 5" in stdout
    [ran] = [line for line in stdout.splitlines() if line.startswith("both run on")]
    assert ran == "both run on 12 samples: 12 views of 16 natural images shipped with edgeship"
    [row] = [line.split() for line in stdout.splitlines() if line.startswith("scores ")]
    assert row[3] == "dB"
    assert 5 < float(row[2]) < 60
    assert "the app must change; outputs differ" in stdout


def test_another_preprocessing(export: Any) -> None:
    other = export("mean", options="--mean 0,0,0 --std 1,1,1")
    report = found(export("first"), other, "--no-run", code=3)
    assert changes(report)["preprocessing"] == ["mean", "std"]
    assert "prepare pictures with mean 0, 0, 0" in report["app"]


def test_a_renamed_output_and_nothing_else_to_do(export: Any) -> None:
    first, named = export("first"), export("named", output="species")
    report = found(first, named, code=3)
    assert changes(report) == {
        "outputs": ["scores: name"],
        "weights": ["sha256"],  # of the file that was exported, which holds the name
        "metadata": ["TFLITE_METADATA version"],  # which is the same digest, shortened
    }
    assert report["app"] == ["call the output species where it said scores"]
    [output] = report["files"][0]["outputs"]["outputs"]
    assert (output["before"], output["after"]) == ("scores", "species")
    assert (output["max_abs"], output["sqnr_db"], output["top1_agreement"]) == (0, "inf", 1)


def test_files_without_manifests(export: Any, tmp_path: Path) -> None:
    before, after = tmp_path / "before.tflite", tmp_path / "after.tflite"
    before.write_bytes((export("first") / "net_int8.tflite").read_bytes())
    after.write_bytes((export("named", output="species") / "net_int8.tflite").read_bytes())
    stdout, _ = run("diff", before, after, "--no-run", code=3)
    assert "no manifest.json tells of" in stdout
    assert stdout.endswith("the app must change\n- call the output species where it said scores\n")


def test_accuracy_is_paired_and_has_its_interval(tmp_path: Path) -> None:
    before = write_export(tmp_path / "before")
    after = write_export(tmp_path / "after", (1, 0.05, 1))
    data = write_classes(
        tmp_path / "data", {"red": [RED] * 2, "green": [GREEN] * 4, "blue": [BLUE]}
    )
    (tmp_path / "labels.txt").write_text("red\ngreen\nblue\n")
    words = ("--eval", data, "--labels", tmp_path / "labels.txt", "--samples", "random")
    stdout, _ = run("diff", before, after, *words)
    rows = [line.split() for line in stdout.splitlines() if "points" in line]
    [row] = rows
    assert row[row.index("points") - 1] == "-57.14"
    assert row[-2:] == ["0", "4"]  # pictures on which only the one, only the other is right
    assert "drop-in replacement" in stdout


def test_wrong_words_are_refused(export: Any, tmp_path: Path) -> None:
    first = export("first")
    _, stderr = run("diff", first, first, "--no-run", "--samples", "random", code=2)
    assert "--no-run goes with neither" in stderr
    _, stderr = run("diff", first, first, "--limit", "3", code=2)
    assert "--eval" in stderr
    _, stderr = run("diff", first, tmp_path / "none", code=2)
    assert "does not exist" in stderr
    _, stderr = run("diff", first, first, "--eval", tmp_path / "none", code=2)
    assert "none" in stderr
