"""What a network says itself of the pictures that it was trained on.

Networks of timm carry it as an attribute, a mapping ``pretrained_cfg``, and other libraries have
taken that over. The keys are timm's: ``input_size`` (channels, height, width), ``mean`` and ``std``
of each channel on the scale 0 to 1, and ``crop_pct``, the part of the resized shorter side that the
central crop keeps.

This is read in the process that the user's code runs in, and read again from what that process
answers. The file imports nothing of edgeship.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

#: The largest number of channels, and the largest extent of a picture, that is believed.
_MOST = 1 << 16


class Stated(TypedDict, total=False):
    """What is stated in a form that can be used, and nothing else.

    Attributes:
        input_size: Channels, height and width of a picture.
        mean: Of each channel, on the scale 0 to 1.
        std: Standard deviation of each channel, likewise; there if the mean is.
        crop_pct: Above 0 and up to 1.
    """

    input_size: list[int]
    mean: list[float]
    std: list[float]
    crop_pct: float


def stated_by(module: object) -> Stated:
    """Return what a module states; nothing if it has no such attribute."""
    return stated(getattr(module, "pretrained_cfg", None))


def stated(found: object) -> Stated:
    """Return what of a mapping can be used.

    Args:
        found: Whatever the attribute holds, or a process has answered.
    """
    kept: Stated = {}
    if not isinstance(found, Mapping):
        return kept
    size = _numbers(found.get("input_size"))
    if len(size) == 3 and all(number == int(number) and 0 < number < _MOST for number in size):
        kept["input_size"] = [int(number) for number in size]
    mean, std = _numbers(found.get("mean")), _numbers(found.get("std"))
    if mean and len(mean) == len(std) and min(std) > 0:
        kept["mean"], kept["std"] = mean, std
    [crop] = _numbers([found.get("crop_pct")]) or [0.0]
    if 0 < crop <= 1:
        kept["crop_pct"] = crop
    return kept


def _numbers(found: Any) -> list[float]:
    """Return finite numbers as floats; none if one of them is something else."""
    if not isinstance(found, Sequence) or isinstance(found, str | bytes) or len(found) > _MOST:
        return []
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in found):
        return []
    numbers = [float(number) for number in found if abs(number) < _MOST]
    return numbers if len(numbers) == len(found) and all(map(math.isfinite, numbers)) else []
