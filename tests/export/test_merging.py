"""The manifest of a folder that several exports have written into."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from _edgeship.errors import InputError
from _edgeship.export.contract.about import About
from _edgeship.export.contract.manifest import (
    Artifact,
    GraphFile,
    LabelsFile,
    Manifest,
    PickingRecord,
    Port,
    StageRecord,
)
from _edgeship.export.contract.recorded import find_record, manifest_of_graph, read_manifest
from _edgeship.export.coreml.format.package import digest
from _edgeship.export.merging import merged, without


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def artifact(file: str, digest: str, **fields: Any) -> Artifact:
    scores = Port(name="y", shape=[1, 2], layout="", dtype="float32", labels="labels.txt")
    return Artifact(
        file=file, scheme="none", size=1, sha256=digest, inputs=[], outputs=[scores],
        operators={}, **fields,
    )  # fmt: skip


def manifest(*artifacts: Artifact, labels: bytes = b"a\nb\n", **fields: Any) -> Manifest:
    given = {
        "versions": {"edgeship": "1"},
        "model": {"name": "net"},
        "weights": {"source": "w.pth", "sha256": "0", "untrained": False},
        "preprocess": None,
        "calibration": None,
        "verification": {"reference": "torch", "samples": 4},
        "onnx": GraphFile(file="net.onnx", sha256="graph"),
        "stages": [StageRecord(stage="load", detail="net")],
        "artifacts": list(artifacts),
        "labels": [LabelsFile(file="labels.txt", sha256=sha(labels), count=2, output="y")],
    }
    return Manifest(**{**given, **fields})


def put(folder: Path, old: Manifest, **files: bytes) -> None:
    """Write what an export leaves behind: its manifest and its files, ``_`` for the dot."""
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    (folder / "manifest.json").write_bytes(old.to_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a.tflite and labels.txt."""
    put(tmp_path, manifest(artifact("a.tflite", sha(b"A"))), a_tflite=b"A", labels_txt=b"a\nb\n")
    return tmp_path


def test_files_of_the_same_network_lie_beside_each_other(folder: Path) -> None:
    new = manifest(
        artifact("b.mlpackage", "B"),
        calibration={"count": 3},
        stages=[StageRecord(stage="load", detail="again"), StageRecord(stage="b", detail="")],
    )
    found = merged(new, folder, ["b.mlpackage", "net.onnx", "labels.txt", "manifest.json"])
    assert [one.file for one in found.artifacts] == ["b.mlpackage", "a.tflite"]
    assert found.earlier == []
    assert found.labels == new.labels
    assert [one.detail for one in found.stages] == ["again", ""]
    assert found.artifacts[1].outputs[0].labels == "labels.txt"
    assert found.artifacts[1].calibration is None
    assert found.artifacts[1].verification is None


def test_files_say_themselves_what_only_they_went_through(tmp_path: Path) -> None:
    first = manifest(
        artifact("a.tflite", sha(b"A")),
        calibration={"count": 9},
        verification={"reference": "torch", "samples": 12},
        stages=[StageRecord(stage="calibrate", detail="9")],
    )
    put(tmp_path, first, a_tflite=b"A", labels_txt=b"a\nb\n")
    second = merged(manifest(artifact("b.onnx", sha(b"B"))), tmp_path, ["b.onnx"])
    put(tmp_path, second, b_onnx=b"B")
    third = merged(manifest(artifact("c.onnx", sha(b"C"))), tmp_path, ["c.onnx"])
    assert [one.file for one in third.artifacts] == ["c.onnx", "b.onnx", "a.tflite"]
    assert [one.calibration for one in third.artifacts] == [None, None, {"count": 9}]
    assert third.artifacts[2].verification == {"reference": "torch", "samples": 12}
    assert [one.stage for one in third.stages] == ["load", "calibrate"]


@pytest.mark.parametrize(
    "fields",
    [
        {"weights": {"source": "w.pth", "sha256": "1", "untrained": False}},
        {"onnx": GraphFile(file="net.onnx", sha256="another")},
        {"preprocess": {"mean": [0.5], "std": [0.5], "crop": 1.0}},
        {"model": {"name": "other"}},
        {"verification": {"reference": "the ONNX file"}},
        {"about": About(license="MIT")},
    ],
)
def test_nothing_is_said_of_files_that_holds_for_another_network(
    folder: Path, fields: dict[str, Any]
) -> None:
    new = manifest(artifact("b.onnx", sha(b"B")), **fields)
    found = merged(new, folder, ["b.onnx"])
    assert [one.file for one in found.artifacts] == ["b.onnx"]
    [old] = found.earlier
    assert old == read_manifest(folder / "manifest.json")
    put(folder, found, b_onnx=b"B")
    record = find_record(folder / "a.tflite", b"A")
    assert record is not None
    assert record.manifest == old
    assert record.unchanged
    record = find_record(folder / "b.onnx", b"B")
    assert record is not None
    assert record.manifest.weights == new.weights
    changed = find_record(folder / "a.tflite", b"changed")
    assert changed is not None
    assert (changed.unchanged, changed.manifest) == (False, old)
    for each in (found, old):
        graph = manifest_of_graph(folder / "net.onnx", each.onnx.sha256)
        assert graph is not None
        assert graph.onnx == each.onnx


def test_earlier_ones_are_kept_through_a_third_export_and_do_not_nest(folder: Path) -> None:
    second = manifest(artifact("b.onnx", sha(b"B")), model={"name": "second"})
    put(folder, merged(second, folder, ["b.onnx"]), b_onnx=b"B")
    found = merged(manifest(artifact("c.onnx", "C"), model={"name": "third"}), folder, ["c.onnx"])
    assert [one.model["name"] for one in found.earlier] == ["second", "net"]
    assert all(one.earlier == [] for one in found.earlier)
    # The first network once more: what it wrote before stands beside what it writes now.
    found = merged(manifest(artifact("d.onnx", "D")), folder, ["d.onnx"])
    assert [one.file for one in found.artifacts] == ["d.onnx", "a.tflite"]
    assert [one.model["name"] for one in found.earlier] == ["second"]


@pytest.mark.parametrize("how", ["replaced", "gone", "changed", "a folder now"])
def test_files_that_are_no_longer_there_lose_their_entry(folder: Path, how: str) -> None:
    written = ["b.onnx"]
    if how == "replaced":
        written.append("a.tflite")
    else:
        (folder / "a.tflite").unlink()
    if how == "changed":
        (folder / "a.tflite").write_bytes(b"other")
    if how == "a folder now":
        (folder / "a.tflite").mkdir()
    found = merged(manifest(artifact("b.onnx", "B")), folder, written)
    assert [one.file for one in found.artifacts] == ["b.onnx"]
    assert found.earlier == []
    assert without(folder, written) is None


def test_packages_are_known_by_their_digest(tmp_path: Path) -> None:
    package = {"Manifest.json": b"{}", "Data/model": b"m"}
    for name, data in package.items():
        (tmp_path / "a.mlpackage" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a.mlpackage" / name).write_bytes(data)
    put(tmp_path, manifest(artifact("a.mlpackage", digest(package))), labels_txt=b"a\nb\n")
    new = manifest(artifact("b.onnx", "B"))
    assert len(merged(new, tmp_path, ["b.onnx"]).artifacts) == 2
    (tmp_path / "a.mlpackage" / "Data" / "model").write_bytes(b"n")
    assert len(merged(new, tmp_path, ["b.onnx"]).artifacts) == 1


def test_names_of_classes_are_not_those_of_another_export(folder: Path) -> None:
    """Both exports call their file labels.txt; the second has others in it."""
    new = manifest(artifact("b.onnx", "B"), labels=b"x\ny\n")
    found = merged(new, folder, ["b.onnx", "labels.txt"])
    [old] = found.earlier
    assert old.labels == []
    assert old.artifacts[0].outputs[0].labels == ""
    assert found.artifacts[0].outputs[0].labels == "labels.txt"


def test_a_second_file_that_picks_boxes_is_forgotten_when_it_is_gone(tmp_path: Path) -> None:
    picking = PickingRecord(
        file="a_nms.tflite", size=1, sha256=sha(b"N"), outputs=[], boxes="corners",
        objectness=False, least_score=0.1, most_overlap=0.5, most_boxes=None,
    )  # fmt: skip
    put(tmp_path, manifest(artifact("a.tflite", sha(b"A"), picking=picking)), a_tflite=b"A")
    (tmp_path / "a_nms.tflite").write_bytes(b"N")
    new = manifest(artifact("b.onnx", "B"), labels=b"other")
    assert merged(new, tmp_path, ["b.onnx"]).earlier[0].artifacts[0].picking == picking
    (tmp_path / "a_nms.tflite").unlink()
    assert merged(new, tmp_path, ["b.onnx"]).earlier[0].artifacts[0].picking is None


@pytest.mark.parametrize("content", [b"{}", b"{", b'{"tool": "edgeship"}', b'{"tool": "other"}'])
def test_a_manifest_that_says_nothing_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    new = manifest(artifact("b.onnx", "B"))
    assert merged(new, tmp_path, ["b.onnx"]) == new
    assert without(tmp_path, []) is None


def test_files_stay_in_their_folder(tmp_path: Path) -> None:
    """A manifest cannot make an export read, or keep, a file elsewhere."""
    (tmp_path / "outside").write_bytes(b"A")
    (tmp_path / "in").mkdir()
    put(tmp_path / "in", manifest(artifact("../outside", sha(b"A"))))
    new = manifest(artifact("b.onnx", "B"))
    assert merged(new, tmp_path / "in", ["b.onnx"]).artifacts == new.artifacts


def test_after_a_failure_other_files_keep_their_entries(folder: Path) -> None:
    second = manifest(artifact("b.onnx", sha(b"B")), model={"name": "second"})
    put(folder, merged(second, folder, ["b.onnx"]), b_onnx=b"B")
    left = without(folder, ["b.onnx"])
    assert left is not None
    assert [one.file for one in left.artifacts] == ["a.tflite"]
    assert left.earlier == []
    left = without(folder, ["a.tflite"])
    assert left is not None
    assert left.model["name"] == "second"
    assert without(folder, ["a.tflite", "b.onnx"]) is None


def test_earlier_manifests_are_checked_as_the_newest_is(folder: Path) -> None:
    broken = manifest(artifact("x", "x"), weights={"source": 3, "untrained": True})
    put(folder, manifest(artifact("a.tflite", sha(b"A")), earlier=[broken]))
    with pytest.raises(InputError, match="is not a readable manifest"):
        find_record(folder / "a.tflite", b"A")
    nested = manifest(earlier=[manifest(earlier=[manifest()])])
    put(folder, manifest(artifact("a.tflite", sha(b"A")), earlier=nested.earlier))
    with pytest.raises(InputError, match="is not a readable manifest") as caught:
        find_record(folder / "a.tflite", b"A")
    assert "inside of an earlier one" in caught.value.why
