"""What the catalog knows about one model, without building it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class ModelSpec:
    """One model that can be created by name.

    Attributes:
        name: What the user types.
        family: The architecture, without its size.
        paper: Title and arXiv number of the paper that the figures below come from.
        year: Year of that paper.
        factory: Where the class lives, as "module:attribute".
        arguments: Keyword arguments of the factory that make this entry.
        alias_of: The entry this one is a second name for, or None.
        input_size: Published input without the batch: channels, then height and width, or
            frames, height and width of a video.
        mean: Per channel, subtracted from an image on the 0..1 scale.
        std: Per channel, divides the image after the mean is subtracted.
        crop: Fraction of the resized image's shorter side that the centre crop keeps in the
            published evaluation; 0.875 is 224 of 256 pixels.
        mult_adds: Published multiply-accumulates of one image (146e6, not 146).
        mult_adds_digit: Size of one unit in the last published digit: 1e6 for "146 M", 1e8 for
            "2.3 G".
        params: Published number of parameters.
        params_digit: The same for the parameters: 1e5 for "2.3 M".
        top1_error: Published single-crop ImageNet top-1 error in percent.
        published_speed: Speed that the ShuffleNet V2 paper measured, by platform. "gpu": batches
            of 8 per second on a GTX 1080 Ti (cuDNN 7.0); "arm": images per second on one thread
            of a Snapdragon 810. Empty where there is none.
        note: Why a counted figure misses the published one (`models.figures` has the rule), or why
            no figure is given; "" where there is nothing to explain.
        guidelines: How the design relates to guidelines G1 to G4 of the ShuffleNet V2 paper: what
            that paper says, or what the layers show. One text for each, beginning with "G1: ".
    """

    name: str
    family: str
    paper: str
    year: int
    factory: str
    arguments: Mapping[str, Any]
    alias_of: str | None = None
    input_size: tuple[int, ...] = (3, 224, 224)
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    crop: float = 0.875
    mult_adds: float | None = None
    mult_adds_digit: float = 1e6
    params: float | None = None
    params_digit: float = 1e5
    top1_error: float | None = None
    published_speed: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    guidelines: tuple[str, ...] = ()


def alias(name: str, of: ModelSpec) -> ModelSpec:
    """Return an entry with a second name for another one; everything else is the same."""
    return replace(of, name=name, alias_of=of.name)


def printed(mult_adds: str | None = None, params: str | None = None) -> dict[str, Any]:
    """Return the fields of `ModelSpec` for figures as a paper prints them, such as "0.40 G".

    Args:
        mult_adds: A number, a space and the unit, M (1e6) or G (1e9); None where there is none.
        params: The same for the parameters.
    """
    fields: dict[str, Any] = {}
    for key, text in (("mult_adds", mult_adds), ("params", params)):
        if text is not None:
            number, _, unit = text.partition(" ")
            scale = {"M": 10**6, "G": 10**9}[unit]
            decimals = len(number.partition(".")[2])
            fields[key] = float(round(float(number) * scale))
            fields[f"{key}_digit"] = scale / 10**decimals
    return fields


def speeds(gpu: float | None, arm: float | None) -> dict[str, float]:
    """Return `ModelSpec.published_speed`; a speed that is None was not measured and is left out."""
    return {key: value for key, value in (("gpu", gpu), ("arm", arm)) if value is not None}
