"""What inspect and verify tell of files by others, and of damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from _edgeship.export.tflite.described_file import described
from _edgeship.export.tflite.inspection import inspect
from _edgeship.export.tflite.metadata.contents import About, Contents, Tensor
from _edgeship.export.tflite.metadata.found import Found
from _edgeship.export.tflite.metadata.in_words import rows
from _edgeship.export.tflite.metadata.packing import Table
from _edgeship.export.tflite.reading import SAID
from _edgeship.export.tflite.writer import from_bytes, set_metadata, to_bytes
from tests.export.command_line import run
from tests.export.tflite.schema_models import classifier

LABELS = "cat\ndog\nhörse\n\x1b[31mred\n".encode()
SAYS = Contents(
    About("pets", "Tells pets apart.", "2.1", "Ann", "MIT"),
    [Tensor("image")],
    [Tensor("scores", "scores of 4 classes", labels="labels.txt")],
)


def found_in(table: Table, files: dict[str, bytes]) -> Found:
    return inspect(described(classifier(), table, files)).said


def test_a_file_of_others_is_told_in_words() -> None:
    told = dict(rows(found_in(SAYS.table(), {"labels.txt": LABELS})))
    assert told["name"] == "pets"
    assert told["version"] == "2.1"
    assert told["license"] == "MIT"
    assert told["output scores"] == "scores of 4 classes; classes cat, dog, hörse and 1 more"
    assert told["file labels.txt"] == f"{len(LABELS)} bytes"
    assert "PROBLEM" not in told


def test_what_a_codegen_tool_would_write() -> None:
    """Other options than ours: a score threshold, a locale, two languages, boxes."""
    labels = [
        {"name": "de.txt", "type": "TENSOR_AXIS_LABELS", "locale": "de"},
        {"name": "en.txt", "type": "TENSOR_AXIS_LABELS"},
    ]
    units = [
        {
            "options_type": "ScoreThresholdingOptions",
            "options": {"global_score_threshold": 0.5},
        }
    ]
    output = {"name": "scores", "associated_files": labels, "process_units": units}
    table = {"subgraph_metadata": [{"output_tensor_metadata": [output]}]}
    files = {"de.txt": b"a\nb\nc\nd\n", "en.txt": LABELS}
    told = dict(rows(found_in(table, files)))
    assert told["output scores"].startswith("ScoreThresholdingOptions; classes cat")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "name the file labels.txt, which is not at the end"),
        ({"labels.txt": b"cat\ndog\n"}, "2 classes are named for scores, whose shape is 1x4"),
    ],
)
def test_what_does_not_fit_is_one_sentence(files: dict[str, bytes], words: str) -> None:
    [problem] = found_in(SAYS.table(), files).problems
    assert words in problem


def test_more_outputs_than_there_are() -> None:
    table = Contents(About("a"), [], [Tensor("a"), Tensor("b")]).table()
    [problem] = found_in(table, {}).problems
    assert problem == "The metadata tell of 2 outputs, and the file has 1."


def test_damaged_metadata_keep_nothing_from_being_shown(tmp_path: Path) -> None:
    model = from_bytes(described(classifier(), SAYS.table(), {}))
    set_metadata(model, SAID, b"\xff\xff\0\0M001")
    file = tmp_path / "damaged.tflite"
    file.write_bytes(to_bytes(model))
    stdout, _ = run("inspect", file, "--json")
    shown = json.loads(stdout)
    assert shown["said"]["metadata"] == {}
    [problem] = shown["said"]["problems"]
    assert problem.startswith("The metadata of this file is damaged: it points at byte")
    assert shown["operator_count"] == 2
    stdout, _ = run("verify", file, "--runtime", "litert")
    assert "note: The metadata of this file is damaged" in stdout


def test_a_damaged_end_keeps_nothing_from_being_shown(tmp_path: Path) -> None:
    whole = described(classifier(), SAYS.table(), {"labels.txt": LABELS})
    place = whole.index(LABELS)
    file = tmp_path / "damaged.tflite"
    file.write_bytes(whole[:place] + b"x" + whole[place + 1 :])
    stdout, _ = run("inspect", file)
    assert "The files at the end of this file cannot be read: Bad CRC-32" in " ".join(
        stdout.split()
    )
    assert "CONV_2D" in stdout


def test_letters_that_a_terminal_would_obey_are_shown_as_what_they_are(tmp_path: Path) -> None:
    file = tmp_path / "evil.tflite"
    table = {"name": "\x1b[31mred", **dict.fromkeys(("author", "license"), "b\ra")}
    file.write_bytes(described(classifier(), table, {}))
    stdout, _ = run("inspect", file)
    assert "\x1b" not in stdout
    assert "\r" not in stdout
    assert "\\x1b[31mred" in stdout
