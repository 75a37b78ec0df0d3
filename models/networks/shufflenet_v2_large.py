"""The large networks of the ShuffleNet V2 paper (arXiv 1807.11164): Table 6 and its appendix.

The appendix gives one number of channels per stage, for all three convolutions of a unit. It is
read as the unit's output, of which each convolution has half: that gives the published
mult-adds of both networks. The first stage keeps the resolution that the max pooling left.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from _edgeship.models.networks.blocks import SqueezeExcite, channel_shuffle, conv_bn_act
from _edgeship.models.networks.shufflenet_v2 import BasicUnit, DownsamplingUnit, convolved_branch

# Output channels and units of the four stages.
STAGES_50 = ((244, 3), (488, 4), (976, 6), (1952, 3))
STAGES_164 = ((340, 10), (680, 10), (1360, 23), (2720, 10))

_LAST = 2048


class ResidualUnit(nn.Module):
    """The basic unit with squeeze-excite and a shortcut around the convolved half.

    Args:
        channels: Channels of input and output; even.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = _linear_branch(half)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H, W)."""
        passed, convolved = x.chunk(2, 1)
        convolved = self.relu(self.branch2(convolved) + convolved)
        return channel_shuffle(torch.cat((passed, convolved), 1), 2)


class ShuffleNetV2Large(nn.Module):
    """ShuffleNet v2-50, or SE-ShuffleNet v2-164.

    The appendix's table does not say how wide squeeze-excite is. It is as wide as the convolved
    branch and comes before the sum here, as in the code of the deep network that the authors
    published later. That gives 12.6 G mult-adds, 0.8 % under the published 12.7 G.

    Args:
        num_classes: Number of scores.
        in_channels: Channels of the input.
        deep: 164 layers with squeeze-excite and shortcuts, in place of 50 without.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, *, deep: bool = False
    ) -> None:
        super().__init__()
        stem = (in_channels, 64, 64, 128) if deep else (in_channels, 64)
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise(stem)):
            layers.extend(conv_bn_act(before, after, 3, stride=1 if number else 2))
        self.conv1 = nn.Sequential(*layers)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.stages = nn.Sequential()
        channels = stem[-1]
        for number, (after, repeats) in enumerate(STAGES_164 if deep else STAGES_50):
            stride = 2 if number else 1
            self.stages.append(_stage(channels, after, repeats, stride=stride, deep=deep))
            channels = after
        self.conv6 = nn.Sequential(*conv_bn_act(channels, _LAST, 1))
        self.fc = nn.Linear(_LAST, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        x = self.stages(self.maxpool(self.conv1(x)))
        scores: Tensor = self.fc(self.conv6(x).mean([2, 3]))
        return scores


def _stage(
    in_channels: int, out_channels: int, repeats: int, *, stride: int, deep: bool
) -> nn.Sequential:
    """Return a unit that changes the channels and `repeats - 1` that keep them."""
    first = DownsamplingUnit(in_channels, out_channels, stride=stride)
    if deep:
        half = out_channels // 2
        first.branch2.append(SqueezeExcite(half, half))
    unit = ResidualUnit if deep else BasicUnit
    return nn.Sequential(first, *(unit(out_channels) for _ in range(repeats - 1)))


def _linear_branch(channels: int) -> nn.Sequential:
    """Return the convolved branch with squeeze-excite in place of its last activation."""
    *layers, _ = convolved_branch(channels, channels, stride=1)
    return nn.Sequential(*layers, SqueezeExcite(channels, channels))
