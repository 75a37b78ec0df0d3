"""Packages as values: the same bytes each time, from a folder on disk that is not trusted."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from _edgeship.errors import InputError
from _edgeship.export.coreml.format import package
from _edgeship.export.coreml.format.package import digest, package_of, read_package, size

FILES = {
    "Manifest.json": b"{}",
    "Data/com.apple.CoreML/model.mlmodel": b"model",
    "Data/com.apple.CoreML/weights/weight.bin": b"\0" * 100,
}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def model(tmp_path: Path, date: str) -> SimpleNamespace:
    """Return what package_of reads of an MLModel."""
    from _edgeship.export.coreml.format.library import coremltools

    coremltools()
    from coremltools.proto.Model_pb2 import Model

    spec = Model(specificationVersion=6)
    spec.description.metadata.author = "me"
    for key in ("b", "a", "c"):
        spec.description.metadata.userDefined[key] = key
    spec.description.metadata.userDefined["com.github.apple.coremltools.conversion_date"] = date
    write(tmp_path / "weights", {"weight.bin": b"\1" * 64})
    return SimpleNamespace(get_spec=lambda: spec, weights_dir=str(tmp_path / "weights"))


def test_a_package_does_not_depend_on_the_day_and_is_laid_out_as_core_ml_does(tmp_path):
    made = package_of(model(tmp_path, "2026-01-01"))
    assert made == package_of(model(tmp_path, "2027-02-02"))
    assert list(made) == list(FILES)
    from coremltools.proto.Model_pb2 import Model

    spec = Model.FromString(made["Data/com.apple.CoreML/model.mlmodel"])
    assert dict(spec.description.metadata.userDefined) == {"a": "a", "b": "b", "c": "c"}
    manifest = json.loads(made["Manifest.json"])
    root = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]
    assert root["path"] == "com.apple.CoreML/model.mlmodel"
    assert {item["path"] for item in manifest["itemInfoEntries"].values()} == {
        "com.apple.CoreML/model.mlmodel",
        "com.apple.CoreML/weights",
    }
    assert all(uuid.UUID(key) for key in manifest["itemInfoEntries"])


def test_the_identifiers_follow_the_content(tmp_path):
    made = model(tmp_path, "")
    before = package_of(made)["Manifest.json"]
    write(tmp_path / "weights", {"weight.bin": b"\2" * 64})
    assert package_of(made)["Manifest.json"] != before


def test_reading_gives_the_files_and_their_size(tmp_path):
    folder = write(tmp_path / "x.mlpackage", {**FILES, "Data/.DS_Store": b"finder"})
    read = read_package(folder)
    assert read == FILES
    assert size(read) == 107


def test_the_digest_is_that_of_names_and_contents_with_their_lengths():
    parts = [b"a", b"12", b"b", b""]
    expected = hashlib.sha256(b"".join(len(p).to_bytes(8, "little") + p for p in parts))
    assert digest({"b": b"", "a": b"12"}) == expected.hexdigest()
    assert digest({"a": b"12b"}) != digest({"a": b"12", "b": b""})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing.mlpackage", "does not exist"),
        ("lone.mlmodel", "older kind"),
        ("loud.MLMODEL", "older kind"),
        ("zipped.mlpackage", "unzip it first"),
        ("text.mlpackage", "an .mlpackage is a folder"),
        ("net.mlmodelc", "compiled"),
        ("empty.mlpackage", "holds no Manifest.json"),
    ],
)
def test_what_is_no_package_is_said(tmp_path, name, words):
    (tmp_path / "lone.mlmodel").write_bytes(b"x")
    (tmp_path / "loud.MLMODEL").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "zipped.mlpackage", "w") as archive:
        archive.writestr("Manifest.json", "{}")
    (tmp_path / "text.mlpackage").write_bytes(b"text")
    (tmp_path / "net.mlmodelc").mkdir()
    (tmp_path / "empty.mlpackage").mkdir()
    with pytest.raises(InputError) as caught:
        read_package(tmp_path / name)
    assert words in str(caught.value)


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "nowhere", "Manifest.json"])
def test_links_are_not_followed(tmp_path, target):
    folder = write(tmp_path / "x.mlpackage", FILES)
    (folder / "Data" / "link").symlink_to(target)
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_package(folder)
    assert "Data/link in it is a link" in caught.value.why


def test_a_pipe_is_not_waited_for(tmp_path):
    folder = write(tmp_path / "x.mlpackage", FILES)
    os.mkfifo(folder / "Data" / "pipe")
    with pytest.raises(InputError) as caught:
        read_package(folder)
    assert "no plain file" in caught.value.why


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_BYTES", 106)])
def test_too_much_is_refused(tmp_path, monkeypatch, limit, value):
    folder = write(tmp_path / "x.mlpackage", FILES)
    monkeypatch.setattr(package, limit, value + 1)
    assert read_package(folder) == FILES
    monkeypatch.setattr(package, limit, value)
    with pytest.raises(InputError, match="too large"):
        read_package(folder)
