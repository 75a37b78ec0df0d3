"""Labelled pictures in memory: PATH/train/CLASS/*.jpg, PATH/test/CLASS/*.jpg, or a zip of these."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from _edgeship.errors import InputError
from _edgeship.export.calibration.picture_sets import PictureSet, open_pictures
from _edgeship.export.calibration.preprocess import FORMATS, read_pixels

_LAYOUT = "Give a folder or a zip file that holds train/CLASS/*.jpg and test/CLASS/*.jpg."
#: Of decoded pictures; the recipe is for small data sets and keeps them in memory.
_MAX_BYTES = 8 << 30


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
    with open_pictures(path, _LAYOUT) as found:
        files = found.inside(_classes(found, "train")[0])
        if not files:
            raise InputError(f"{path} has a class without pictures.", todo=_LAYOUT)
        try:
            with found.open(files[0]) as stream, Image.open(stream, formats=FORMATS) as image:
                sides: tuple[int, int] = image.size
                return min(sides)
        except OSError as error:
            raise InputError(
                f"{path / files[0]} is damaged, or no picture.", why=str(error)
            ) from error


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
    with open_pictures(path, _LAYOUT) as found:
        folders = _classes(found, split)
        labels = {folder.name: i for i, folder in enumerate(folders)}
        # Behind the split, the first name of a path is that of the class.
        labelled = [
            (file, labels[file.parts[1]])
            for file in found.inside(PurePosixPath(split))
            if len(file.parts) > 2
        ]
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
            with found.open(file) as stream:
                image[...] = read_pixels(stream, size, 3, crop, name=str(path / file))
    return Split(
        images=torch.from_numpy(images),
        labels=torch.tensor([label for _, label in labelled]),
        classes=tuple(folder.name for folder in folders),
    )


def _classes(found: PictureSet, split: str) -> list[PurePosixPath]:
    """Return the folders of the classes, sorted by name."""
    folders = found.folders_in(PurePosixPath(split))
    if not folders:
        raise InputError(f"{found.path} has no {split}/ with a folder per class.", todo=_LAYOUT)
    return folders
