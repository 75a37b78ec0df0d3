"""Which pictures a file is evaluated on, and of which classes they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.calibration.picture_sets import PictureSet, open_pictures
from _edgeship.files import read_bytes

#: Folders at the top that hold parts of a data set and no classes; the first one there is used.
_HELD_OUT = ("test", "val", "valid", "validation")
_PARTS = ("train", *_HELD_OUT)

#: Largest list of pictures, its most lines, and the most characters of one: a row of a few bytes
#: takes a hundred times as much memory. ImageNet has 1.3 million pictures.
_MOST_CSV_BYTES = 128 << 20
_MOST_ROWS = 2_000_000
_MOST_CHARACTERS = 1 << 16

#: What headings call the columns, without spaces, signs and capitals.
_PATHS = (
    *("path", "file", "filename", "filepath", "image", "imagepath", "imagename", "picture"),
    *("imagefile", "photo"),
)
_LABELS = (
    *("label", "labels", "labelname", "class", "classname", "classid", "labelid", "target"),
    *("category", "categoryname", "categoryid"),
)

_LAYOUT = (
    "give a folder or a zip file with a folder per class, or a .csv file with path,label in each "
    "line"
)


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        name: Its path in the folder, in the zip file, or beside the list.
        label: The name of its class as the data have it; None where they have none.
        open: Opens it.
    """

    name: str
    label: str | None
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True)
class Pictures:
    """All pictures that there are, or those that were chosen of them.

    Attributes:
        pictures: In the order of the data.
        source: Where they come from, in words.
        numbered: Whether labels may be numbers of classes, as those in a list may.
    """

    pictures: tuple[Picture, ...]
    source: str
    numbered: bool = False

    @property
    def labelled(self) -> bool:
        """Whether their classes are known."""
        return self.pictures[0].label is not None

    def without_labels(self) -> Pictures:
        """Return the same pictures as if nobody knew what is on them."""
        return replace(self, pictures=tuple(replace(one, label=None) for one in self.pictures))

    def limited(self, limit: int, seed: int = 0) -> Pictures:
        """Return so many of the pictures at most, drawn at random, as many of each class.

        Args:
            limit: The most.
            seed: Equal seeds draw equal pictures.
        """
        if limit >= len(self.pictures):
            return self
        generator = np.random.default_rng(seed)
        groups: dict[str | None, list[int]] = {}
        for index in generator.permutation(len(self.pictures)).tolist():
            groups.setdefault(self.pictures[index].label, []).append(index)
        # In rounds, one of each class: a class that has no more leaves its share to the others.
        rounds = sorted(
            (turn, place, index)
            for place, label in enumerate(sorted(groups, key=str))
            for turn, index in enumerate(groups[label])
        )
        chosen = sorted(index for _, _, index in rounds[:limit])
        kept = tuple(self.pictures[index] for index in chosen)
        evenly = ", as many of each class" if self.labelled and len(groups) > 1 else ""
        source = f"{limit:,} of {self.source}, drawn with seed {seed}{evenly}"
        return replace(self, pictures=kept, source=source)


@contextmanager
def open_data(path: Path, part: str | None = None) -> Iterator[Pictures]:
    """Yield the pictures of a folder, a zip file or a list.

    Where the folder or the zip file holds ``test`` or ``val`` beside or without ``train``, those in
    it are taken.

    Args:
        path: The folder, the zip file or the .csv file.
        part: The folder to take beside others, such as ``train``; ``test`` or ``val`` by default.

    Raises:
        InputError: There are none, or some have a label and others have not.
    """
    if path.suffix.lower() == ".csv" and not path.is_dir():
        yield _listed(path)
        return
    with open_pictures(path, _LAYOUT) as found:
        yield _in_folders(found, part)


def _in_folders(found: PictureSet, part: str | None) -> Pictures:
    """Return pictures whose folders are their classes."""
    if not found.pictures:
        raise InputError(f"{found.path} holds no pictures.", todo=_LAYOUT)
    root = _root(found, part)
    pictures = [
        Picture(str(name), _folder_below(root, name), lambda name=name: found.open(name))  # type: ignore[misc]
        for name in found.inside(root)
    ]
    bare = [one.name for one in pictures if one.label is None]
    if bare and len(bare) < len(pictures):
        raise InputError(
            f"Of {len(bare)} pictures in {found.path} the class is not known.",
            why=f"{bare[0]} lies in no folder of a class, and others do",
            todo="put each picture into the folder of its class, or all into one folder",
        )
    place = found.path.name + (f"/{root}" if root.parts else "")
    return Pictures(tuple(pictures), f"{len(pictures):,} pictures in {place}")


def _root(found: PictureSet, wanted: str | None) -> PurePosixPath:
    """Return the folder that the folders of the classes lie in."""
    root = PurePosixPath()
    while True:
        tops = {_folder_below(root, name) for name in found.inside(root)}
        if tops <= {*_PARTS}:
            order = (*_HELD_OUT, "train") if wanted is None else (wanted,)
            part = next((name for name in order if name in tops), None)
            if part is None:
                raise InputError(f"{found.path} has no {wanted}/.")
            return root / part
        # A folder around everything, as archives have, and no class: there are folders in it.
        [only, *others] = tops
        if others or only is None or not _has_folders(found, root / only):
            return root
        root /= only


def _has_folders(found: PictureSet, folder: PurePosixPath) -> bool:
    return all(name.parent != folder for name in found.inside(folder))


def _folder_below(root: PurePosixPath, name: PurePosixPath) -> str | None:
    """Return the folder right below ``root`` that a picture lies in; None if in ``root`` itself."""
    parts = name.relative_to(root).parts
    return parts[0] if len(parts) > 1 else None


def _listed(path: Path) -> Pictures:
    """Return the pictures that a .csv file lists; their paths start in its folder.

    Raises:
        InputError: It cannot be read, lists nothing, or lists what is not there.
    """
    data = read_bytes(path)
    if len(data) > _MOST_CSV_BYTES:
        raise InputError(f"{path} has more than {_MOST_CSV_BYTES:,} bytes.")
    try:
        lines = list(csv.reader(_lines(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a readable list.", why=str(error), todo=_LAYOUT) from error
    rows = [(number, row) for number, row in enumerate(lines, 1) if any(map(str.strip, row))]
    columns = _columns(path, rows[0][1]) if rows else None
    if columns is not None:
        rows = rows[1:]
    if not rows:
        raise InputError(f"{path} lists no pictures.", todo=_LAYOUT)
    place, label = columns or (0, 1 if len(rows[0][1]) > 1 else None)
    pictures = tuple(_from_row(path, number, row, place, label) for number, row in rows)
    return Pictures(pictures, f"{len(pictures):,} pictures of {path.name}", numbered=True)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a list.

    Raises:
        csv.Error: One is far too long, or there are far too many.
    """
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if number > _MOST_ROWS:
            raise csv.Error(f"it has more than {_MOST_ROWS:,} lines")
        if len(line) > _MOST_CHARACTERS:
            raise csv.Error(f"line {number} has more than {_MOST_CHARACTERS:,} characters")
        yield line


def _columns(path: Path, row: Sequence[str]) -> tuple[int, int | None] | None:
    """Return the columns of path and label that a heading names, or None if it is no heading.

    Raises:
        InputError: It names others beside the paths, and none of them is one of labels.
    """
    names = ["".join(filter(str.isalnum, name.lower())) for name in row]
    paths = [names.index(name) for name in _PATHS if name in names]
    labels = [names.index(name) for name in _LABELS if name in names]
    if not paths:
        return None
    if not labels and sum(map(bool, names)) > 1:
        raise InputError(
            f"No column of {path} is one of labels.",
            why=f"its heading names {', '.join(cell.strip() for cell in row)}",
            todo="call the column label; without labels leave the paths alone in the list",
        )
    return paths[0], labels[0] if labels else None


def _from_row(
    path: Path, number: int, row: Sequence[str], place: int, label: int | None
) -> Picture:
    cells = [cell.strip() for cell in row]
    for column in (place, label):
        if column is not None and (column >= len(cells) or not cells[column]):
            what = "no picture" if column == place else "no label"
            raise InputError(f"Line {number} of {path} has {what}.", todo=_LAYOUT)
    file = path.parent / cells[place]
    if not file.is_file():
        raise InputError(
            f"The picture {file} does not exist.",
            where=f"line {number} of {path}",
            todo="paths start in the folder of the list",
        )
    return Picture(cells[place], None if label is None else cells[label], lambda: file.open("rb"))
