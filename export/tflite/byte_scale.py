"""The numbers by which a file normalises the bytes of pictures itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess


@dataclass(frozen=True)
class ByteScale:
    """How bytes become a network's input, in two steps.

    The first is the same for all channels, and is what a scale and a zero point of a uint8 tensor
    say: ``centred = (byte - zero_point) * scale``. The second is
    ``normalised = (centred - offset) * factor``, of which the factor, at least, goes into weights.
    ``zero_point`` is the grey nearest to the mean of all channels and ``scale`` is near to
    ``1 / (255 std)``, so that no large numbers cancel and no small ones are lost in float16.

    Attributes:
        scale: Of the uint8 tensor.
        zero_point: Likewise, 0 to 255.
        offset: Of each channel, in the order of the picture: red first.
        factor: Of each channel, likewise.
        bgr: Whether the network reads blue first; the picture has red first all the same.
    """

    scale: float
    zero_point: int
    offset: tuple[float, ...]
    factor: tuple[float, ...]
    bgr: bool

    @property
    def whole(self) -> bool:
        """Whether the first step is all there is, so that the graph stays as it is."""
        return not self.bgr and not any(self.offset) and all(one == 1 for one in self.factor)

    @property
    def shifted(self) -> bool:
        """Whether the second step subtracts anything."""
        return any(self.offset)

    def centred(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the first step makes of bytes; array of the same shape."""
        difference = pixels.astype(np.float64) - self.zero_point
        result: NDArray[np.float32] = (difference * self.scale).astype(np.float32)
        return result


def byte_scale(preprocess: Preprocess) -> ByteScale:
    """Return the numbers for a network whose pictures are preprocessed like this."""
    mean, std = np.array(preprocess.mean), np.array(preprocess.std)
    if preprocess.bgr:
        mean, std = mean[::-1], std[::-1]
    # Decimals such as 124 / 255 are not whole to the last bit.
    means = np.round(255 * mean, 9)
    zero_point = int(np.clip(np.rint(means.mean()), 0, 255))
    alike = bool((std == std[0]).all())
    typical = std[0] if alike else np.exp(np.log(std).mean())
    scale = float(1 / (255 * typical))
    factor = np.ones_like(std) if alike else typical / std
    offset = (means - zero_point) * scale
    return ByteScale(
        scale, zero_point, tuple(offset.tolist()), tuple(factor.tolist()), preprocess.bgr
    )


def pixels_of(values: NDArray[Any], preprocess: Preprocess, axis: int) -> NDArray[np.uint8]:
    """Return the bytes of the picture that a network's input was made from, red first.

    What comes from no picture becomes the nearest one.

    Args:
        values: Float array whose axis ``axis`` holds the channels in the network's order.
        preprocess: What the picture went through.
        axis: Its channels.

    Returns:
        Array of the same shape.
    """
    mean, std = (_along(numbers, values.ndim, axis) for numbers in _numbers(preprocess))
    pixels = np.clip(np.rint((values.astype(np.float64) * std + mean) * 255), 0, 255)
    result: NDArray[np.uint8] = pixels.astype(np.uint8)
    return np.flip(result, axis) if preprocess.bgr else result


def normalized(pixels: NDArray[np.uint8], preprocess: Preprocess, axis: int) -> NDArray[np.float32]:
    """Return a network's input made from the bytes of a picture, red first; the same shape."""
    mean, std = (_along(numbers, pixels.ndim, axis) for numbers in _numbers(preprocess))
    ordered = np.flip(pixels, axis) if preprocess.bgr else pixels
    result: NDArray[np.float32] = ((ordered / 255 - mean) / std).astype(np.float32)
    return np.ascontiguousarray(result)


def fitting(preprocess: Preprocess, channels: int) -> Preprocess:
    """Return what pictures of so many channels go through: ImageNet's where this is for others."""
    return preprocess if len(preprocess.mean) == channels else default_preprocess(channels)


def _numbers(preprocess: Preprocess) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array(preprocess.mean), np.array(preprocess.std)


def _along(numbers: NDArray[np.float64], rank: int, axis: int) -> NDArray[np.float64]:
    shape = [1] * rank
    shape[axis] = -1
    return numbers.reshape(shape)
