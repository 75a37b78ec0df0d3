"""Names of classes: what a file of them may hold, and which output they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.contract import labels as module
from _edgeship.export.contract.labels import (
    label_files,
    labels_file,
    only_labels,
    place_labels,
    read_labels,
)

HEADS = {"species": (1, 3), "health": (1, 2)}


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("labels.txt", "\ufeffKäfer\r\nred fox\r\n\r\n", ("Käfer", "red fox")),
        ("labels.txt", "cat\rdog\r", ("cat", "dog")),
        ("labels.txt", "[odd\ncat\n", ("[odd", "cat")),
        ("labels.txt", "n01\ttench\nn02\tgoldfish", ("n01\ttench", "n02\tgoldfish")),
        ("labels.json", '["cat", " dog "]', ("cat", "dog")),
        ("labels", '\n["cat", "dog"]', ("cat", "dog")),
        ("id2label.json", '{"1": "dog", "0": "cat"}', ("cat", "dog")),
        ("label2id.json", '{"dog": 1, "cat": 0}', ("cat", "dog")),
    ],
)
def test_a_file_names_the_classes(
    tmp_path: Path, name: str, content: str, found: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert read_labels(tmp_path / name) == found


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", "[", "is not readable JSON"),
        ("a.json", "[]", "names no classes"),
        ("a.json", '["cat", 3]', "holds other JSON than names of classes"),
        ("a.json", '{"0": "cat", "2": "dog"}', "holds other JSON than names of classes"),
        ("a.json", '{"0": "cat", "00": "dog"}', "holds other JSON than names of classes"),
        ("a.json", '{"0": ["n01", "cat"]}', "holds other JSON than names of classes"),
        ("a.json", '["cat", ""]', "has no class in place 1"),
        ("a.json", '["cat", "cat"]', "names the class 'cat' in places 0 and 1"),
        ("a.json", '["a cat\\nor two"]', "has a class of more than one line in place 0"),
        ("a.json", '["a\\u2028b"]', "has a class of more than one line in place 0"),
        ("a.json", "[" * 100_000, "is not readable JSON"),
        ("a.txt", "cat\n\ndog", "has no class in line 2"),
        ("a.txt", "", "has no class in line 1"),
    ],
)
def test_a_file_that_names_them_wrongly_is_refused_in_a_sentence(
    tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=sentence) as caught:
        read_labels(tmp_path / name)
    assert len(caught.value.what) < 200


def test_labels_that_may_not_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "labels.txt").write_text("cat")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"labels\.txt cannot be read") as error:
        read_labels(tmp_path / "labels.txt")
    assert error.value.why == "Permission denied"


def test_too_many_labels_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LABEL_BYTES", 3)
    (tmp_path / "labels.txt").write_text("fox\n")
    with pytest.raises(InputError, match="more than 3 bytes"):
        read_labels(tmp_path / "labels.txt")


def test_labels_go_to_the_only_output_with_so_many_scores() -> None:
    assert place_labels({"": ("a", "b")}, (), HEADS) == {"health": ("a", "b")}
    assert place_labels({}, ("a", "b", "c"), HEADS) == {"species": ("a", "b", "c")}
    both = {"species": ("a", "b", "c"), "health": ("x", "y")}
    assert place_labels(both, ("ignored",), HEADS) == both
    maps = {"map": (1, 2, 9, 9), "other": (1, 5)}
    assert place_labels({"": ("a", "b")}, (), maps) == {"map": ("a", "b")}


def test_what_the_weights_know_is_left_out_where_it_does_not_fit_one_output() -> None:
    assert place_labels({}, ("a",) * 7, HEADS) == {}
    assert place_labels({}, ("a", "b"), {"one": (1, 2), "two": (1, 2)}) == {}
    assert place_labels({}, ("a", "b"), {"map": (1, 2, 9, 9)}) == {}
    assert place_labels({}, (), {"nothing": (1, 0)}) == {}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"": ("a",)}, "names 1 classes, and no output has that many scores"),
        ({"": tuple("abcd")}, "several outputs have that many scores: left, right"),
        ({"colour": ("a", "b")}, "names an output colour, and the network has left, right"),
        ({"left": ("a", "b")}, "names 2 classes, and no output has that many scores"),
        ({"left": tuple("abcd"), "": tuple("abc")}, "no output has that many scores"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    asked: dict[str, tuple[str, ...]], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        place_labels(asked, (), {"left": (1, 4), "right": (1, 4)})


def test_one_output_may_not_get_names_twice() -> None:
    with pytest.raises(InputError, match="names the classes of health twice"):
        place_labels({"": ("a", "b"), "health": ("c", "d")}, (), HEADS)


def test_files_of_labels_have_a_line_for_each() -> None:
    assert label_files({"out": ("Käfer", "fox")}) == {"labels.txt": "Käfer\nfox\n".encode()}
    assert set(label_files({"a": ("x",), "b": ("y",)})) == {"labels_a.txt", "labels_b.txt"}
    assert labels_file("other", {"out": ()}) == ""


def test_labels_of_one_output_are_those_of_the_pictures() -> None:
    assert only_labels({"": ("a", "b")}) == ("a", "b")
    assert only_labels({"x": ("a",), "y": ("b",)}) == only_labels({}) == ()
    assert only_labels("checkpoint") == ()
