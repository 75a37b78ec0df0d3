"""The Xception-like network that the ShuffleNet V2 paper (arXiv 1807.11164, Table 8) compares.

That paper takes it from Light-Head R-CNN (arXiv 1711.07264): a residual bottleneck whose every
convolution is a separable one, in stages of 4, 8 and 4 units. The papers determine the stages, the
stride of each, the four counts of mult-adds and the 7x7 receptive field of a unit, which takes
three 3x3 depthwise convolutions. They do not determine the following, chosen here so that all four
counts are met to the last printed digit: the channels, and a 1x1 convolution as the shortcut where
a unit changes the shape. Nothing stands between a depthwise convolution and its 1x1, as in
Xception (arXiv 1610.02357).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from _edgeship.models.networks.blocks import check_width, conv_bn_act

# Output channels by width:
#       conv1  stage2  stage3  stage4
CHANNELS = {
    0.5: (8, 64, 128, 256),
    1.0: (24, 128, 256, 512),
    1.5: (24, 192, 384, 768),
    2.0: (24, 256, 512, 1024),
}

# Units of stage2, stage3 and stage4: one of stride 2, the others of stride 1.
REPEATS = (1 + 3, 1 + 7, 1 + 3)

# A unit's first two convolutions have this fraction of its output channels.
BOTTLENECK = 4


class XceptionUnit(nn.Module):
    """Three separable convolutions beside a shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Of the first depthwise convolution and of the shortcut.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        hidden = out_channels // BOTTLENECK
        self.residual = nn.Sequential(
            *_separable(in_channels, hidden, stride, activation=nn.ReLU),
            *_separable(hidden, hidden, 1, activation=nn.ReLU),
            *_separable(hidden, out_channels, 1, activation=None),
        )
        self.projection: nn.Sequential | None = None
        if stride > 1 or in_channels != out_channels:
            self.projection = nn.Sequential(
                *conv_bn_act(in_channels, out_channels, 1, stride=stride, activation=None)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H/stride), ceil(W/stride))."""
        shortcut = x if self.projection is None else self.projection(x)
        return functional.relu(shortcut + self.residual(x))


class XceptionLike(nn.Module):
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
        check_width("The Xception-like network", width, CHANNELS)
        channels, *stages = CHANNELS[width]
        self.conv1 = nn.Sequential(*conv_bn_act(in_channels, channels, 3, stride=2))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        units = []
        for out_channels, repeats in zip(stages, REPEATS, strict=True):
            units.append(XceptionUnit(channels, out_channels, 2))
            units.extend(XceptionUnit(out_channels, out_channels, 1) for _ in range(repeats - 1))
            channels = out_channels
        self.units = nn.Sequential(*units)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        x = self.units(self.maxpool(self.conv1(x)))
        scores: Tensor = self.fc(x.mean([2, 3]))
        return scores


def _separable(
    in_channels: int, out_channels: int, stride: int, activation: type[nn.Module] | None
) -> list[nn.Module]:
    """Return a depthwise 3x3 and a 1x1 with batch norm and, unless None, an activation."""
    depthwise = nn.Conv2d(
        in_channels, in_channels, 3, stride, padding=1, groups=in_channels, bias=False
    )
    return [depthwise, *conv_bn_act(in_channels, out_channels, 1, activation=activation)]
