"""Files appear at their final names only when everything has succeeded."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import InputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_at_the_final_name_before_publishing(tmp_path):
    out = tmp_path / "a" / "b"
    with OutputFolder(out) as folder:
        folder.write("x.tflite", b"data")
        assert not (out / "x.tflite").exists()
        assert folder.publish() == [out / "x.tflite"]
    assert names(out) == ["x.tflite"]
    assert (out / "x.tflite").read_bytes() == b"data"


def test_an_exception_leaves_nothing_not_even_the_folders_it_made(tmp_path):
    with pytest.raises(KeyboardInterrupt), OutputFolder(tmp_path / "a" / "b") as folder:
        folder.write("x.tflite", b"data")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_an_exception_keeps_what_was_there(tmp_path):
    (tmp_path / "x.tflite").write_bytes(b"old")
    with pytest.raises(RuntimeError), OutputFolder(tmp_path) as folder:
        folder.write("x.tflite", b"new")
        raise RuntimeError
    assert names(tmp_path) == ["x.tflite"]
    assert (tmp_path / "x.tflite").read_bytes() == b"old"


def test_earlier_files_are_set_aside_when_verification_fails(tmp_path):
    (tmp_path / "x.tflite").write_bytes(b"old")
    (tmp_path / "manifest.json").write_bytes(b"{}")
    (tmp_path / "other.txt").write_bytes(b"mine")
    folder = OutputFolder(tmp_path)
    with folder:
        folder.reserve("x.tflite")
    folder.set_aside("manifest.json")
    assert names(tmp_path) == ["manifest.json.previous", "other.txt", "x.tflite.previous"]


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="cannot be written"), OutputFolder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").is_file()


def test_a_full_disk_is_said_in_words(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with OutputFolder(tmp_path) as folder:
        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(InputError) as caught:
            folder.write("x.tflite", b"data")
    assert "no space" in caught.value.why
    assert names(tmp_path) == []


PACKAGE = {"Manifest.json": b"{}", "Data/com.apple.CoreML/model.mlmodel": b"model"}


def test_a_folder_is_published_whole_and_takes_the_place_of_an_older_one(tmp_path):
    for content in (b"old", b"new"):
        with OutputFolder(tmp_path) as folder:
            folder.write_folder("x.mlpackage", {**PACKAGE, f"Data/{content.decode()}": content})
            assert folder.publish() == [tmp_path / "x.mlpackage"]
    assert names(tmp_path) == ["x.mlpackage"]
    assert names(tmp_path / "x.mlpackage" / "Data") == ["com.apple.CoreML", "new"]
    model = tmp_path / "x.mlpackage" / "Data" / "com.apple.CoreML" / "model.mlmodel"
    assert model.read_bytes() == b"model"


def test_a_folder_takes_the_place_of_a_file_and_the_other_way_round(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    with OutputFolder(tmp_path) as folder:
        folder.write_folder("x", PACKAGE)
        folder.publish()
    assert names(tmp_path / "x") == ["Data", "Manifest.json"]
    with OutputFolder(tmp_path) as folder:
        folder.write("x", b"file")
        folder.publish()
    assert (tmp_path / "x").read_bytes() == b"file"
    assert names(tmp_path) == ["x"]


def test_a_folder_that_cannot_be_renamed_leaves_the_older_one(tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "old").write_bytes(b"old")

    def fail(self, target):
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(InputError) as caught, OutputFolder(tmp_path) as folder:
        folder.write_folder("x", PACKAGE)
        monkeypatch.setattr(Path, "replace", fail)
        folder.publish()
    assert "Input/output error" in caught.value.why
    assert names(tmp_path / "x") == ["old"]


def test_an_exception_leaves_no_part_of_a_folder(tmp_path):
    with pytest.raises(RuntimeError), OutputFolder(tmp_path) as folder:
        folder.write_folder("x.mlpackage", PACKAGE)
        raise RuntimeError
    assert names(tmp_path) == []


def test_names_that_failed_are_set_aside_beside_what_is_published(tmp_path):
    (tmp_path / "bad.tflite").write_text("earlier")
    (tmp_path / "good.tflite").write_text("earlier")
    with OutputFolder(tmp_path) as folder:
        folder.reserve("bad.tflite")
        folder.write("good.tflite", b"new")
        assert folder.publish(["bad.tflite"]) == [tmp_path / "good.tflite"]
    assert names(tmp_path) == ["bad.tflite.previous", "good.tflite"]
    assert (tmp_path / "good.tflite").read_bytes() == b"new"


def test_earlier_folders_are_set_aside_each_time_verification_fails(tmp_path):
    for content in ("first", "second"):
        (tmp_path / "x.mlpackage").mkdir()
        (tmp_path / "x.mlpackage" / content).write_bytes(b"")
        folder = OutputFolder(tmp_path)
        with folder:
            folder.reserve("x.mlpackage")
        folder.set_aside()
        assert names(tmp_path) == ["x.mlpackage.previous"]
        assert names(tmp_path / "x.mlpackage.previous") == [content]
