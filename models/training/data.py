"""Labelled pictures in memory: PATH/train/CLASS/*.jpg, PATH/test/CLASS/*.jpg, or a zip of these."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from export.calibration.preprocess import FORMATS, MAX_PIXELS
from export.errors import InputError

_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
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
        InputError: As `read_split`.
    """
    with _opened(path, "train") as root:
        files = _files(_classes(root, path, "train")[0])
        if not files:
            raise InputError(f"{path} has a class without pictures.", todo=_LAYOUT)
        return min(_decode(files[0]).size)


def read_split(path: Path, split: str, size: int) -> Split:
    """Read and decode every picture of a split; a zip file is read in place.

    Args:
        path: The folder or zip file.
        split: "train" or "test".
        size: Side in pixels; pictures of another size are scaled and cropped to the centre.

    Raises:
        InputError: There are no such pictures, one is damaged, or they do not fit in 8 GiB.
    """
    with _opened(path, split) as root:
        folders = _classes(root, path, split)
        labelled = [(file, i) for i, folder in enumerate(folders) for file in _files(folder)]
        if not labelled:
            raise InputError(f"{path} has no pictures in {split}/.", todo=_LAYOUT)
        if len(labelled) * 3 * size**2 > _MAX_BYTES:
            raise InputError(
                f"{len(labelled)} pictures of {size}x{size} do not fit in memory.",
                why=f"The recipe keeps them decoded, in at most {_MAX_BYTES >> 30} GiB.",
                todo="Use a smaller --size or fewer pictures.",
            )
        images = np.empty((len(labelled), size, size, 3), np.uint8)
        for image, (file, _) in zip(images, labelled, strict=True):
            image[...] = ImageOps.fit(_decode(file), (size, size), Image.Resampling.BILINEAR)
    return Split(
        images=torch.from_numpy(images).permute(0, 3, 1, 2),
        labels=torch.tensor([label for _, label in labelled]),
        classes=tuple(folder.name for folder in folders),
    )


@contextmanager
def _opened(path: Path, split: str) -> Iterator[Folder]:
    """Yield the folder of a split, on disk or inside the zip file."""
    try:
        if path.is_dir():
            yield path / split
            return
        with zipfile.ZipFile(path) as archive:
            yield zipfile.Path(archive) / split
    except (OSError, zipfile.BadZipFile) as error:
        why = error.strerror if isinstance(error, OSError) else "It is no zip file, or damaged."
        raise InputError("The pictures cannot be read.", where=str(path), why=why or str(error),
                         todo=_LAYOUT) from error


def _classes(root: Folder, path: Path, split: str) -> list[Folder]:
    """Return the folders of the classes, sorted by name."""
    folders = [entry for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    if not folders:
        raise InputError(f"{path} has no {split}/ with a folder per class.", todo=_LAYOUT)
    return sorted(folders, key=lambda folder: folder.name)


def _files(folder: Folder) -> list[Folder]:
    """Return the pictures of a class, sorted by name."""
    files = (file for file in folder.iterdir() if file.name.lower().endswith(_SUFFIXES))
    return sorted(files, key=lambda file: file.name)


def _decode(file: Folder) -> Image.Image:
    """Read one picture as RGB; it is untrusted."""
    try:
        with file.open("rb") as stream, Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(f"{file} has {image.width}x{image.height} pixels.")
            return image.convert("RGB")
    except (OSError, SyntaxError, zipfile.BadZipFile) as error:
        raise InputError(f"{file} is no picture, or damaged.", why=str(error)) from error
