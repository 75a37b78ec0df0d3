"""What an architecture is here: how to build a small one, and what it is fed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Architecture:
    """A small network with the structure of a published one.

    Attributes:
        build: Makes it, with random weights.
        shapes: Of its inputs, batch first.
        words: How many different numbers an integer input takes; 0 for a float input.
        only_float: Why files that round are refused by design; "" where they are not.
    """

    build: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...] = ((1, 3, 32, 32),)
    words: int = 0
    only_float: str = ""

    @property
    def takes_pictures(self) -> bool:
        """Whether it is calibrated on the pictures that come with us."""
        return not self.words and len(self.shapes[0]) == 4 and self.shapes[0][1] == 3

    def network(self) -> nn.Module:
        """Return the network with seeded weights and statistics, in eval mode."""
        torch.manual_seed(0)
        network = self.build().eval()
        generator = torch.Generator().manual_seed(1)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.7, 1.3, generator=generator)
        return network

    def examples(self) -> list[Tensor]:
        """One tensor for each input, in its type."""
        return [torch.from_numpy(array) for array in self.sample(0)]

    def sample(self, seed: int) -> list[np.ndarray]:
        """One array for each input: smooth noise, as signals are, or numbers of words."""
        rng = np.random.default_rng(seed)
        if self.words:
            return [rng.integers(0, self.words, shape) for shape in self.shapes]
        return [_smooth(rng, shape) for shape in self.shapes]


def _smooth(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    noise = rng.standard_normal(shape)
    noise = (noise + np.roll(noise, 1, -1) + np.roll(noise, 2, -1)) / 3**0.5
    return noise.astype(np.float32)
