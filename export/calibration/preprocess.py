"""From a picture file to the array a network reads."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from _edgeship.errors import InputError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
"""Pillow decoders that may see a file; the others stay closed to untrusted input."""

MAX_PIXELS = 80_000_000
"""Largest picture that is decoded or made by resizing; 240 MB as RGB."""

LARGE_PIXELS = 20_000_000
"""Pictures beyond this are decoded and made smaller one after the other: threads read several at
once, and one of `MAX_PIXELS` takes half a gigabyte meanwhile."""

_large = Lock()

COLOR_MODES = {1: "L", 3: "RGB"}


@dataclass(frozen=True)
class Preprocess:
    """How pixels become network input: resize, centre crop, scale to 0..1, normalise.

    The resize rule is the usual ImageNet evaluation one: for a 224-pixel input and
    ``crop=0.875`` the shorter side becomes 256 pixels and the central 224 x 224 are kept.

    Args:
        mean: Mean of each channel on the 0..1 scale, in the network's order of channels.
        std: Standard deviation of each channel on the 0..1 scale, in the same order.
        crop: Fraction of the resized shorter side that the centre crop keeps, in (0, 1].
        bgr: Whether the network reads blue first and red last.

    Raises:
        InputError: A value is out of range, or mean and std differ in length.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop: float = 0.875
    bgr: bool = False

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std):
            raise InputError(
                f"The mean has {len(self.mean)} values and the std {len(self.std)}.",
                todo="give one value of each per input channel",
            )
        if not all(math.isfinite(value) for value in self.mean):
            raise InputError(f"The mean {self.mean} must be finite.")
        if not all(math.isfinite(value) and value > 0 for value in self.std):
            raise InputError(f"The std {self.std} must be positive.")
        if not 0 < self.crop <= 1:
            raise InputError(f"The crop {self.crop} must lie above 0 and not above 1.")
        if self.bgr and len(self.mean) != 3:
            raise InputError(
                "Only images of three channels can have blue first.",
                why=f"the mean has {len(self.mean)} values",
            )

    def describe(self) -> dict[str, object]:
        """Return what an application must do to a picture, in JSON types."""
        color_order = {1: "grayscale", 3: "BGR" if self.bgr else "RGB"}.get(len(self.mean), "none")
        return {
            "color_order": color_order,
            "resize": (
                f"bilinear with antialiasing, shorter side to round(size / {self.crop:g}) pixels, "
                "then centre crop to the input size"
            ),
            "crop": self.crop,
            "scale": 1 / 255,
            "mean": list(self.mean),
            "std": list(self.std),
        }


def load_image(
    file: str | Path | IO[bytes],
    size: tuple[int, int],
    channels: int,
    preprocess: Preprocess,
    *,
    name: str = "",
) -> NDArray[np.float32]:
    """Read one picture as network input.

    The EXIF orientation is applied; an alpha channel and a colour profile are ignored; an
    animation gives its first frame.

    Args:
        file: Path or open file, a BMP, GIF, JPEG, PNG or WebP with 8 bits per channel.
        size: Height and width of the result, in pixels.
        channels: 3 for colours, 1 for grayscale.
        preprocess: The resize rule, mean, std and order of colours.
        name: What errors call the picture; else its path.

    Returns:
        Array of shape (channels, H, W), float32, ``(pixel / 255 - mean) / std``.

    Raises:
        InputError: The file is not such a picture or is too large, or ``channels`` is not 1 or
            3, or mean and std have another number of channels.
    """
    check_channels(channels, preprocess)
    pixels = read_pixels(file, size, channels, preprocess.crop, name=name)
    return normalize(pixels[::-1] if preprocess.bgr else pixels, preprocess)


def read_pixels(
    file: str | Path | IO[bytes],
    size: tuple[int, int],
    channels: int,
    crop: float,
    *,
    name: str = "",
) -> NDArray[np.uint8]:
    """Read, resize and crop one picture, as `load_image` does before it normalises.

    Args:
        file: Path or open file of the picture.
        size: Height and width of the result, in pixels.
        channels: 3 for RGB, 1 for grayscale.
        crop: Fraction of the resized shorter side that the centre crop keeps, in (0, 1].
        name: What errors call the picture; else its path.

    Returns:
        uint8 array of shape (channels, H, W).

    Raises:
        InputError: The file is not such a picture or is too large.
    """
    name = name or str(file)
    image = decode(
        file, COLOR_MODES[channels], name, lambda whole: _cover_and_crop(whole, size, crop, name)
    )
    pixels: NDArray[np.uint8] = np.asarray(image, dtype=np.uint8)
    by_channel: NDArray[np.uint8] = pixels.reshape(*size, channels).transpose(2, 0, 1)
    return by_channel


def check_channels(channels: int, preprocess: Preprocess) -> None:
    """Refuse what cannot be made from a picture.

    Raises:
        InputError: ``channels`` is not 1 or 3, or mean and std have another length.
    """
    if channels not in COLOR_MODES:
        raise InputError(
            f"An image cannot fill an input of {channels} channels.",
            why="images are read as RGB (3 channels) or grayscale (1 channel)",
            todo="give --calib a .npz or .npy file with preprocessed arrays, or --calib random",
        )
    if len(preprocess.mean) != channels:
        raise InputError(
            f"The input has {channels} channel(s), but mean and std have {len(preprocess.mean)}.",
            todo="give one mean and one std per input channel",
        )


def normalize(pixels: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float32]:
    """Scale pixels to 0..1 and normalise them.

    Args:
        pixels: uint8 array whose first axis holds the channels.
        preprocess: The mean and std.

    Returns:
        Contiguous float32 array of the same shape.
    """
    per_channel = (-1,) + (1,) * (pixels.ndim - 1)
    mean = np.array(preprocess.mean, dtype=np.float32).reshape(per_channel)
    std = np.array(preprocess.std, dtype=np.float32).reshape(per_channel)
    scaled = np.ascontiguousarray(pixels).astype(np.float32) / np.float32(255)
    normalized: NDArray[np.float32] = (scaled - mean) / std
    return normalized


def decode(
    file: str | Path | IO[bytes],
    mode: str,
    name: str,
    made: Callable[[Image.Image], Image.Image] = lambda whole: whole,
) -> Image.Image:
    """Return a picture as it is stored, upright, or what is made of it.

    Args:
        file: Path or open file of the picture.
        mode: A value of `COLOR_MODES`.
        name: What errors call the picture.
        made: Makes something smaller of it.

    Raises:
        InputError: The file is not such a picture or is too large.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns where this module refuses, and of odd notes beside a sound picture.
            warnings.simplefilter("ignore")
            with Image.open(file, formats=FORMATS) as image:
                _check_pixels(image.width, image.height, name)
                if image.mode.startswith(("I", "F")):
                    raise InputError(
                        f"The image {name} does not have 8 bits per channel.",
                        todo="convert it to an 8-bit JPEG or PNG",
                    )
                with _large if image.width * image.height > LARGE_PIXELS else nullcontext():
                    return made(ImageOps.exif_transpose(image).convert(mode))
    except Image.DecompressionBombError as error:
        raise _too_large(name, str(error)) from error
    except InputError:
        raise
    # Damaged files make Pillow's decoders raise nearly anything, TypeError included.
    except Exception as error:
        raise InputError(
            f"The image {name} cannot be read.",
            why=str(error),
            todo=f"use an undamaged {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file",
        ) from error


def _cover_and_crop(
    image: Image.Image, size: tuple[int, int], crop: float, name: str
) -> Image.Image:
    """Resize to just cover ``size / crop`` at the same aspect ratio, then crop the centre."""
    height, width = size
    cover_height, cover_width = round(height / crop), round(width / crop)
    if cover_height * image.width >= cover_width * image.height:
        resized = (cover_height * image.width // image.height, cover_height)
    else:
        resized = (cover_width, cover_width * image.height // image.width)
    _check_pixels(*resized, name)
    image = image.resize(resized, Image.Resampling.BILINEAR)
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def _check_pixels(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"it takes {width} x {height} pixels")


def _too_large(name: str, why: str) -> InputError:
    return InputError(
        f"The image {name} is too large.",
        why=f"{why}; at most {MAX_PIXELS} are accepted",
        todo="scale it down or leave it out",
    )


_IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_GREY = Preprocess((0.5,), (0.5,))


def default_preprocess(channels: int) -> Preprocess:
    """Return the preprocessing to assume for images where neither model nor user states one."""
    return _IMAGENET if channels == 3 else _GREY


def raw_pixels(channels: int) -> Preprocess:
    """Return the preprocessing of inputs that take pixels from 0 to 255 as they are."""
    return Preprocess((0.0,) * channels, (1 / 255,) * channels)
