"""What moving channels costs, and what the convolutions around it cost: instructions on arm64.

All figures were counted with device_bench's virtual device (`benchmarks/instructions.py --ops`) in
LiteRT 2.3.0's XNNPACK for a Cortex-A76: 1x1 convolutions of 16 to 232 inputs and 7 to 128 outputs
on 7 x 7 to 28 x 28, and slices and concatenations of 1 to 1024 bytes for each place. The fits are
within 10 % of the counts from 16 outputs on. Caches and memory do not show in them.

A convolution is computed in tiles: so many outputs at once, whether it has them or not. That is why
one of 58 outputs can become two of 29 for nothing, where a tile has 16, and why one of 116 cannot,
where a tile has 8 and 120 would turn into 128. On a phone without the newest instructions and on
x86 tiles have 8 or 16 outputs as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kernels:
    """What XNNPACK computes a type with.

    Attributes:
        size: Bytes of an element.
        tile: Outputs that are computed at once.
        once: Instructions for each row of a tile.
        each: Instructions for each row of a tile and each input.
    """

    size: int
    tile: int
    once: float
    each: float


FLOAT32 = Kernels(4, 8, 13.5, 2.54)
FLOAT16 = Kernels(2, 16, 12.0, 2.75)
INT8 = Kernels(1, 16, 42.0, 1.22)

#: Instructions of a convolution, a slice or a concatenation, beside those for each of its places;
#: and further ones for each operator that XNNPACK leaves, since it goes on in another partition.
_CONVOLUTION, _MOVE, _APART = 2500.0, 1500.0, 3000.0

#: For each place: instructions of a slice, of each input of a concatenation, and of each input of
#: one that XNNPACK leaves to LiteRT's own kernel; and for each byte of all three.
_SLICE, _JOINT, _OWN_JOINT, _BYTE = 35.0, 30.0, 42.0, 0.11

#: As many inputs of a CONCATENATION does XNNPACK take.
MOST_JOINED = 5


def convolution(kernels: Kernels, places: int, inputs: int, outputs: int) -> float:
    """Return the instructions of a convolution.

    Args:
        kernels: The kernels of its type.
        places: Elements of its output, for each channel.
        inputs: Elements that an output element is computed from.
        outputs: Its output channels.
    """
    tiles = -(-outputs // kernels.tile)
    return _CONVOLUTION + places * tiles * (kernels.once + kernels.each * inputs)


def cut(kernels: Kernels, places: int, channels: int) -> float:
    """Return the instructions of a SLICE of so many channels out of more, at each place."""
    return _MOVE + places * (_SLICE + _BYTE * kernels.size * channels)


def copied(kernels: Kernels, places: int, channels: int) -> float:
    """Return the instructions of so many channels more in a SLICE or a CONCATENATION."""
    return places * _BYTE * kernels.size * channels


def joint(kernels: Kernels, places: int, channels: Sequence[int]) -> float:
    """Return the instructions of a CONCATENATION of so many channels each, at each place."""
    taken = len(channels) <= MOST_JOINED
    once, each = (_MOVE, _JOINT) if taken else (_MOVE + _APART, _OWN_JOINT)
    return once + places * sum(each + _BYTE * kernels.size * width for width in channels)
