"""Which score belongs to which label."""

from __future__ import annotations

from io import BytesIO

import pytest

from _edgeship.errors import InputError
from _edgeship.export.evaluation.classes import labels_of
from _edgeship.export.evaluation.data import Picture, Pictures


def pictures(*labels: str, numbered: bool = False) -> Pictures:
    found = tuple(Picture(f"{i}.png", label, BytesIO) for i, label in enumerate(labels))
    return Pictures(found, "pictures", numbered)


def test_classes_are_sorted_by_name_where_nothing_else_is_known() -> None:
    labels = labels_of(pictures("b", "a", "10", "9"), (), {})
    assert labels.names == ("10", "9", "a", "b")
    assert labels.indices.tolist() == [3, 2, 0, 1]
    assert labels.order == "the labels, sorted by name"


def test_what_the_user_says_comes_before_what_is_recorded() -> None:
    recorded = {"net.tflite": ("a", "b", "c")}
    assert labels_of(pictures("c", "a"), (), recorded).indices.tolist() == [2, 0]
    labels = labels_of(pictures("c", "a"), ("c", "b", "a"), recorded)
    assert labels.indices.tolist() == [0, 2]
    assert labels.order == "those of --labels"


def test_numbers_in_a_list_are_places() -> None:
    labels = labels_of(pictures("10", "9", numbered=True), (), {})
    assert labels.indices.tolist() == [10, 9]
    labels.check(11, "net")
    with pytest.raises(InputError, match="10 scores, and a picture is of class 10"):
        labels.check(10, "net")
    assert labels.name(10) == "10"
    # With names they are names.
    assert labels_of(pictures("10", numbered=True), ("10", "9"), {}).indices.tolist() == [0]


def test_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(InputError, match=r"(?s)'d' is none of the 3 classes.*a, b, c"):
        labels_of(pictures("a", "d"), ("a", "b", "c"), {})


def test_another_number_of_scores_is_refused() -> None:
    labels = labels_of(pictures("a", "b"), (), {})
    labels.check(2, "net.tflite")
    with pytest.raises(InputError, match=r"net\.tflite gives 3 scores, and there are 2 classes"):
        labels.check(3, "net.tflite")


def test_files_with_other_classes_than_each_other_are_refused() -> None:
    recorded = {"one": ("a", "b"), "other": ("b", "a")}
    with pytest.raises(InputError, match="other has other classes than one"):
        labels_of(pictures("a"), (), recorded)
    assert labels_of(pictures("a"), ("a", "b"), recorded).indices.tolist() == [0]


def test_numbers_in_a_list_are_places_among_recorded_classes() -> None:
    recorded = {"net.tflite": ("a", "b", "c")}
    labels = labels_of(pictures("2", "0", numbered=True), (), recorded)
    assert labels.indices.tolist() == [2, 0]
    assert labels.name(2) == "c"
    with pytest.raises(InputError, match="a picture is of class 3"):
        labels_of(pictures("3", numbered=True), (), recorded).check(3, "net")
    # Classes that are called by numbers are meant by these.
    named = {"net.tflite": ("2", "1", "0")}
    assert labels_of(pictures("2", numbered=True), (), named).indices.tolist() == [0]


def test_numbers_too_large_for_a_place_are_names() -> None:
    assert labels_of(pictures("9" * 5000, numbered=True), (), {}).names == ("9" * 5000,)


def test_no_class_has_no_name() -> None:
    assert labels_of(pictures("a", "b"), (), {}).name(-1) == "none"
