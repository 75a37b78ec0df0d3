"""The options that say how an .mlpackage is written, checked before anything is imported."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, cast

from _edgeship.errors import InputError
from _edgeship.files import read_bytes
from _edgeship.terminal.words import check_file, one_of

#: Largest file of --labels.
MAX_LABEL_BYTES = 10_000_000


def parse_io(text: str) -> Literal["tensor", "image"]:
    """Return what a file or a package takes, as ``--io`` says.

    Raises:
        InputError: It is neither tensor nor image.
    """
    [io] = one_of((text.lower(),), ("tensor", "image"), "kind of input", "--io")
    return cast("Literal['tensor', 'image']", io)


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names in the file of ``--labels``, which has one per line.

    Raises:
        InputError: The file is missing, unreadable, too large or not UTF-8, or has an empty or
            repeated line.
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
    labels = [line.strip() for line in re.split("\r\n|\r|\n", text.rstrip())]
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        if not label:
            raise InputError(f"--labels {path} has no class in line {number}.")
        if label in first:
            raise InputError(
                f"--labels {path} names the class {label!r} in lines {first[label]} and {number}.",
                why="a package returns the probabilities by name, and each name once",
                todo="make them differ, for example crane (bird) and crane (machine)",
            )
        first[label] = number
    return tuple(labels)
