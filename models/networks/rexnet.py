"""ReXNet: Han et al., "Rethinking Channel Dimensions for Efficient Model Design".

arXiv 2007.00992. The width of the blocks grows linearly from the first to the last, so that every
block but those that halve the resolution can add its input to the first channels of its output.
Modules are named as in the authors' code, so the published checkpoints of `ReXNet` and
`ReXNetLite` load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, chain, pairwise, repeat

import torch
from torch import Tensor, nn

from _edgeship.errors import InputError
from _edgeship.models.networks.blocks import SqueezeExcite, conv_bn_act, make_divisible

# One row per stage:
#         blocks  stride  squeeze-excite
STAGES = (
    (1, 1, False),
    (2, 2, False),
    (2, 2, True),
    (3, 2, True),
    (3, 1, True),
    (5, 2, True),
)
BLOCKS = sum(blocks for blocks, _, _ in STAGES)

# Output channels of the 13 depthwise separable convolutions of the plain network, and their
# strides: MobileNet's, with widths that grow by 48.
PLAIN_CHANNELS = (96, 144, 192, 240, 288, 336, 384, 432, 480, 528, 576, 624, 1024)
PLAIN_STRIDES = (2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1)

_STEM = 32
_FIRST = 16
_EXPANSION = 6
_SE_RATIO = 12
_LAST = 1280
_MAX_WIDTH = 8


class InvertedBottleneck(nn.Module):
    """Expand, convolve each channel, project; add the input to as many channels as it has.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: Ratio of the depthwise convolution's channels to the input's; 1 leaves the
            expanding convolution out.
        stride: Of the depthwise convolution; only stride 1 has a shortcut.
        squeeze_excite: Scale the depthwise convolution's channels.
        lite: ReLU6 in place of SiLU.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        expansion: int,
        stride: int,
        squeeze_excite: bool,
        lite: bool,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.has_shortcut = stride == 1 and in_channels <= out_channels
        wide = in_channels * expansion
        expand = conv_bn_act(in_channels, wide, 1, activation=nn.ReLU6 if lite else nn.SiLU)
        self.out = nn.Sequential(
            *(expand if expansion != 1 else []),
            *conv_bn_act(wide, wide, 3, stride=stride, groups=wide, activation=None),
            *([SqueezeExcite(wide, wide // _SE_RATIO, normalize=True)] if squeeze_excite else []),
            nn.ReLU6(),
            *conv_bn_act(wide, out_channels, 1, activation=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H/stride), ceil(W/stride))."""
        y: Tensor = self.out(x)
        if not self.has_shortcut:
            return y
        # The same numbers as `y[:, :c] += x`, which would export as a scatter.
        c = self.in_channels
        return torch.cat((y[:, :c] + x, y[:, c:]), 1)


class ReXNet(nn.Module):
    """The network with SiLU and squeeze-excite.

    Args:
        width: Multiplies every width; below 1 only the growth and the last convolution's.
        num_classes: Number of scores.
        in_channels: Channels of the input.
        dropout: Probability with which training drops an input of the classifier.

    Raises:
        InputError: The width is not a number above 0 and up to 8.
    """

    def __init__(
        self,
        width: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        stem, *blocks = channels(width)
        last = int(_LAST * width)
        self.features = nn.Sequential(
            *conv_bn_act(in_channels, stem, 3, stride=2, activation=nn.SiLU),
            *_bottlenecks([stem, *blocks], lite=False),
            *conv_bn_act(blocks[-1], last, 1, activation=nn.SiLU),
            nn.AdaptiveAvgPool2d(1),
        )
        self.output = nn.Sequential(nn.Dropout(dropout), nn.Conv2d(last, num_classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.output(self.features(x))
        return scores.flatten(1)


class ReXNetLite(nn.Module):
    """The network for integer hardware: ReLU6, no squeeze-excite, widths in multiples of 8.

    Args:
        width: Multiplies every width.
        num_classes: Number of scores.
        in_channels: Channels of the input.
        dropout: Probability with which training drops an input of the classifier.

    Raises:
        InputError: The width is not a number above 0 and up to 8.
    """

    def __init__(
        self,
        width: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        stem, *blocks = lite_channels(width)
        last = int(_LAST * max(width, 1))
        self.features = nn.Sequential(
            *conv_bn_act(in_channels, stem, 3, stride=2, activation=nn.ReLU6),
            *_bottlenecks([stem, *blocks], lite=True),
            *conv_bn_act(blocks[-1], last, 1, activation=nn.ReLU6),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.output = nn.Sequential(
            nn.Conv2d(last, 1024, 1),
            nn.BatchNorm2d(1024),
            nn.ReLU6(),
            nn.Dropout(dropout),
            nn.Conv2d(1024, num_classes, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.output(self.avgpool(self.features(x)))
        return scores.flatten(1)


class ReXNetPlain(nn.Module):
    """MobileNet with linearly growing widths and SiLU behind the pointwise convolutions.

    The authors published neither code nor weights of it: the names of its modules are ours, and
    its widths and strides follow a public reimplementation's reading of the paper's table.

    Args:
        num_classes: Number of scores.
        in_channels: Channels of the input.
        dropout: Probability with which training drops an input of the classifier.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2) -> None:
        super().__init__()
        widths = pairwise((_STEM, *PLAIN_CHANNELS))
        self.features = nn.Sequential(
            *conv_bn_act(in_channels, _STEM, 3, stride=2, activation=nn.SiLU),
            *(
                _separable(before, after, stride)
                for (before, after), stride in zip(widths, PLAIN_STRIDES, strict=True)
            ),
            *conv_bn_act(PLAIN_CHANNELS[-1], _LAST, 1, activation=nn.SiLU),
            nn.AdaptiveAvgPool2d(1),
        )
        self.output = nn.Sequential(nn.Dropout(dropout), nn.Conv2d(_LAST, num_classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.output(self.features(x))
        return scores.flatten(1)


def channels(width: float) -> list[int]:
    """Return the output channels of the stem and of each block; the blocks grow by 180 in all."""
    _require_width(width)
    kept = min(width, 1)  # narrow networks keep the stem and the first block
    return [
        round(_STEM / kept * width),
        *(round(c * width) for c in _grow(_FIRST / kept, 180 / BLOCKS)),
    ]


def lite_channels(width: float) -> list[int]:
    """Return the same for the lite network: a growth of 164, widths in multiples of 8."""
    _require_width(width)
    kept = min(width, 1)
    return [
        make_divisible(round(_STEM / kept * width)),
        *(make_divisible(round(c * width)) for c in _grow(_FIRST / kept, 164 / (BLOCKS - 1))),
    ]


def _grow(first: float, step: float) -> Iterator[float]:
    """Yield one width per block, summed up as the authors do: some sums end in .5."""
    return accumulate(chain([first], repeat(step, BLOCKS - 1)))


def _bottlenecks(widths: list[int], *, lite: bool) -> Iterator[InvertedBottleneck]:
    """Yield the blocks of every stage; `widths` begins with the stem's."""
    pairs = pairwise(widths)
    for stage, (blocks, stride, squeeze_excite) in enumerate(STAGES):
        for block in range(blocks):
            before, after = next(pairs)
            yield InvertedBottleneck(
                before,
                after,
                expansion=_EXPANSION if stage else 1,
                stride=1 if block else stride,
                squeeze_excite=squeeze_excite and not lite,
                lite=lite,
            )


def _separable(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Return a depthwise 3x3 and a pointwise convolution."""
    return nn.Sequential(
        *conv_bn_act(in_channels, in_channels, 3, stride=stride, groups=in_channels),
        *conv_bn_act(in_channels, out_channels, 1, activation=nn.SiLU),
    )


def _require_width(width: object) -> None:
    """Refuse anything but a number in the range; True does not count as one."""
    is_number = isinstance(width, (int, float)) and not isinstance(width, bool)
    if not (is_number and isinstance(width, (int, float)) and 0 < width <= _MAX_WIDTH):
        raise InputError(
            f"ReXNet has no width {width!r}.", todo=f"Use a number above 0, up to {_MAX_WIDTH}."
        )
