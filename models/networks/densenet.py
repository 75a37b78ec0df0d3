"""The DenseNet-like network that the ShuffleNet V2 paper (arXiv 1807.11164, Table 8) compares.

That paper puts the blocks of DenseNet (arXiv 1608.06993) into the stages of its own Table 5 and
adjusts the channels to four counts of mult-adds. It determines the stages, their 4, 8 and 4
repetitions, the 1024 channels of conv5 and the counts. It does not determine the following, chosen
here to meet the counts within 1 %: DenseNet-BC's bottleneck of 4 times the growth, its halving of
the channels between stages, a growth of 20 times the width, and twice the growth for conv1 (except
at width 1.5).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from _edgeship.models.networks.blocks import check_width, conv_bn_act

# Channels by width:
#       conv1  growth
CHANNELS = {
    0.5: (20, 10),
    1.0: (40, 20),
    1.5: (56, 30),
    2.0: (80, 40),
}

# Layers of stage2, stage3 and stage4.
REPEATS = (4, 8, 4)

CONV5_CHANNELS = 1024

# Channels of a layer's 1x1, as a multiple of the growth.
BOTTLENECK = 4


class DenseLayer(nn.Module):
    """A 1x1 and a 3x3 convolution whose output is appended to their input.

    Args:
        in_channels: Channels of the input.
        growth: Channels that are appended.
    """

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            *conv_bn_act(in_channels, BOTTLENECK * growth, 1),
            nn.Conv2d(BOTTLENECK * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, in_channels + growth, H, W)."""
        return torch.cat((x, self.convolutions(x)), 1)


class DenseNetLike(nn.Module):
    """The classification network.

    Args:
        width: 0.5, 1.0, 1.5 or 2.0, the paper's names for the four sizes.
        num_classes: Number of scores.
        in_channels: Channels of the input.

    Raises:
        InputError: The paper has no such width.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_width("The DenseNet-like network", width, CHANNELS)
        channels, growth = CHANNELS[width]
        self.conv1 = nn.Sequential(*conv_bn_act(in_channels, channels, 3, stride=2))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        stages: list[nn.Module] = []
        for stage, repeats in enumerate(REPEATS):
            if stage:
                stages += _halving(channels)
                channels //= 2
            stages.append(nn.AvgPool2d(2))
            for _ in range(repeats):
                stages.append(DenseLayer(channels, growth))
                channels += growth
        self.stages = nn.Sequential(*stages)
        self.conv5 = nn.Sequential(
            nn.BatchNorm2d(channels), nn.ReLU(), *conv_bn_act(channels, CONV5_CHANNELS, 1)
        )
        self.fc = nn.Linear(CONV5_CHANNELS, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W), H and W at least 29, to scores (N, num_classes)."""
        x = self.conv5(self.stages(self.maxpool(self.conv1(x))))
        scores: Tensor = self.fc(x.mean([2, 3]))
        return scores


def _halving(channels: int) -> list[nn.Module]:
    """Return the convolution of DenseNet-BC's transition, which the pooling follows."""
    return [
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels // 2, 1, bias=False),
    ]
