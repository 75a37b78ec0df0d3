"""ShuffleNet V2: Ma et al., "Practical Guidelines for Efficient CNN Architecture Design".

arXiv 1807.11164, Table 5 and Figure 3 (c) and (d). Modules are named as in torchvision, so its
published checkpoints load as they are. ShuffleNet v2*, the backbone of Table 7, begins each
convolved branch with one more depthwise convolution, for a larger receptive field.

Its video version is that of Köpüklü et al., "Resource Efficient 3D Convolutional Neural Networks"
(arXiv 1904.02422): every kernel and stride gets a third axis, the frames, and conv1 keeps them all.
At width 2.0, stage2 has the 244 channels of Table 5 and not the 224 of its authors' code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from _edgeship.models.networks.blocks import (
    channel_shuffle,
    check_width,
    conv_bn_act,
    global_mean,
    spatial_layers,
    stem_stride,
)

# Table 5, output channels by width; 0.25 is not the paper's but that of a published 3-D version.
#       conv1  stage2  stage3  stage4  conv5
CHANNELS = {
    0.25: (24, 32, 64, 128, 1024),
    0.5: (24, 48, 96, 192, 1024),
    1.0: (24, 116, 232, 464, 1024),
    1.5: (24, 176, 352, 704, 1024),
    2.0: (24, 244, 488, 976, 2048),
}

# Table 5, units of stage2, stage3 and stage4: one of stride 2, the others of stride 1.
REPEATS = (1 + 3, 1 + 7, 1 + 3)


class BasicUnit(nn.Module):
    """Figure 3 (c): one half of the channels passes through, the other is convolved.

    Args:
        channels: Channels of input and output; even.
        star: Begin the convolved branch with a depthwise convolution, as v2* does.
        dims: Number of spatial axes, 2 or 3.
    """

    def __init__(self, channels: int, *, star: bool = False, dims: int = 2) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = convolved_branch(half, half, stride=1, star=star, dims=dims)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, ...) to the same shape."""
        passed, convolved = x.chunk(2, 1)
        return channel_shuffle(torch.cat((passed, self.branch2(convolved)), 1), 2)


class DownsamplingUnit(nn.Module):
    """Figure 3 (d): both branches see every channel and halve the spatial axes.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output, half from each branch; even.
        stride: 1 keeps the spatial axes: the unit then only changes the channels.
        star: Begin the second branch with a depthwise convolution, as v2* does.
        dims: Number of spatial axes, 2 or 3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 2,
        star: bool = False,
        dims: int = 2,
    ) -> None:
        super().__init__()
        half = out_channels // 2
        self.branch1 = nn.Sequential(
            *conv_bn_act(
                in_channels,
                in_channels,
                3,
                stride=stride,
                groups=in_channels,
                activation=None,
                dims=dims,
            ),
            *conv_bn_act(in_channels, half, 1, dims=dims),
        )
        self.branch2 = convolved_branch(in_channels, half, stride=stride, star=star, dims=dims)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, ...) to (N, out_channels, ...), each side ceil(side / stride)."""
        return channel_shuffle(torch.cat((self.branch1(x), self.branch2(x)), 1), 2)


class ShuffleNetV2Features(nn.Module):
    """The convolutions of Table 5 up to stage 4, for a detector.

    Args:
        width: 0.25, 0.5, 1.0, 1.5 or 2.0.
        in_channels: Channels of the input.
        star: Make it ShuffleNet v2*.
        dims: Number of spatial axes: 2 for images, 3 for videos.

    Raises:
        InputError: There is no such width or `dims`.
    """

    def __init__(
        self, width: float = 1.0, in_channels: int = 3, *, star: bool = False, dims: int = 2
    ) -> None:
        super().__init__()
        conv1, stage2, stage3, stage4, _ = _channels(width)
        self.conv1 = nn.Sequential(
            *conv_bn_act(in_channels, conv1, 3, stride=stem_stride(dims), dims=dims)
        )
        self.maxpool = spatial_layers(dims).max_pool(kernel_size=3, stride=2, padding=1)
        self.stage2 = _stage(conv1, stage2, REPEATS[0], star=star, dims=dims)
        self.stage3 = _stage(stage2, stage3, REPEATS[1], star=star, dims=dims)
        self.stage4 = _stage(stage3, stage4, REPEATS[2], star=star, dims=dims)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map float32 (N, in_channels, H, W) to the maps of stride 4, 8, 16 and 32.

        They are the outputs of the max pooling and of the stages, as (N, C, H/stride, W/stride)
        with sides rounded up. Along the frames of a video the strides are half of these.
        """
        return self.feature_maps(x)

    def feature_maps(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return what `forward` of this class describes; a subclass may override `forward`."""
        stride4 = self.maxpool(self.conv1(x))
        stride8 = self.stage2(stride4)
        stride16 = self.stage3(stride8)
        return stride4, stride8, stride16, self.stage4(stride16)


class ShuffleNetV2(ShuffleNetV2Features):
    """The classification network of Table 5.

    Args:
        width: 0.25, 0.5, 1.0, 1.5 or 2.0.
        num_classes: Number of scores.
        in_channels: Channels of the input.
        star: Make it ShuffleNet v2*.
        dims: Number of spatial axes: 2 for images, 3 for videos.

    Raises:
        InputError: There is no such width or `dims`.
    """

    def __init__(
        self,
        width: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        star: bool = False,
        dims: int = 2,
    ) -> None:
        super().__init__(width, in_channels, star=star, dims=dims)
        *_, stage4, conv5 = _channels(width)
        self.conv5 = nn.Sequential(*conv_bn_act(stage4, conv5, 1, dims=dims))
        self.fc = nn.Linear(conv5, num_classes)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Map float32 (N, in_channels, H, W), or T, H, W for videos, to scores (N, num_classes)."""
        *_, last = self.feature_maps(x)
        scores: Tensor = self.fc(global_mean(self.conv5(last)))
        return scores


def convolved_branch(
    in_channels: int, out_channels: int, *, stride: int, star: bool = False, dims: int = 2
) -> nn.Sequential:
    """Return the 1x1, depthwise 3x3, 1x1 branch that both units have; v2* has another in front."""

    def depthwise(channels: int, stride: int) -> list[nn.Module]:
        return conv_bn_act(
            channels, channels, 3, stride=stride, groups=channels, activation=None, dims=dims
        )

    return nn.Sequential(
        *(depthwise(in_channels, 1) if star else []),
        *conv_bn_act(in_channels, out_channels, 1, dims=dims),
        *depthwise(out_channels, stride),
        *conv_bn_act(out_channels, out_channels, 1, dims=dims),
    )


def _stage(
    in_channels: int, out_channels: int, repeats: int, *, star: bool, dims: int
) -> nn.Sequential:
    """Return one unit of stride 2 and `repeats - 1` units of stride 1."""
    first = DownsamplingUnit(in_channels, out_channels, star=star, dims=dims)
    basic = (BasicUnit(out_channels, star=star, dims=dims) for _ in range(repeats - 1))
    return nn.Sequential(first, *basic)


def _channels(width: float) -> tuple[int, ...]:
    """Return the column of Table 5 for a width."""
    check_width("ShuffleNet V2", width, CHANNELS)
    return CHANNELS[width]
