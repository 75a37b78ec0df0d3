"""Names of classes: reading them from a file, and which output they belong to."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from _edgeship.errors import InputError
from _edgeship.export.graph.shapes import Shape
from _edgeship.files import read_bytes
from _edgeship.terminal.words import check_file

#: Largest file of --labels.
MAX_LABEL_BYTES = 10_000_000

#: Stands for the classes that the weights were trained on, where a file could be named.
CHECKPOINT: Literal["checkpoint"] = "checkpoint"

#: What would begin a new line for one reader or another.
_BREAKS = ("Cc", "Zl", "Zp")


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names in a file: one a line, or a list in JSON, or ``{"0": "cat", ...}``.

    Raises:
        InputError: The file is missing, unreadable, too large or not UTF-8, or lacks a class or
            has one twice.
    """
    check_file(path, "--labels")
    if path.stat().st_size > MAX_LABEL_BYTES:
        raise InputError(f"--labels {path} has more than {MAX_LABEL_BYTES:,} bytes.")
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"--labels {path} is not UTF-8.", why=str(error), todo="store it as UTF-8 text"
        ) from error
    found = _from_json(path, text)
    if found is not None:
        return checked(found, f"--labels {path}", "place")
    lines = [line.strip() for line in re.split("\r\n|\r|\n", text.rstrip())]
    return checked(lines, f"--labels {path}", "line", first=1)


def checked(labels: Sequence[str], where: str, place: str, first: int = 0) -> tuple[str, ...]:
    """Return names of classes, none of which is missing or there twice.

    Args:
        labels: In the order of the scores.
        where: What they come from, for messages.
        place: What they stand in there: ``line`` or ``place``.
        first: How the first of these is counted.

    Raises:
        InputError: One is empty, there twice, or more than a line; or there are none.
    """
    if not labels:
        raise InputError(f"{where} names no classes.")
    seen: dict[str, int] = {}
    for number, label in enumerate(labels, first):
        if not label:
            raise InputError(f"{where} has no class in {place} {number}.")
        if any(unicodedata.category(letter) in _BREAKS for letter in label.replace("\t", " ")):
            raise InputError(f"{where} has a class of more than one line in {place} {number}.")
        if label in seen:
            raise InputError(
                f"{where} names the class {label!r} in {place}s {seen[label]} and {number}.",
                why="an application finds a class by its name",
                todo="make them differ, for example crane (bird) and crane (machine)",
            )
        seen[label] = number
    return tuple(labels)


def only_labels(
    labels: Mapping[str, tuple[str, ...]] | Literal["checkpoint"],
) -> tuple[str, ...]:
    """Return the names of the classes, if those of one output are given."""
    return next(iter(labels.values())) if not isinstance(labels, str) and len(labels) == 1 else ()


def lines_of(labels: Sequence[str]) -> bytes:
    """Return the text file with a name in each line: UTF-8, lines end in LF."""
    return "".join(f"{label}\n" for label in labels).encode()


def labels_file(output: str, labeled: Collection[str]) -> str:
    """Return the name of the file with the classes of an output.

    Args:
        output: The output.
        labeled: All outputs whose classes have names; "" if this one is not among them.
    """
    if output not in labeled:
        return ""
    return "labels.txt" if len(labeled) == 1 else f"labels_{output}.txt"


def label_files(labels: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """Return name of a file -> its content, for outputs whose classes have names."""
    return {labels_file(output, labels): lines_of(names) for output, names in labels.items()}


def place_labels(
    asked: Mapping[str, tuple[str, ...]], known: Sequence[str], outputs: Mapping[str, Shape]
) -> dict[str, tuple[str, ...]]:
    """Return output -> the names of its classes.

    Args:
        asked: The same as the user says it; "" for the one output that has so many classes.
        known: What the weights were trained on, in the order of the scores. They are taken where
            the user says nothing and one output has so many classes.
        outputs: Name -> shape, batch first.

    Raises:
        InputError: There is no such output, or no single one with so many classes.
    """
    if not asked:
        fitting = _plain(len(known), outputs)
        return {fitting[0]: tuple(known)} if known and len(fitting) == 1 else {}
    placed: dict[str, tuple[str, ...]] = {}
    for name, labels in asked.items():
        output = name or _only(len(labels), outputs)
        if output not in outputs:
            raise InputError(
                f"--labels names an output {output}, and the network has {', '.join(outputs)}.",
                todo="give --labels OUTPUT=FILE with one of these",
            )
        if len(labels) not in outputs[output][1:]:
            raise _no_scores(len(labels), {output: outputs[output]})
        if output in placed:
            raise InputError(f"--labels names the classes of {output} twice.")
        placed[output] = labels
    return placed


def _only(count: int, outputs: Mapping[str, Shape]) -> str:
    """Return the only output with so many classes."""
    fitting = _fitting(count, outputs)
    if not fitting:
        raise _no_scores(count, outputs)
    if len(fitting) > 1:
        raise InputError(
            f"--labels names {count} classes, and several outputs have that many scores: "
            f"{', '.join(fitting)}.",
            todo=f"say which one: --labels {fitting[0]}=FILE",
        )
    return fitting[0]


def _fitting(count: int, outputs: Mapping[str, Shape]) -> list[str]:
    """Return the outputs with so many scores; those with as many in maps only if there are none."""
    maps = [name for name, shape in outputs.items() if len(shape) > 2 and count in shape[1:]]
    return _plain(count, outputs) or maps


def _plain(count: int, outputs: Mapping[str, Shape]) -> list[str]:
    return [name for name, shape in outputs.items() if len(shape) == 2 and shape[1] == count]


def _no_scores(count: int, outputs: Mapping[str, Shape]) -> InputError:
    found = ", ".join(f"{name} [{','.join(map(str, shape))}]" for name, shape in outputs.items())
    return InputError(
        f"--labels names {count} classes, and no output has that many scores.",
        why=f"it would be of shape [1,{count}]; the network has {found}",
        todo="give one name for each class, in the order of the scores",
    )


def _from_json(path: Path, text: str) -> list[str] | None:
    """Return the names in a text of JSON; None if it is none, and its file does not say so."""
    named_json = path.suffix.lower() == ".json"
    if not named_json and text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        if not named_json:
            return None
        raise InputError(f"--labels {path} is not readable JSON.", why=str(error)) from error
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return [one.strip() for one in found]
    if isinstance(found, dict):
        numbered = dict(_numbered(found))
        if len(numbered) == len(found) and set(numbered) == set(range(len(found))):
            return [numbered[number].strip() for number in range(len(found))]
    raise InputError(
        f"--labels {path} holds other JSON than names of classes.",
        todo='write a list, ["cat", "dog"], or an object with each number once, {"0": "cat", '
        '"1": "dog"} or {"cat": 0, "dog": 1}',
    )


def _numbered(found: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield number and name of each entry that is one: ``"0": "cat"``, or ``"cat": 0``."""
    for key, value in found.items():
        if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", key):
            yield int(key), value
        elif isinstance(value, int) and not isinstance(value, bool):
            yield value, key
