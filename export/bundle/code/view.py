"""What generated code must know of a file, as plain values that have been checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from _edgeship.errors import InputError
from _edgeship.export.contract.manifest import Artifact, Manifest, Port

#: How a port's elements are stored and what they are to a program: real numbers or what they are.
Kind = Literal["real", "integer", "truth", "bytes", "image", "text", "dictionary", "unknown"]

_INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")
_REALS = ("float16", "float32", "float64")

_COLORS = {"RGB": 3, "BGR": 3, "GRAYSCALE": 1}


@dataclass(frozen=True)
class PortView:
    """An input or output of a file.

    Attributes:
        name: As the file has it.
        shape: Extents of its axes; what the file leaves open is 1.
        dtype: NumPy's name of the type of stored elements.
        kind: What a program sees of it. ``bytes`` are those of a picture, ``image`` is a picture of
            Core ML's.
        scale: Of stored integers: a real number is ``(stored - zero_point) * scale``; None where
            they are no real numbers.
        zero_point: Likewise.
        note: What it holds, for a comment.
        labels: The file that names its classes; "" for none.
        classes: How many classes it scores; 0 where it does no such thing.
        logits: Whether a softmax makes probabilities of its scores.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: Kind
    scale: float | None = None
    zero_point: int = 0
    note: str = ""
    labels: str = ""
    classes: int = 0
    logits: bool = False

    @property
    def size(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest integer of its type."""
        bits = int(self.dtype.removeprefix("u").removeprefix("int"))
        signed = not self.dtype.startswith("u")
        return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


@dataclass(frozen=True)
class PictureView:
    """What makes a picture an input.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 3 for colours, 1 for luminance.
        crop: The fraction of the resized picture's shorter side that is kept.
        blue_first: Whether the input takes blue first.
        channels_first: Whether a channel is stored as a whole, and then the next.
        mean: Of each channel, in the input's order, on the scale 0 to 1; empty where bytes are
            taken as they are.
        std: Likewise.
    """

    height: int
    width: int
    channels: int
    crop: float
    blue_first: bool
    channels_first: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class FileView:
    """A file.

    Attributes:
        file: Its name.
        sha256: Its digest, in hexadecimal digits.
        about: What the network is, for a comment.
        inputs: In the file's order.
        outputs: Likewise.
        picture: How the only input is made of a picture; None where it is not.
    """

    file: str
    sha256: str
    about: str
    inputs: tuple[PortView, ...]
    outputs: tuple[PortView, ...]
    picture: PictureView | None


def view_of(manifest: Manifest, artifact: Artifact) -> FileView:
    """Return what generated code must know.

    Raises:
        InputError: The manifest contradicts itself.
    """
    for name in (artifact.file, *(port.labels for port in artifact.outputs)):
        if "/" in name or "\\" in name or name in (".", ".."):
            raise InputError("The manifest names a file that is elsewhere.", where=name[:60])
    described = manifest.preprocess
    if described is not None and artifact.preprocess is not None:
        described = {**described, **artifact.preprocess}
    picture = None
    if described is not None and len(artifact.inputs) == 1:
        picture = _picture(described, artifact.inputs[0])
    name = str(manifest.model.get("name", ""))
    about = manifest.about
    words = [f"The network {name}" if name else "", about.version and f"version {about.version}"]
    return FileView(
        artifact.file,
        artifact.sha256,
        ", ".join(filter(None, words)) + (f": {about.description}" if about.description else ""),
        tuple(_port(port) for port in artifact.inputs),
        tuple(_port(port) for port in artifact.outputs),
        picture,
    )


def _port(port: Port) -> PortView:
    shape = tuple(max(extent, 1) for extent in port.shape)
    bytes_of = bool(port.colors)
    real = port.scale is not None and port.dtype in _INTEGERS and not bytes_of
    if real and not (math.isfinite(port.scale or 0) and (port.scale or 0) > 0):
        raise InputError(f"The manifest gives {port.name[:60]!r} the scale {port.scale}.")
    list_of = len([extent for extent in shape if extent > 1]) == 1
    scored = bool(port.labels or port.scores) and list_of
    return PortView(
        port.name,
        shape,
        port.dtype,
        "bytes" if bytes_of else _kind(port, real),
        float(np.float32(port.scale)) if real else None,
        (port.zero_point or 0) if real else 0,
        port.description,
        port.labels if scored else "",
        math.prod(shape) if scored else 0,
        port.scores == "logits",
    )


def _kind(port: Port, real: bool) -> Kind:
    if real or port.dtype in _REALS:
        return "real"
    if port.dtype in _INTEGERS:
        return "integer"
    known: dict[str, Kind] = {
        "bool": "truth",
        "image": "image",
        "string": "text",
        "dictionary": "dictionary",
    }
    return known.get(port.dtype, "unknown")


def _picture(described: Mapping[str, Any], port: Port) -> PictureView | None:
    """Return how a port is made of one picture; None where it takes something else."""
    order = str(described.get("color_order", "")).upper()
    image = port.dtype == "image"
    colors = port.layout if image else port.colors or order
    letters = "NCHW" if image else port.layout
    if colors not in _COLORS or sorted(letters) != sorted("NCHW") or len(port.shape) != 4:
        return None
    extents = dict(zip(letters, port.shape, strict=True))
    channels = _COLORS[colors]
    if extents["C"] != channels or extents["N"] > 1 or min(extents["H"], extents["W"]) < 1:
        return None
    normalised = not (image or port.colors)
    mean, std = (
        _numbers(described, name, channels) if normalised else () for name in ("mean", "std")
    )
    [crop] = _numbers({"crop": [described.get("crop")]}, "crop", 1)
    if not 0 < crop <= 1 or not all(value > 0 for value in std):
        raise InputError("The manifest's entry preprocess makes no sense.", where=str(described))
    return PictureView(
        extents["H"],
        extents["W"],
        channels,
        crop,
        colors == "BGR",
        letters.index("C") < letters.index("W"),
        mean,
        std,
    )


def _numbers(described: Mapping[str, Any], name: str, count: int) -> tuple[float, ...]:
    values = described.get(name)
    good = isinstance(values, Sequence) and len(values) == count
    if not good or not all(isinstance(each, int | float) for each in values or ()):
        raise InputError(f"The manifest's entry preprocess has no {name}.", where=str(described))
    numbers = tuple(float(each) for each in values or ())
    if not all(math.isfinite(each) for each in numbers):
        raise InputError(f"The manifest's entry preprocess has no {name}.", where=str(described))
    return numbers
