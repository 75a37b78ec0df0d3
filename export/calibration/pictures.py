"""Calibration samples from pictures: a folder of them, or the ones shipped here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess, load_image

if TYPE_CHECKING:
    from importlib.abc import Traversable

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")

VIEWS = ((1.0, False), (0.8, True), (0.8, False), (1.0, True))
"""Views of a shipped picture: the share of the usual crop that is kept, and whether mirrored."""

Item = TypeVar("Item")


def shipped_samples(
    shape: tuple[int, ...], preprocess: Preprocess, limit: int
) -> tuple[list[NDArray[np.float32]], str]:
    """Make samples from the shipped pictures.

    Every picture is used before any is used twice. The second round mirrors the pictures and keeps
    0.8 of the usual crop, the third only keeps 0.8, and the fourth only mirrors; so there are at
    most four samples per picture.

    Args:
        shape: (C, H, W), or (C, T, H, W) for a clip; see :func:`load_sample`.
        preprocess: The resize rule, mean and std.
        limit: Most samples to make.

    Returns:
        The float32 samples, and what they are in words.
    """
    pictures = evenly_spaced(shipped_pictures(), limit)
    samples: list[NDArray[np.float32]] = []
    for scale, mirror in VIEWS[: math.ceil(limit / len(pictures))]:
        view = dataclasses.replace(preprocess, crop=preprocess.crop * scale)
        for picture in pictures[: limit - len(samples)]:
            with as_file(picture) as path:
                sample = load_sample(path, shape, view)
            samples.append(np.ascontiguousarray(sample[..., ::-1]) if mirror else sample)
    words = f"{len(pictures)} natural images shipped with edgeship"
    return samples, words if len(samples) == len(pictures) else f"{len(samples)} views of {words}"


def shipped_pictures() -> list[Traversable]:
    """Return the shipped JPEG files in the order of their names."""
    folder = files("_edgeship.export.calibration") / "images"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".jpg")]
    return sorted(found, key=lambda entry: entry.name)


def folder_samples(
    folder: Path, shape: tuple[int, ...], preprocess: Preprocess, limit: int
) -> tuple[list[NDArray[np.float32]], str]:
    """Make samples from the pictures in a folder and the folders below it.

    Files are taken in the order of their paths; hidden ones (a name that starts with a dot) are
    left out. Where there are more than ``limit``, evenly spaced ones are used.

    Args:
        folder: The folder.
        shape: (C, H, W), or (C, T, H, W) for a clip; see :func:`load_sample`.
        preprocess: The resize rule, mean and std.
        limit: Most samples to make.

    Returns:
        The float32 samples, and what they are in words.

    Raises:
        InputError: The folder holds no picture, or one of the chosen ones cannot be read.
    """
    found = _pictures_below(folder)
    chosen = evenly_spaced(found, limit)
    samples = [load_sample(path, shape, preprocess) for path in chosen]
    used = f"{len(chosen)} of " if len(chosen) < len(found) else ""
    noun = "image" if len(found) == 1 else "images"
    return samples, f"{folder} ({used}{len(found)} {noun})"


def load_sample(path: Path, shape: tuple[int, ...], preprocess: Preprocess) -> NDArray[np.float32]:
    """Read one picture as an image, or as a clip that pans across it.

    Args:
        path: The picture.
        shape: (C, H, W) for an image. (C, T, H, W) for a clip: the picture is loaded a quarter
            wider than W, and T windows slide over it from left to right in even steps.
        preprocess: The resize rule, mean and std.

    Returns:
        Float32 array of that shape.

    Raises:
        InputError: See :func:`export.calibration.preprocess.load_image`.
    """
    channels, *frames, height, width = shape
    if not frames:
        return load_image(path, (height, width), channels, preprocess)
    pan = width // 4
    wide = load_image(path, (height, width + pan), channels, preprocess)
    offsets = np.linspace(0, pan, frames[0]).round().astype(int)
    return np.stack([wide[:, :, left : left + width] for left in offsets], axis=1)


def evenly_spaced(items: Sequence[Item], limit: int) -> list[Item]:
    """Return all items, or ``limit`` of them spread evenly from the first on."""
    count = min(len(items), limit)
    return [items[index * len(items) // count] for index in range(count)]


def _pictures_below(folder: Path) -> list[Path]:
    files_below = [
        path
        for path in folder.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    pictures = [path for path in files_below if path.suffix.lower() in SUFFIXES]
    if not pictures:
        raise InputError(
            f"The folder {folder} holds no images.",
            why=f"none of its {len(files_below)} files ends in {', '.join(SUFFIXES)}"
            if files_below
            else "it is empty",
            todo="give --calib a folder of images like those the network will see",
        )
    return sorted(pictures, key=lambda path: path.relative_to(folder).as_posix())
