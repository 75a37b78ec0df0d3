"""What the metadata of a file says: the network, its inputs and its outputs, as `pack` takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: The oldest version of the schema that has all fields written here.
MIN_PARSER_VERSION = "1.0.0"

#: What files with the names of classes are for, to whoever looks into a file.
_LABELS = "The name of each class, one a line, in their order."

#: Letters of axes -> their names.
_AXES = {"N": "batch", "C": "channels", "D": "frames", "H": "height", "W": "width"}

#: The largest value of a pixel.
_WHITE = 255.0


@dataclass(frozen=True)
class Picture:
    """How the pixels of a picture, 0 to 255, become an input: ``(pixel - mean) / std``.

    Attributes:
        mean: Of each channel, in the order of the input.
        std: Likewise.
        colors: What the channels are: RGB or GRAYSCALE; "" for an order that the schema has no word
            for, as BGR.
        size: Height and width; None for a clip.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    colors: str
    size: tuple[int, int] | None


@dataclass(frozen=True)
class Tensor:
    """An input or output.

    Attributes:
        name: As in the signature.
        description: What it holds, in a phrase.
        axes: A letter for each axis, such as NHWC; "" where they have no names.
        picture: How a picture becomes an input; None for anything else.
        labels: The file at the end that names the classes of an output; "" if there is none.
        holds_classes: Whether the output's values are numbers of classes, and not their scores.
        bounds: The smallest and the largest value, where these are known.
    """

    name: str
    description: str = ""
    axes: str = ""
    picture: Picture | None = None
    labels: str = ""
    holds_classes: bool = False
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class About:
    """What is said of the network as a whole; "" where it is not known."""

    name: str
    description: str = ""
    version: str = ""
    author: str = ""
    license: str = ""


@dataclass(frozen=True)
class Contents:
    """The whole of a file's metadata.

    Attributes:
        about: The network.
        inputs: In the order of the file's tensors.
        outputs: Likewise.
        files: Those at the end of the file: name -> content.
    """

    about: About
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    files: Mapping[str, bytes] = field(default_factory=dict)

    def table(self) -> dict[str, Any]:
        """Return the metadata as `packing.pack` takes them."""
        about = self.about
        return {
            "name": about.name,
            "description": about.description,
            "version": about.version,
            "subgraph_metadata": [
                {
                    "input_tensor_metadata": list(map(_tensor, self.inputs)),
                    "output_tensor_metadata": list(map(_tensor, self.outputs)),
                }
            ],
            "author": about.author,
            "license": about.license,
            "min_parser_version": MIN_PARSER_VERSION,
        }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    found: dict[str, Any] = {"name": tensor.name, "description": tensor.description}
    if tensor.axes:
        found["dimension_names"] = [_AXES[letter] for letter in tensor.axes]
    if tensor.picture is not None:
        found |= _picture(tensor.picture)
    else:
        found["content"] = {"content_properties_type": "FeatureProperties"}
        found["content"]["content_properties"] = {}
    if tensor.bounds is not None:
        low, high = tensor.bounds
        found["stats"] = {"max": [high], "min": [low]}
    if tensor.labels:
        kind = "TENSOR_VALUE_LABELS" if tensor.holds_classes else "TENSOR_AXIS_LABELS"
        found["associated_files"] = [{"name": tensor.labels, "description": _LABELS, "type": kind}]
    return found


def _picture(picture: Picture) -> dict[str, Any]:
    mean, std = _one_or_each(picture.mean), _one_or_each(picture.std)
    if len(mean) != len(std):
        mean, std = list(picture.mean), list(picture.std)
    high, low = (
        [(edge - one) / spread for one, spread in zip(mean, std, strict=True)]
        for edge in (_WHITE, 0.0)
    )
    found: dict[str, Any] = {
        "process_units": [
            {"options_type": "NormalizationOptions", "options": {"mean": mean, "std": std}}
        ],
        "stats": {"max": high, "min": low},
    }
    if picture.size is not None:
        height, width = picture.size
        properties: dict[str, Any] = {"default_size": {"width": width, "height": height}}
        if picture.colors:
            properties["color_space"] = picture.colors
        found["content"] = {
            "content_properties_type": "ImageProperties",
            "content_properties": properties,
        }
    return found


def _one_or_each(values: tuple[float, ...]) -> list[float]:
    """Return one value where all channels have the same, as readers expect it."""
    return list(values[:1] if len(set(values)) == 1 else values)
