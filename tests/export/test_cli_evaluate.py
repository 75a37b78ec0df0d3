"""`evaluate`: what it prints, and what it refuses in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.export.command_line import run
from tests.export.evaluation.colours import (
    BLUE,
    GREEN,
    RED,
    write_classes,
    write_map,
    write_picture,
    write_scores,
)

PLAIN = ("--mean", "0,0,0", "--std", "1,1,1", "--crop", "1")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_classes(
        tmp_path / "data", {"red": [RED, RED, GREEN], "green": [GREEN] * 4, "blue": [BLUE, GREEN]}
    )


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "labels.txt").write_text("red\ngreen\nblue\n")
    return tmp_path / "labels.txt"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [
        write_scores(tmp_path / "all.onnx"),
        write_scores(tmp_path / "no_green.onnx", (1, 0.05, 1)),
    ]


def test_accuracies_and_the_paired_difference_are_shown(
    files: list[Path], data: Path, labels: Path
) -> None:
    stdout, stderr = run("evaluate", *files, "--data", data, "--labels", labels, *PLAIN)
    assert stderr == ""
    lines = stdout.splitlines()
    assert lines[:2] == ["9 pictures in data", "classes: those of --labels"]
    assert lines[3].split() == ["file", "top-1", "95%", "interval", "pictures/s"]
    assert lines[4].split()[:6] == [str(files[0]), "77.78", "%", "45.26", "to", "93.68"]
    assert lines[5].split()[:3] == [str(files[1]), "44.44", "%"]
    assert lines[7] == f"beside {files[0]}, on the same pictures"
    words = lines[9].split()
    assert words[:3] == [str(files[1]), "33.33", "%"]
    assert words[6:8] == ["-33.33", "points"]
    assert words[-3:] == ["0.38", "1", "4"]


def test_a_reference_comes_first_and_json_holds_the_same(
    files: list[Path], data: Path, labels: Path
) -> None:
    stdout, _ = run(
        "evaluate", files[0], "--reference", files[1], "--data", data, "--labels", labels,
        *PLAIN, "--json",
    )  # fmt: skip
    found = json.loads(stdout)
    assert [one["name"] for one in found["files"]] == [str(files[1]), str(files[0])]
    assert [one["top1"]["count"] for one in found["files"]] == [4, 7]
    [comparison] = found["comparisons"]
    assert comparison["difference"]["difference"] == pytest.approx(3 / 9)
    assert comparison["difference"]["only_file"] == 4


def test_without_a_manifest_what_is_assumed_is_told(
    files: list[Path], data: Path, labels: Path
) -> None:
    stdout, _ = run("evaluate", files[0], "--data", data, "--labels", labels)
    assert "note: nothing says how all.onnx wants its pictures; assumed: mean 0.485" in stdout


def test_outputs_that_are_no_classes_are_shown_by_their_distance(
    tmp_path: Path, data: Path
) -> None:
    maps = [write_map(tmp_path / "a.onnx"), write_map(tmp_path / "b.onnx", (1, 0.9, 1))]
    stdout, _ = run("evaluate", *maps, "--data", data, *PLAIN)
    header, row = stdout.splitlines()[-2:]
    assert header.split()[:4] == ["file", "output", "SQNR", "cosine"]
    assert header.endswith("mean IoU")
    assert row.split()[0] == str(maps[1])
    assert row.split()[-1] == "1.0000"


def test_a_limit_is_said(files: list[Path], data: Path, labels: Path) -> None:
    stdout, _ = run("evaluate", files[0], "--data", data, "--labels", labels, *PLAIN, "--limit", 6)
    assert stdout.startswith("6 of 9 pictures in data, drawn with seed 0, as many of each class")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "nowhere"), "The pictures cannot be read."),
        (("--data", "empty"), "holds no pictures"),
        (("--data", "data"), "'blue' is none of the 2 classes"),
        (("--data", "data", "--labels", "absent.txt"), "absent.txt does not exist"),
        (("--data", "data", "--mean", "a"), "--mean 'a' is not a list of numbers"),
        (("--data", "data", "--std", "1,0,1"), "--std 1,0,1 must be above 0"),
        (("--data", "data", "--crop", "2"), "The crop 2.0 must lie above 0 and not above 1"),
        (("--data", "data", "--input", "1,x"), "not a list of whole numbers"),
        (("--data", "data", "--weights", "absent.pth"), "absent.pth does not exist"),
        (("--data", "data", "--weights-of", "effnet"), "No manifest.json says which weights"),
        (("--data", "data", "--weights-of", "effnet", "--reference", "b.onnx"), "exclude each"),
        (("--data", "data", "--save-disagreements", "data"), "exists already"),
        (("--data", "data", "--limit", "0"), "Input should be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path,
    data: Path,
    files: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "two.txt").write_text("red\ngreen\n")
    more = () if "--labels" in words else ("--labels", "two.txt")
    stdout, stderr = run("evaluate", files[0].name, *words, *more, code=2)
    assert stdout == ""
    assert message in stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.onnx", "does not exist"),
        ("absent.tflite", "does not exist"),
        ("damaged.tflite", "damaged.tflite"),
        ("nobody_knows", "nobody_knows"),
        ("a.txt", "neither .onnx nor a function"),
    ],
)
def test_files_that_cannot_be_opened_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged.tflite").write_bytes(b"TFL3 but not really")
    (tmp_path / "a.txt").write_text("nothing")
    stdout, stderr = run("evaluate", name, "--data", data, code=2)
    assert stdout == ""
    assert message in stderr


def test_pictures_that_cannot_be_read_are_named(
    tmp_path: Path, files: list[Path], labels: Path
) -> None:
    write_picture(tmp_path / "data" / "red" / "0.png", RED)
    (tmp_path / "data" / "red" / "1.png").write_bytes(b"\x89PNG and nothing else")
    _, stderr = run(
        "evaluate", files[0], "--data", tmp_path / "data", "--labels", labels, *PLAIN, code=2
    )
    assert "red/1.png cannot be read" in stderr


def test_the_weights_that_a_manifest_names_are_the_references(tmp_path: Path) -> None:
    """The manifest of an untrained network says which random weights it has."""
    run("effnet", "--input", "1,3,32,32", "--out", tmp_path / "out", "-q")
    for index, colour in enumerate((RED, GREEN, BLUE)):
        write_picture(tmp_path / "data" / f"{index}.png", colour, side=32)
    stdout, _ = run(
        "evaluate", tmp_path / "out" / "effnet_fp32.tflite", "--weights-of", "effnet",
        "--input", "1,3,32,32", "--data", tmp_path / "data", "--json",
    )  # fmt: skip
    found = json.loads(stdout)
    assert found["files"][0]["name"] == "effnet"
    [comparison] = found["comparisons"]
    assert comparison["agreement"]["share"] == 1
    assert comparison["outputs"][0]["sqnr_db"] > 80
