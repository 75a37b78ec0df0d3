"""The pictures that show what a network does, as files that every platform decodes alike."""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.calibration.picture_sets import open_pictures
from _edgeship.export.calibration.pictures import shipped_pictures
from _edgeship.export.calibration.preprocess import decode
from _edgeship.export.calibration.source import evenly_spaced

#: How many sample inputs there are.
COUNT = 3

#: Shipped pictures that may be handed on without a condition -> where they come from.
_SHIPPED = {
    "cat.jpg": "a tabby cat; Stefan van der Walt, CC0 1.0",
    "coffee.jpg": "a cup of espresso; Rachel Michetti, CC0 1.0",
    "rocket.jpg": "a rocket on its launch pad; SpaceX, public domain",
}

#: Longest side in pixels of a picture that is handed on; PNG makes larger ones heavy.
_LONGEST = 1024


@dataclass(frozen=True)
class SamplePicture:
    """A picture.

    Attributes:
        name: What its file was called.
        source: What it shows and whose it is, or where it was found.
        png: The picture, upright, in three colours: JPEG is not decoded alike everywhere.
    """

    name: str
    source: str
    png: bytes


def sample_pictures(place: Path | None = None) -> list[SamplePicture]:
    """Return three pictures.

    Args:
        place: A folder or a zip file of pictures, three of which are taken; None for some that
            come with edgeship.

    Raises:
        InputError: There are no pictures, or one cannot be read.
    """
    if place is None:
        shipped = {entry.name: entry for entry in shipped_pictures()}
        found = []
        for name, source in _SHIPPED.items():
            with shipped[name].open("rb") as file:
                found.append(SamplePicture(name, source, _png(file, name)))
        return found
    todo = "give --pictures a folder or a zip file of pictures like those the app will see"
    with ExitStack() as stack:
        pictures = stack.enter_context(open_pictures(place, todo))
        if not pictures.pictures:
            raise InputError(f"{place} holds no pictures.", todo=todo)
        found = []
        for picture in evenly_spaced(pictures.pictures, COUNT):
            with pictures.open(picture) as file:
                png = _png(file, str(place / picture))
            found.append(SamplePicture(picture.name, f"{picture} in {place.name}", png))
        return found


def _png(file: IO[bytes], name: str) -> bytes:
    image = decode(file, "RGB", name)
    if max(image.size) > _LONGEST:
        image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Without what the original says about itself: a picture may know where it was taken.
    Image.frombytes("RGB", image.size, image.tobytes()).save(buffer, "PNG")
    return buffer.getvalue()
