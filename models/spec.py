"""What the catalog knows about one model, without building it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        input_size: Channels, height and width of the published input.
        mean: Per channel, subtracted from an image on the 0..1 scale.
        std: Per channel, divides the image after the mean is subtracted.
        mult_adds: Published multiply-accumulates of one image (146e6, not 146).
        params: Published number of parameters.
        top1_error: Published single-crop ImageNet top-1 error in percent.
        published_speed: Speed that the ShuffleNet V2 paper measured, by platform. "gpu": batches
            of 8 per second on a GTX 1080 Ti (cuDNN 7.0); "arm": images per second on one thread
            of a Snapdragon 810. Empty where there is none.
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
    mult_adds: float | None = None
    params: float | None = None
    top1_error: float | None = None
    published_speed: Mapping[str, float] = field(default_factory=dict)
