"""Two deliveries: each thing that changed is named once, under its topic, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest

from _edgeship.errors import InputError
from tests.export.differences.deliveries import (
    PREPROCESS,
    changes_in,
    difference,
    pack,
    write_export,
)
from tests.export.evaluation.colours import write_scores


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return write_export(tmp_path / "plain")


def told(before: Path, after: Path) -> dict[str, list[str]]:
    """Return topic -> what changed."""
    found: dict[str, list[str]] = {}
    for one in changes_in(difference(before, after)):
        found.setdefault(one.topic, []).append(one.what)
    return found


def test_equal_exports_have_no_difference(plain: Path, tmp_path: Path) -> None:
    found = difference(plain, write_export(tmp_path / "again"))
    assert found.verdict == "no difference"
    assert changes_in(found) == []
    assert [one.same_bytes for one in found.files] == [True]


def test_other_weights_are_a_drop_in_replacement(plain: Path, tmp_path: Path) -> None:
    other = write_export(tmp_path / "other", (1, 2, 1))
    found = difference(plain, other)
    assert found.verdict == "drop-in replacement"
    [change] = changes_in(found)
    assert change.topic == "weights"
    # One of three weights, and two whole numbers of the operator ReduceMean.
    assert change.after == "14.3 % of 28 bytes, in 1 of 2 tensors"


@pytest.mark.parametrize(
    ("fields", "topic", "what", "app"),
    [
        ({"output": {"name": "species"}}, "outputs", "scores: name", "call the output species"),
        ({"output": {"dtype": "int8"}}, "outputs", "scores: type", "use the type int8"),
        ({"output": {"scores": "logits"}}, "outputs", "scores: scores", "take them for logits"),
        ({"output": {"description": "scores of"}}, "outputs", "scores: description", ""),
        (
            {"preprocess": {**PREPROCESS, "mean": [0.5, 0.5, 0.5]}},
            "preprocessing",
            "mean",
            "prepare pictures with mean 0.5, 0.5, 0.5",
        ),
        (
            {"preprocess": {**PREPROCESS, "color_order": "BGR"}},
            "preprocessing",
            "color_order",
            "prepare pictures with color order BGR",
        ),
        (
            {"artifact": {"preprocess": {**PREPROCESS, "std": [2.0, 2.0, 2.0]}}},
            "preprocessing",
            "std",
            "prepare pictures with std 2, 2, 2",
        ),
        ({"artifact": {"scheme": "fp16"}}, "types", "scheme", ""),
        ({"artifact": {"compute": "float16"}}, "types", "computes in", ""),
        ({"artifact": {"keep_float": ["a"]}}, "types", "layers in float", ""),
        (
            {"weights": {"source": "net.pth", "sha256": None, "untrained": False}},
            "weights",
            "source",
            "",
        ),
        (
            {"calibration": {"source": "pictures", "count": 9, "method": "mse"}},
            "calibration",
            "source",
            "",
        ),
        ({"versions": {"edgeship": "2"}}, "versions", "edgeship", ""),
        ({"model": {"name": "colours", "params": 3}}, "model", "params", ""),
        ({"about": {"author": "A. Nother"}}, "about", "author", ""),
        ({"verification": {"reference": "onnx"}}, "manifest", "verification.reference", ""),
    ],
)
def test_each_thing_is_named(
    plain: Path, tmp_path: Path, fields: dict[str, Any], topic: str, what: str, app: str
) -> None:
    found = difference(plain, write_export(tmp_path / "other", **fields))
    changes = changes_in(found)
    assert {one.topic for one in changes} == {topic}
    [change] = [one for one in changes if one.what == what]
    assert app in change.app
    assert bool(app) == bool(change.app)
    assert found.verdict == ("the app must change" if app else "drop-in replacement")
    assert found.breaking == ((change.app,) if app else ())


def test_a_crop_is_told_once_and_not_as_the_resize_that_follows_from_it(
    plain: Path, tmp_path: Path
) -> None:
    crop = {**PREPROCESS, "crop": 0.5, "resize": "to round(size / 0.5)"}
    assert told(plain, write_export(tmp_path / "b", preprocess=crop)) == {"preprocessing": ["crop"]}


def test_labels_lie_beside_the_manifest(tmp_path: Path) -> None:
    before = write_export(tmp_path / "a", labels=("red", "green", "blue"))
    after = write_export(tmp_path / "b", labels=("red", "blue", "green"))
    found = difference(before, after)
    assert told(before, after) == {"labels": ["scores: order, 2 places, first 1"]}
    assert found.breaking == ("take the new names of classes",)


def test_labels_of_weights_are_those_of_the_only_output(tmp_path: Path) -> None:
    weights = {"source": "by hand", "sha256": None, "untrained": False}
    before, after = (
        write_export(tmp_path / name, weights={**weights, "classes": list(names)})
        for name, names in (("a", "rgb"), ("b", "rgx"))
    )
    assert told(before, after) == {"labels": ["scores: removed", "scores: added"]}


def write_accuracy(folder: Path, top1: float, source: str = "9 pictures") -> None:
    share = {"count": 1, "total": 2, "share": top1, "low": top1 - 0.1, "high": top1 + 0.1}
    files = {"colours.onnx": {"top1": share, "top5": None}}
    record = {"source": source, "pictures": 9, "classes": "", "files": files}
    (folder / "evaluation.json").write_text(json.dumps(record))


def test_accuracies_that_bundles_record(plain: Path, tmp_path: Path) -> None:
    other = write_export(tmp_path / "other")
    write_accuracy(plain, 0.5)
    assert told(plain, other) == {}  # one of two says nothing of a change
    write_accuracy(other, 0.5)
    assert told(plain, other) == {}
    write_accuracy(other, 0.625)
    [change] = changes_in(difference(plain, other))
    assert (change.topic, change.what) == ("accuracy", "top-1")
    assert change.before == "50.00 % (40.00 to 60.00)"
    assert change.after == "62.50 % (52.50 to 72.50)"
    write_accuracy(other, 0.5, "others")
    assert told(plain, other) == {"accuracy": ["pictures"]}
    (other / "evaluation.json").write_text('{"source": 1}')
    with pytest.raises(InputError, match=r"evaluation\.json"):
        difference(plain, other)


def test_a_file_alone_is_compared_as_far_as_it_tells(plain: Path, tmp_path: Path) -> None:
    bare = write_scores(tmp_path / "colours.onnx", (1, 1, 1, 1))
    found = difference(plain / "colours.onnx", bare)
    assert "no manifest.json tells of" in found.notes[0]
    shape, weights, sizes = changes_in(found)
    assert (shape.what, shape.before, shape.after) == ("scores: shape", "1x3", "1x4")
    assert (weights.topic, sizes.topic) == ("weights", "sizes")
    assert found.breaking == ("output scores: use the shape 1x4",)


def test_a_file_that_is_not_the_recorded_one_is_compared_without_its_record(
    plain: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(plain, tmp_path / "other")
    write_scores(other / "colours.onnx", (3, 2, 1))
    found = difference(plain, other)
    assert "is not the file that its manifest.json records" in found.notes[0]
    assert {one.topic for one in changes_in(found)} == {"weights"}
    alone = difference(plain / "colours.onnx", other / "colours.onnx")
    assert "was written for another colours.onnx" in alone.notes[0]


def test_files_that_came_and_went(tmp_path: Path) -> None:
    both = write_export(tmp_path / "both")
    record = json.loads((both / "manifest.json").read_text())
    [entry] = record["artifacts"]
    record["artifacts"].append({**entry, "file": "more.onnx", "scheme": "fp16"})
    (both / "manifest.json").write_text(json.dumps(record))
    shutil.copy(both / "colours.onnx", both / "more.onnx")
    one = write_export(tmp_path / "one")
    gone, come = difference(both, one), difference(one, both)
    assert gone.breaking == ("do without more.onnx",)
    assert [change.what for change in come.changes] == ["more.onnx: added"]
    assert come.verdict == "drop-in replacement"
    # One file of the folder is compared with its like, and the others are nobody's concern.
    assert difference(one / "colours.onnx", both).verdict == "no difference"


def test_bytes_that_nothing_reads_are_a_difference_all_the_same(
    plain: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(plain, tmp_path / "other")
    file = other / "colours.onnx"
    model = onnx.load(file)
    model.doc_string = "said to nobody"
    onnx.save(model, file)
    record = json.loads((other / "manifest.json").read_text())
    record["artifacts"][0]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (other / "manifest.json").write_text(json.dumps(record))
    found = difference(plain, other)
    assert [one.what for one in changes_in(found)] == ["bytes"]  # one more field is larger
    model.doc_string = ""
    model.graph.doc_string = "x"
    onnx.save(model, plain / "one.onnx")
    model.graph.doc_string = "y"
    onnx.save(model, plain / "two.onnx")
    found = difference(plain / "one.onnx", plain / "two.onnx")
    assert [one.what for one in changes_in(found)] == ["name", "sha256"]


def test_files_of_earlier_exports_are_compared_as_their_manifests_say(
    plain: Path, tmp_path: Path
) -> None:
    both = write_export(tmp_path / "both")
    record = json.loads((both / "manifest.json").read_text())
    earlier = json.loads(json.dumps(record))
    earlier["artifacts"][0] |= {"file": "earlier.onnx", "scheme": "fp16"}
    earlier["preprocess"]["crop"] = 0.5
    (both / "manifest.json").write_text(json.dumps({**record, "earlier": [earlier]}))
    shutil.copy(both / "colours.onnx", both / "earlier.onnx")
    again = shutil.copytree(both, tmp_path / "again")
    assert difference(both, again).verdict == "no difference"
    found = difference(both / "earlier.onnx", plain)
    assert "crop" in [one.what for one in changes_in(found)]


def test_bundles_are_compared_as_folders_and_as_zip_files(plain: Path, tmp_path: Path) -> None:
    first = pack(plain, README="one", code_a="x", vectors_a="1")
    again = pack(write_export(tmp_path / "again"), README="one", code_a="x", vectors_a="1")
    other = pack(write_export(tmp_path / "other"), README="two", code_b="x", vectors_a="1")
    assert difference(first, again).verdict == "no difference"
    assert difference(first, plain).verdict == "no difference"
    assert told(first, other) == {"bundle": ["README", "code/a", "code/b"]}
    (tmp_path / "again/SHA256SUMS.minisig").write_text("...")
    assert told(first, tmp_path / "again") == {"bundle": ["signed"]}


@pytest.mark.parametrize("name", ["none", "empty", "text.txt", "foreign"])
def test_what_is_no_delivery_is_refused_in_a_sentence(
    plain: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/manifest.json").write_text('{"tool": "another"}')
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(InputError):
        difference(plain, tmp_path / name)


def test_a_manifest_that_leads_out_of_its_folder_is_refused(plain: Path, tmp_path: Path) -> None:
    other = write_export(tmp_path / "other", artifact={"file": "../plain/colours.onnx"})
    with pytest.raises(InputError, match="colours"):
        difference(plain, other)


def test_a_manifest_without_its_file_is_refused(plain: Path, tmp_path: Path) -> None:
    other = write_export(tmp_path / "other")
    (other / "colours.onnx").unlink()
    with pytest.raises(InputError, match="holds none of its files"):
        difference(plain, other)
