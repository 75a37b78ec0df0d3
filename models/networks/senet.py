"""SENet-154: Hu et al., "Squeeze-and-Excitation Networks", arXiv 1709.01507, appendix.

A ResNeXt-152 (64x4d) with squeeze-and-excitation, changed as the appendix says: the first 1x1 of
each unit has half the channels, three 3x3 convolutions replace the 7x7, and 3x3 convolutions of
stride 2 replace the 1x1 projections of stride 2. The max pool has no padding and rounds up, as in
the authors' Caffe network and its published conversions.
"""

from __future__ import annotations

from torch import Tensor, nn

from _edgeship.models.networks.blocks import conv_bn_act
from _edgeship.models.networks.resnet import Bottleneck

# A stage each: output channels, units, stride of the first unit.
STAGES = ((256, 3, 1), (512, 8, 2), (1024, 36, 2), (2048, 3, 2))

STEM = (64, 64, 128)
GROUPS = 64
DROPOUT = 0.2


class SENet154(nn.Module):
    """The classification network of the appendix.

    Args:
        num_classes: Number of scores.
        in_channels: Channels of the input.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        first, second, channels = STEM
        self.stem = nn.Sequential(
            *conv_bn_act(in_channels, first, 3, stride=2),
            *conv_bn_act(first, second, 3),
            *conv_bn_act(second, channels, 3),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
        )
        stages = []
        for out_channels, units, stride in STAGES:
            stages.append(_stage(channels, out_channels, units, stride))
            channels = out_channels
        self.stages = nn.Sequential(*stages)
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(channels, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.stages(self.stem(x)).mean([2, 3]))
        return scores


def _stage(in_channels: int, out_channels: int, units: int, stride: int) -> nn.Sequential:
    """Return one unit that changes the shape and `units - 1` that keep it."""
    first = _unit(in_channels, out_channels, stride)
    return nn.Sequential(first, *(_unit(out_channels, out_channels, 1) for _ in range(units - 1)))


def _unit(in_channels: int, out_channels: int, stride: int) -> Bottleneck:
    return Bottleneck(
        in_channels,
        out_channels // 2,
        out_channels,
        out_channels,
        stride=stride,
        groups=GROUPS,
        excited=True,
        projection_size=3 if stride > 1 else 1,
    )
