"""The order of the classes: which score belongs to which label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.evaluation.data import Pictures

#: Names of classes in a message.
_SHOWN = 10

#: Digits of the largest number that can be a place among scores.
_DIGITS = 9


@dataclass(frozen=True)
class Labels:
    """What is on the pictures.

    Attributes:
        names: The class of each score, in the order of the scores; empty where the labels are
            numbers and nothing names them.
        indices: Of the class of each picture, int64 (N,).
        order: Where the order comes from, in words.
        exact: Whether a network must have a score for each of ``names`` and no more.
    """

    names: tuple[str, ...]
    indices: NDArray[np.int64]
    order: str
    exact: bool = True

    def name(self, index: int) -> str:
        """Return the name of a class, or its number where it has none; -1 is no class."""
        if index < 0:
            return "none"
        return self.names[index] if index < len(self.names) else str(index)

    def check(self, scores: int, file: str) -> None:
        """Check that a file has a score for each class.

        Raises:
            InputError: It has not.
        """
        if self.exact and scores != len(self.names):
            raise InputError(
                f"{file} gives {scores} scores, and there are {len(self.names)} classes.",
                why=f"the classes are {self.order}",
                todo="name the class of each score with --labels FILE, or leave the labels out of "
                "account with --ignore-labels",
            )
        largest = int(self.indices.max())
        if largest >= scores:
            raise InputError(
                f"{file} gives {scores} scores, and a picture is of class {largest}.",
                why="the labels are numbers, from 0 on",
            )


def labels_of(
    pictures: Pictures, given: Sequence[str], recorded: Mapping[str, tuple[str, ...]]
) -> Labels:
    """Return the labels of pictures, as numbers of scores.

    Args:
        pictures: Labelled ones.
        given: The classes in the order of the scores, as the user says; empty if not.
        recorded: File or network -> its classes, as a manifest or the weights say.

    Raises:
        InputError: A label is none of the classes, or the files have other classes than each other.
    """
    words = [picture.label or "" for picture in pictures.pictures]
    names, order = _names(given, recorded)
    if not given and pictures.numbered and not set(words) & set(names) and all(map(_place, words)):
        numbers = np.array([int(word) for word in words], np.int64)
        return Labels(names, numbers, "the numbers in the list", exact=bool(names))
    if not names:
        names, order = tuple(sorted(set(words))), "the labels, sorted by name"
    places = {name: index for index, name in enumerate(names)}
    unknown = sorted(set(words) - set(places))
    if unknown:
        raise InputError(
            f"The label {unknown[0]!r} is none of the {len(names)} classes.",
            why=f"the classes are {order}: {_some(names)}",
            todo="name the classes as the data do, in the order of the scores: --labels FILE",
        )
    return Labels(names, np.array([places[word] for word in words], np.int64), order)


def _place(word: str) -> bool:
    return word.isdecimal() and len(word) <= _DIGITS


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _names(
    given: Sequence[str], recorded: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], str]:
    if given:
        return tuple(given), "those of --labels"
    if not recorded:
        return (), ""
    (first, names), *others = recorded.items()
    for other, found in others:
        if found != names:
            raise InputError(
                f"{other} has other classes than {first}.",
                todo="give the classes with --labels FILE, or evaluate the files one by one",
            )
    return names, f"those recorded with {first}"
