"""The pictures on which two files differ, for people to look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import InputError
from _edgeship.export.evaluation.classes import Labels
from _edgeship.export.evaluation.data import Pictures
from _edgeship.export.network.network import file_name

#: The most pictures that are written, of each file.
MOST = 1000

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Disagreements</title>
<style>
body { font: 16px sans-serif; margin: 2em }
table { border-collapse: collapse }
td, th { padding: 0.3em 1em 0.3em 0; text-align: left; vertical-align: top }
img { min-width: 96px; max-width: 224px; image-rendering: pixelated }
</style>
<h1>Disagreements</h1>
<p>{{ rows | length }} pictures of {{ source }}</p>
<table>
<tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in rows %}<tr><td><img src="{{ row[0] | urlencode }}" alt=""></td>
{%- for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
</html>
"""


@dataclass(frozen=True)
class _Differing:
    """A picture on which a file has another best class than the reference.

    Attributes:
        number: Of the picture.
        file: The name of the other file.
        words: Its file's, then the reference's best class; for people.
    """

    number: int
    file: str
    words: tuple[str, str]


def check_folder(folder: Path) -> None:
    """Check that a folder is new or empty: other pictures must not be taken for these.

    Raises:
        InputError: It is not.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"--save-disagreements {folder} exists already.",
            todo="name a folder that is new or empty",
        )


def save(
    folder: Path,
    pictures: Pictures,
    labels: Labels | None,
    predictions: Mapping[str, NDArray[np.int32]],
) -> None:
    """Write the pictures on which a file and the reference differ, and an index of them.

    Args:
        folder: Where; it is made.
        pictures: All of them.
        labels: Theirs; None if they have none.
        predictions: Candidate -> best class of each picture; the reference first.

    Raises:
        InputError: The folder is not empty, or cannot be written; then nothing is in it.
    """
    check_folder(folder)
    columns = ("saved as", "picture", "label", "reference", "reference says", "file says", "file")
    with OutputFolder(folder) as out:
        rows = []
        for one in _differing(predictions, labels):
            picture = pictures.pictures[one.number]
            label = picture.label or ""
            name = _name(one, label, PurePosixPath(picture.name))
            with picture.open() as stream:
                out.write(name, stream.read())
            rows.append((name, picture.name, label, next(iter(predictions)), *one.words, one.file))
        _write_index(out, columns, rows, pictures.source)
        out.publish()


def _differing(
    predictions: Mapping[str, NDArray[np.int32]], labels: Labels | None
) -> list[_Differing]:
    (_, reference), *others = predictions.items()
    found = []
    for file, best in others:
        for number in np.flatnonzero(best != reference)[:MOST].tolist():
            classes = int(reference[number]), int(best[number])
            words = [labels.name(each) if labels else str(each) for each in classes]
            found.append(_Differing(number, file, (words[0], words[1])))
    return found


def _name(one: _Differing, label: str, picture: PurePosixPath) -> str:
    """Return a name that says what both files see: ``00017_cat_reference-dog_net-cat.jpg``."""
    said = f"reference-{file_name(one.words[0])}_{file_name(Path(one.file).stem)}-"
    known = f"{file_name(label)}_" if label else ""
    return f"{one.number:06d}_{known}{said}{file_name(one.words[1])}{picture.suffix.lower()}"


def _write_index(
    folder: OutputFolder, columns: Sequence[str], rows: Sequence[Sequence[str]], source: str
) -> None:
    from jinja2 import Environment

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    # Names of files that are no UTF-8 have parts that cannot be written as such.
    kept = ("utf-8", "backslashreplace")
    folder.write("index.csv", text.getvalue().encode(*kept))
    page = Environment(autoescape=True).from_string(_PAGE)
    html = page.render(columns=columns, rows=rows, source=source)
    folder.write("index.html", html.encode(*kept))
