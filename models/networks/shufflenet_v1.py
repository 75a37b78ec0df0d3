"""ShuffleNet V1: Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network".

arXiv 1707.01083, Table 1 and Figure 2 (b) and (c), and its 50-layer version from the appendix of
the ShuffleNet V2 paper (arXiv 1807.11164).

Its video version is that of Köpüklü et al., "Resource Efficient 3D Convolutional Neural Networks"
(arXiv 1904.02422): every kernel and stride gets a third axis, the frames, and conv1 keeps them all.
Its authors' code differs in three details. Here, g=1 ends with Table 1's 576 channels (there 567);
conv1 has the channels of the 2-D network (there 24 times the width); and the shortcuts average over
3 frames with zeros around, as over height and width (there over 2 frames, without zeros, which
needs a multiple of 16 frames).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from _edgeship.errors import InputError
from _edgeship.models.networks.blocks import (
    channel_shuffle,
    check_width,
    conv_bn_act,
    global_mean,
    make_divisible,
    spatial_layers,
    stem_stride,
)

# Table 1, output channels at width 1, by the number of groups:
#   stage2  stage3  stage4
STAGES = {
    1: (144, 288, 576),
    2: (200, 400, 800),
    3: (240, 480, 960),
    4: (272, 544, 1088),
    8: (384, 768, 1536),
}
REPEATS = (4, 8, 4)

# Channels of conv1 by width. The paper scales "the number of channels" without saying whether
# those 24 are meant: these are the counts that give its mult-adds (Tables 2 and 5).
CONV1 = {0.25: 12, 0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48}
# 12 does not work with 8 groups: stage 2 adds 96 - 12 or 192 - 12 channels in 8 groups.
CONV1_8_GROUPS = {**CONV1, 0.25: 8, 0.5: 16}

# The network of 50 layers: conv1, then the output channels and units of each stage.
DEEP_CONV1 = 64
DEEP_STAGES = (360, 720, 1440, 2880)
DEEP_REPEATS = (3, 4, 6, 3)
DEEP_GROUPS = 3


class Unit(nn.Module):
    """Figure 2 (b), or (c) where the channels grow: then the shortcut is concatenated.

    Where the channels that the shortcut leaves to the convolutions do not divide into the groups,
    there is no shortcut (the first unit of the 50-layer network).

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; those beyond the input's are convolved.
        groups: Groups of the pointwise convolutions.
        stride: Of the depthwise convolution; at 2 the shortcut is averaged.
        bottleneck: Channels of the depthwise convolution; a multiple of `groups`.
        first_groups: Groups of the first pointwise convolution.
        dims: Number of spatial axes, 2 or 3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        groups: int,
        stride: int,
        bottleneck: int,
        first_groups: int,
        dims: int = 2,
    ) -> None:
        super().__init__()
        self.groups = groups
        grown = out_channels - in_channels
        self.adds = grown == 0
        self.concatenates = grown > 0 and grown % groups == 0
        convolved = grown if self.concatenates else out_channels
        self.compress = nn.Sequential(
            *conv_bn_act(in_channels, bottleneck, 1, groups=first_groups, dims=dims)
        )
        self.expand = nn.Sequential(
            *conv_bn_act(
                bottleneck,
                bottleneck,
                3,
                stride=stride,
                groups=bottleneck,
                activation=None,
                dims=dims,
            ),
            *conv_bn_act(bottleneck, convolved, 1, groups=groups, activation=None, dims=dims),
        )
        self.shortcut = _averaged(dims) if stride == 2 else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, ...) to (N, out_channels, ...), each side ceil(side / stride)."""
        y = self.compress(x)
        if self.groups > 1:
            y = channel_shuffle(y, self.groups)
        y = self.expand(y)
        if self.adds:
            y = y + self.shortcut(x)
        elif self.concatenates:
            y = torch.cat((self.shortcut(x), y), 1)
        output: Tensor = self.relu(y)
        return output


class ShuffleNetV1(nn.Module):
    """The classification network of Table 1.

    The bottleneck has a quarter of a unit's output channels, rounded to a multiple of the groups,
    which the quarters of the narrow widths are not at g=2 and g=4.

    Args:
        groups: 1, 2, 3, 4 or 8.
        width: 0.25, 0.5, 1.0, 1.5 or 2.0.
        num_classes: Number of scores.
        in_channels: Channels of the input.
        dims: Number of spatial axes: 2 for images, 3 for videos.

    Raises:
        InputError: There is no such number of groups, width or `dims`.
    """

    def __init__(
        self,
        groups: int = 3,
        width: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        dims: int = 2,
    ) -> None:
        super().__init__()
        conv1, stage2, stage3, stage4 = _channels(groups, width)
        self.conv1 = nn.Sequential(
            *conv_bn_act(in_channels, conv1, 3, stride=stem_stride(dims), dims=dims)
        )
        self.maxpool = spatial_layers(dims).max_pool(kernel_size=3, stride=2, padding=1)
        self.stage2 = _stage(conv1, stage2, REPEATS[0], groups, ratio=4, ungrouped=True, dims=dims)
        self.stage3 = _stage(stage2, stage3, REPEATS[1], groups, ratio=4, dims=dims)
        self.stage4 = _stage(stage3, stage4, REPEATS[2], groups, ratio=4, dims=dims)
        self.fc = nn.Linear(stage4, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W), or T, H, W for videos, to scores (N, num_classes)."""
        x = self.maxpool(self.conv1(x))
        x = self.stage4(self.stage3(self.stage2(x)))
        scores: Tensor = self.fc(global_mean(x))
        return scores


class ShuffleNetV1Deep(nn.Module):
    """ShuffleNet v1-50, the network of 2.3 G mult-adds that the V2 paper compares with.

    Its appendix gives conv1, the units and one number of channels per stage, for all three
    convolutions of a unit (360, 720, 1440, 2880), and 3 groups. That number cannot be the
    bottleneck's and the output's at once: the network would have 4.5 G mult-adds, and with V1's
    bottleneck of a quarter 1.2 G. It is read as the output here, and the bottleneck is half of
    it, which gives the published 2.3 G. The first stage keeps the resolution. Its first unit has
    no shortcut: 360 - 64 channels would not divide into 3 groups.

    Args:
        num_classes: Number of scores.
        in_channels: Channels of the input.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(*conv_bn_act(in_channels, DEEP_CONV1, 3, stride=2))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        stages, before = nn.Sequential(), DEEP_CONV1
        for after, repeats in zip(DEEP_STAGES, DEEP_REPEATS, strict=True):
            first = before == DEEP_CONV1
            stages.append(
                _stage(
                    before,
                    after,
                    repeats,
                    DEEP_GROUPS,
                    ratio=2,
                    ungrouped=first,
                    stride=1 if first else 2,
                )
            )
            before = after
        self.stages = stages
        self.fc = nn.Linear(before, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        x = self.stages(self.maxpool(self.conv1(x)))
        scores: Tensor = self.fc(global_mean(x))
        return scores


def _averaged(dims: int) -> nn.Module:
    """Return the average pooling of a shortcut: 3 wide, stride 2, zeros around the input."""
    if dims == 2:
        return nn.AvgPool2d(3, 2, 1)
    # torch's own padding does not help: an input narrower than the window is refused all the same,
    # and of 16 frames 2 are left in front of stage4.
    return nn.Sequential(nn.ZeroPad3d(1), nn.AvgPool3d(3, 2))


def _stage(
    in_channels: int,
    out_channels: int,
    repeats: int,
    groups: int,
    *,
    ratio: int,
    ungrouped: bool = False,
    stride: int = 2,
    dims: int = 2,
) -> nn.Sequential:
    """Return a unit that changes the channels and `repeats - 1` that keep them.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        repeats: Number of units.
        groups: Groups of the pointwise convolutions.
        ratio: Ratio of a unit's output channels to its bottleneck's.
        ungrouped: Whether the first pointwise convolution of all has one group, because it has
            few input channels.
        stride: Of the first unit.
        dims: Number of spatial axes, 2 or 3.
    """

    def units() -> Iterator[Unit]:
        for unit in range(repeats):
            yield Unit(
                out_channels if unit else in_channels,
                out_channels,
                groups=groups,
                stride=1 if unit else stride,
                bottleneck=make_divisible(out_channels / ratio, groups),
                first_groups=1 if ungrouped and not unit else groups,
                dims=dims,
            )

    return nn.Sequential(*units())


def _channels(groups: int, width: float) -> tuple[int, ...]:
    """Return the output channels of conv1 and of the stages."""
    if not isinstance(groups, int) or isinstance(groups, bool) or groups not in STAGES:
        raise InputError(
            f"ShuffleNet V1 has no version with {groups!r} groups.",
            todo=f"Use one of {', '.join(map(str, STAGES))}.",
        )
    check_width("ShuffleNet V1", width, CONV1)
    conv1 = CONV1_8_GROUPS if groups == 8 else CONV1
    return (conv1[width], *(int(channels * width) for channels in STAGES[groups]))
