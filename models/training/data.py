"""Labelled pictures in memory: PATH/train/CLASS/*.jpg, PATH/test/CLASS/*.jpg, or a zip of these."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from _edgeship.errors import InputError
from _edgeship.export.calibration.pictures import SUFFIXES
from _edgeship.export.calibration.preprocess import FORMATS, read_pixels

_LAYOUT = "Give a folder or a zip file that holds train/CLASS/*.jpg and test/CLASS/*.jpg."
#: Of decoded pictures; the recipe is for small data sets and keeps them in memory.
_MAX_BYTES = 8 << 30

Folder = Path | zipfile.Path


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        images: uint8 (N, 3, size, size), RGB.
        labels: int64 (N,), indices into `classes`.
        classes: Names of the classes, sorted.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]


def picture_side(path: Path) -> int:
    """Return the shorter side of the first training picture, in pixels.

    Raises:
        InputError: There is none, or it is damaged.
    """
    with _opened(path, "train") as root:
        files = _files(_classes(root, path, "train")[0])
        if not files:
            raise InputError(f"{path} has a class without pictures.", todo=_LAYOUT)
        try:
            with files[0].open("rb") as stream, Image.open(stream, formats=FORMATS) as image:
                sides: tuple[int, int] = image.size
                return min(sides)
        except OSError as error:
            raise InputError(f"{files[0]} is damaged, or no picture.", why=str(error)) from error


def read_split(path: Path, split: str, size: tuple[int, int], crop: float = 1.0) -> Split:
    """Read and decode every picture of a split; a zip file is read in place.

    Args:
        path: The folder or zip file.
        split: "train" or "test".
        size: Height and width in pixels.
        crop: Fraction of the resized shorter side that the centre crop keeps, in (0, 1].

    Raises:
        InputError: There are no such pictures, one is damaged, or they do not fit in 8 GiB.
    """
    with _opened(path, split) as root:
        folders = _classes(root, path, split)
        labelled = [(file, i) for i, folder in enumerate(folders) for file in _files(folder)]
        if not labelled:
            raise InputError(f"{path} has no pictures in {split}/.", todo=_LAYOUT)
        if len(labelled) * 3 * math.prod(size) > _MAX_BYTES:
            raise InputError(
                f"{len(labelled)} pictures of {size[0]}x{size[1]} do not fit in memory.",
                why=f"They are kept decoded, in at most {_MAX_BYTES >> 30} GiB.",
                todo="Use a smaller --size or fewer pictures.",
            )
        images = np.empty((len(labelled), 3, *size), np.uint8)
        for image, (file, _) in zip(images, labelled, strict=True):
            with file.open("rb") as stream:
                image[...] = read_pixels(stream, size, 3, crop, name=str(file))
    return Split(
        images=torch.from_numpy(images),
        labels=torch.tensor([label for _, label in labelled]),
        classes=tuple(folder.name for folder in folders),
    )


@contextmanager
def _opened(path: Path, split: str) -> Iterator[Folder]:
    """Yield the folder of a split, on disk or inside the zip file."""
    if path.is_dir():
        yield path / split
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        why = (
            error.strerror if isinstance(error, OSError) else "It is not a zip file, or is damaged."
        )
        raise InputError(
            "The pictures cannot be read.", where=str(path), why=why or str(error), todo=_LAYOUT
        ) from error
    with archive:
        yield zipfile.Path(archive) / split


def _classes(root: Folder, path: Path, split: str) -> list[Folder]:
    """Return the folders of the classes, sorted by name."""
    folders = [entry for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    if not folders:
        raise InputError(f"{path} has no {split}/ with a folder per class.", todo=_LAYOUT)
    return sorted(folders, key=lambda folder: folder.name)


def _files(folder: Folder) -> list[Folder]:
    """Return the pictures of a class, sorted by name."""
    files = (file for file in folder.iterdir() if file.name.lower().endswith(SUFFIXES))
    return sorted(files, key=lambda file: file.name)
