"""Calibration samples from pictures: a folder of them, or the ones shipped here."""

from __future__ import annotations

import dataclasses
from importlib.resources import as_file, files
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.calibration.picture_sets import SUFFIXES, PictureSet
from _edgeship.export.calibration.preprocess import Preprocess, load_image
from _edgeship.export.calibration.source import Source, evenly_spaced

if TYPE_CHECKING:
    from importlib.abc import Traversable

VIEWS = ((1.0, False), (0.4, True), (0.7, False), (1.0, True))
"""Views of a shipped picture: the share of the usual crop that is kept, and whether mirrored.

A whole photograph scaled down to 32 pixels has finer detail than pictures of that size have: closer
views are nearer to them.
"""


def shipped_source(
    shape: tuple[int, ...], preprocess: Preprocess, limit: int
) -> Source[NDArray[np.float32]]:
    """Return samples made from the shipped pictures.

    Every picture is used before any is used twice, in the order of `VIEWS`; so there are at most
    four samples per picture. Closer views end where pixels would be enlarged.

    Args:
        shape: (C, H, W), or (C, T, H, W) for a clip; see :func:`load_sample`.
        preprocess: The resize rule, mean and std.
        limit: Most samples.
    """
    pictures = evenly_spaced(shipped_pictures(), limit)
    views = [(picture, *view) for view in VIEWS for picture in pictures][:limit]

    def load(view: tuple[Traversable, float, bool]) -> NDArray[np.float32]:
        picture, scale, mirror = view
        with as_file(picture) as path:
            crop = max(preprocess.crop * scale, min(preprocess.crop, _share_of(path, shape)))
            sample = load_sample(path, shape, dataclasses.replace(preprocess, crop=crop))
        return np.ascontiguousarray(sample[..., ::-1]) if mirror else sample

    def words(used: int) -> str:
        shipped = f"{len(pictures)} natural images shipped with edgeship"
        return shipped if used == len(pictures) else f"{used} views of {shipped}"

    return Source([views], load, words)


def _share_of(path: Path, shape: tuple[int, ...]) -> float:
    """Return which share of a picture an input takes whose pixels are the picture's."""
    height, width = shape[-2:]
    with Image.open(path) as picture:
        return float(max(height / picture.height, width / picture.width))


def shipped_pictures() -> list[Traversable]:
    """Return the shipped JPEG files in the order of their names."""
    folder = files("_edgeship.export.calibration") / "images"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".jpg")]
    return sorted(found, key=lambda entry: entry.name)


def picture_source(
    pictures: PictureSet, shape: tuple[int, ...], preprocess: Preprocess
) -> Source[NDArray[np.float32]]:
    """Return samples made from the pictures in a folder or a zip file, and in the folders in it.

    They come in the order of their paths. Where folders lie side by side, as those of classes do,
    each is a group.

    Args:
        pictures: The pictures.
        shape: (C, H, W), or (C, T, H, W) for a clip; see :func:`load_sample`.
        preprocess: The resize rule, mean and std.

    Raises:
        InputError: There is no picture. Loading one raises it too, if it cannot be read.
    """
    if not pictures.pictures:
        raise InputError(
            f"{'The folder ' if pictures.archive is None else ''}{pictures.path} holds no images.",
            why=f"it has no file that ends in {', '.join(SUFFIXES)}",
            todo="give --calib a folder of images like those the network will see",
        )

    def load(picture: PurePosixPath) -> NDArray[np.float32]:
        with pictures.open(picture) as file:
            return load_sample(file, shape, preprocess, name=str(pictures.path / picture))

    groups = _by_folder(pictures)
    total = len(pictures.pictures)
    alike = f", {len(groups)} folders alike" if len(groups) > 1 else ""

    def words(used: int) -> str:
        some = f"{used} of {total} images{alike}" if used < total else f"{total} images"
        return f"{pictures.path} ({some if total > 1 else '1 image'})"

    return Source(groups, load, words)


def _by_folder(pictures: PictureSet) -> list[list[PurePosixPath]]:
    """Return the pictures by the folder that they lie in directly."""
    groups: dict[PurePosixPath, list[PurePosixPath]] = {}
    for picture in pictures.pictures:
        groups.setdefault(picture.parent, []).append(picture)
    return list(groups.values())


def load_sample(
    file: Path | IO[bytes], shape: tuple[int, ...], preprocess: Preprocess, *, name: str = ""
) -> NDArray[np.float32]:
    """Read one picture as an image, or as a clip that pans across it.

    Args:
        file: The picture.
        shape: (C, H, W) for an image. (C, T, H, W) for a clip: the picture is loaded a quarter
            wider than W, and T windows slide over it from left to right in even steps.
        preprocess: The resize rule, mean and std.
        name: What errors call the picture; else its path.

    Returns:
        Float32 array of that shape.

    Raises:
        InputError: See :func:`export.calibration.preprocess.load_image`.
    """
    channels, *frames, height, width = shape
    if not frames:
        return load_image(file, (height, width), channels, preprocess, name=name)
    pan = width // 4
    wide = load_image(file, (height, width + pan), channels, preprocess, name=name)
    offsets = np.linspace(0, pan, frames[0]).round().astype(int)
    return np.stack([wide[:, :, left : left + width] for left in offsets], axis=1)
