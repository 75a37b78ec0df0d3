"""Random shifts and mirroring, so that the network hardly sees the same picture twice."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Pictures are shifted by up to an eighth of the side: 4 pixels of 32, as is usual for CIFAR-10.
_SHIFT = 8


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each picture by a random number of pixels and mirror it with probability 1/2.

    Args:
        images: (N, C, H, W), of any dtype. What a shift uncovers is filled by reflection.
        generator: Source of the random numbers, on the CPU.

    Returns:
        Pictures of the same shape and dtype.
    """
    n, _, height, width = images.shape
    up, left = height // _SHIFT, width // _SHIFT
    # Padding by reflection is not implemented for integers.
    padded = functional.pad(images.float(), (left, left, up, up), mode="reflect").to(images.dtype)
    rows = _starts(n, up, generator) + torch.arange(height)
    columns = _starts(n, left, generator) + torch.arange(width)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    which = torch.arange(n)[:, None, None]
    # Indices around a slice put the channels last.
    picked = padded[which, :, rows[:, :, None], columns[:, None, :]]
    return picked.permute(0, 3, 1, 2)


def _starts(n: int, shift: int, generator: torch.Generator) -> Tensor:
    """Return n offsets from 0 to twice the shift, as a column."""
    return torch.randint(0, 2 * shift + 1, (n, 1), generator=generator)
