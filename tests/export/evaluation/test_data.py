"""Which pictures are found in folders, zip files and lists, and which are drawn of them."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.calibration import picture_sets
from _edgeship.export.evaluation import data
from _edgeship.export.evaluation.data import open_data
from tests.export.evaluation.colours import BLUE, GREEN, RED, write_classes, write_picture


def found(path: Path) -> list[tuple[str, str | None]]:
    with open_data(path) as pictures:
        for one in pictures.pictures:
            with one.open() as stream:
                assert stream.read(4) == b"\x89PNG"
        return [(one.name, one.label) for one in pictures.pictures]


def packed(root: Path, around: str = "") -> Path:
    path = root.parent / f"{root.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, f"{around}{file.relative_to(root).as_posix()}")
    return path


def test_folders_are_classes_in_a_folder_and_in_its_zip(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "data", {"b": [BLUE], "a": [RED, GREEN]})
    (root / "a" / ".hidden.png").write_bytes(b"")
    (root / "a" / "notes.txt").write_text("none")
    expected = [("a/0.png", "a"), ("a/1.png", "a"), ("b/0.png", "b")]
    assert found(root) == found(packed(root)) == expected


@pytest.mark.parametrize("around", ["", "data/", "data/inner/"])
@pytest.mark.parametrize(
    ("parts", "taken"),
    [(["train", "test"], "test"), (["train", "val"], "val"), (["test"], "test"),
     (["train", "test", "val"], "test"), (["train"], "train")],
)  # fmt: skip
def test_the_part_that_was_held_out_is_taken(
    tmp_path: Path, parts: list[str], taken: str, around: str
) -> None:
    for part in parts:
        write_classes(tmp_path / "data" / part, {f"a {part}": [RED], f"b {part}": [BLUE, RED]})
    for place in (tmp_path / "data", packed(tmp_path / "data", around)):
        assert {label for _, label in found(place)} == {f"a {taken}", f"b {taken}"}
        with open_data(place) as pictures:
            assert pictures.source.startswith("3 pictures in data")
            assert pictures.source.endswith(f"/{taken}")


def test_another_part_can_be_asked_for(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write_classes(tmp_path / "data" / part, {f"a {part}": [RED]})
    with open_data(tmp_path / "data", "train") as pictures:
        assert [one.label for one in pictures.pictures] == ["a train"]
    with (
        pytest.raises(InputError, match="has no valid/"),
        open_data(tmp_path / "data", "valid"),
    ):
        pass


def test_classes_may_have_the_names_of_parts(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "data", {"test": [BLUE], "bench": [RED]})
    assert {label for _, label in found(root)} == {"bench", "test"}


def test_a_single_class_is_one(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "data", {"only": [BLUE, RED]})
    assert {label for _, label in found(root)} == {"only"}


def test_pictures_without_folders_have_no_labels(tmp_path: Path) -> None:
    for index in range(2):
        write_picture(tmp_path / f"{index}.png", RED)
    assert found(tmp_path) == [("0.png", None), ("1.png", None)]
    with open_data(tmp_path) as pictures:
        assert not pictures.labelled


def test_links_to_folders_are_followed_but_not_for_ever(tmp_path: Path) -> None:
    write_classes(tmp_path / "elsewhere", {"a": [RED]})
    (tmp_path / "data").mkdir()
    write_classes(tmp_path / "data", {"b": [BLUE]})
    (tmp_path / "data" / "a").symlink_to(tmp_path / "elsewhere" / "a")
    (tmp_path / "data" / "b" / "again").symlink_to(tmp_path / "data")
    assert found(tmp_path / "data") == [("a/0.png", "a"), ("b/0.png", "b")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.png,cat\n1.png,dog\n", [("0.png", "cat"), ("1.png", "dog")]),
        ("path,label\n0.png,cat\n\n1.png,dog\n", [("0.png", "cat"), ("1.png", "dog")]),
        ("label,filename\ncat,0.png\n", [("0.png", "cat")]),
        ("id,Class name,Image_Path\n7,cat,0.png\n", [("0.png", "cat")]),
        ("path\n0.png\n", [("0.png", None)]),
        ('\ufeff"0.png", 3 \n', [("0.png", "3")]),
        ("0.png\n1.png\n", [("0.png", None), ("1.png", None)]),
    ],
)
def test_lists_name_pictures_and_labels(
    tmp_path: Path, text: str, expected: list[tuple[str, str | None]]
) -> None:
    for index in range(2):
        write_picture(tmp_path / f"{index}.png", RED)
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    assert found(tmp_path / "list.csv") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"path,label\n", "lists no pictures"),
        (b"", "lists no pictures"),
        (b"0.png,cat\n1.png,dog\n", r"(?s)1\.png does not exist.*line 2 of"),
        (b"0.png,cat\n0.png,\n", "Line 2 of .* has no label"),
        (b"0.png,cat\n,cat\n", "Line 2 of .* has no picture"),
        (b"0.png,c\xffat\n", "not a readable list"),
        (b'0.png,"cat\n', "not a readable list"),
        (b"path,species\n0.png,cat\n", "(?s)No column .* is one of labels.*path, species"),
    ],
)
def test_lists_that_cannot_be_used_are_refused(tmp_path: Path, text: bytes, message: str) -> None:
    write_picture(tmp_path / "0.png", RED)
    (tmp_path / "list.csv").write_bytes(text)
    with pytest.raises(InputError, match=message), open_data(tmp_path / "list.csv"):
        pass


def test_lists_with_too_many_or_too_long_lines_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("path,label\n" + "," * 70_000)
    with pytest.raises(InputError, match="line 2 has more than 65,536 characters"), open_data(path):
        pass
    monkeypatch.setattr(data, "_MOST_ROWS", 10)
    path.write_text("a.png,a\n" * 11)
    with pytest.raises(InputError, match="more than 10 lines"), open_data(path):
        pass


def test_what_holds_no_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.zip").write_bytes(b"PK but not really")
    write_classes(tmp_path / "mixed", {"a": [RED]})
    write_picture(tmp_path / "mixed" / "0.png", BLUE)
    for name, message in (
        ("empty", "holds no pictures"),
        ("no.zip", "(?s)cannot be read.*not a zip file"),
        ("missing", "(?s)cannot be read.*No such file"),
        ("missing.csv", "does not exist"),
        ("mixed", r"(?s)Of 1 pictures in .*0\.png lies in no folder"),
    ):
        with pytest.raises(InputError, match=message), open_data(tmp_path / name):
            pass


def test_pictures_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/0.png", bytes(2_000_000))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(picture_sets, "MAX_PICTURE_BYTES", 1_000_000)
    with open_data(path) as pictures, pytest.raises(InputError, match="2,000,000 bytes"):
        pictures.pictures[0].open()


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    path = packed(write_classes(tmp_path / "data", {"a": [RED]}))
    data = bytearray(path.read_bytes())
    data[:4] = b"XXXX"  # the signature of the first entry, of the folder or of the picture
    at = data.index(b"PK\x03\x04") if b"PK\x03\x04" in data else 0
    data[at : at + 4] = b"XXXX"
    path.write_bytes(data)
    with open_data(path) as pictures, pytest.raises(InputError, match=r"a/0\.png in .* cannot be"):
        pictures.pictures[0].open()


def test_a_limit_draws_as_many_of_each_class(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "data", {"a": [RED] * 20, "b": [BLUE] * 3, "c": [GREEN] * 9})
    with open_data(root) as pictures:
        few = pictures.limited(9)
        assert Counter(one.label for one in few.pictures) == {"a": 3, "b": 3, "c": 3}
        assert few.source == ("9 of 32 pictures in data, drawn with seed 0, as many of each class")
        # The smallest class has no more; the others take its share.
        more = pictures.limited(15)
        assert Counter(one.label for one in more.pictures) == {"a": 6, "b": 3, "c": 6}
        assert pictures.limited(32) is pictures
        assert pictures.limited(9) == few
        assert [one.name for one in pictures.limited(9, seed=1).pictures] != [
            one.name for one in few.pictures
        ]
        names = [one.name for one in few.pictures]
        assert names == sorted(names)


def test_entries_may_begin_with_a_dot(tmp_path: Path) -> None:
    write_picture(tmp_path / "0.png", RED)
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.write(tmp_path / "0.png", "./a/0.png")
    with open_data(tmp_path / "data.zip") as pictures, pictures.pictures[0].open() as stream:
        assert stream.read() == (tmp_path / "0.png").read_bytes()


def test_an_archive_with_names_in_no_encoding_is_one_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("\u00e9.png", b"")
    path = tmp_path / "data.zip"
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xff"))
    with pytest.raises(InputError, match="cannot be read"), open_data(path):
        pass


def test_a_folder_that_cannot_be_read_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_classes(tmp_path, {"a": [RED], "b": [RED]})
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError), open_data(tmp_path):
        pass
