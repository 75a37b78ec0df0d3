"""MobileNetV2: Sandler et al., "Inverted Residuals and Linear Bottlenecks".

arXiv 1801.04381, Table 2. Modules are named as in torchvision, so its published checkpoint loads
as it is. Widths below 1 keep 1280 channels before the classifier, as the paper says.
"""

from __future__ import annotations

from torch import Tensor, nn

from _edgeship.errors import InputError
from _edgeship.models.networks.blocks import conv_bn_act, make_divisible

# Table 2: expansion, output channels at width 1, units, stride of the first unit.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
FIRST_CHANNELS = 32
LAST_CHANNELS = 1280

# A typing error, such as 14 for 1.4, should not exhaust the memory.
MAX_WIDTH = 4.0

DROPOUT = 0.2


class InvertedResidual(nn.Module):
    """Table 1: expand with a 1x1, filter with a depthwise 3x3, project with a linear 1x1.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Of the depthwise convolution; at 1, and with equal channels, the input is added.
        expansion: Channels between the 1x1 convolutions, as a multiple of `in_channels`; at 1
            there is nothing to expand and the first 1x1 is left out.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.has_shortcut = stride == 1 and in_channels == out_channels
        hidden = in_channels * expansion
        expand = [_conv_bn_relu6(in_channels, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            _conv_bn_relu6(hidden, hidden, 3, stride=stride, groups=hidden),
            *conv_bn_act(hidden, out_channels, 1, activation=None),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H/stride), ceil(W/stride))."""
        convolved: Tensor = self.conv(x)
        return x + convolved if self.has_shortcut else convolved


class MobileNetV2(nn.Module):
    """The classification network of Table 2.

    Args:
        width: Factor of all channels, which are then rounded to multiples of 8; above 0 and up to
            4. The channels before the classifier are never fewer than 1280.
        num_classes: Number of scores.
        in_channels: Channels of the input.

    Raises:
        InputError: The width is not a number above 0 and up to 4.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        is_number = isinstance(width, (int, float)) and not isinstance(width, bool)
        if not (is_number and 0 < width <= MAX_WIDTH):
            raise InputError(
                f"MobileNetV2 has no width {width!r}.",
                todo=f"Use a number above 0 and up to {MAX_WIDTH}.",
            )
        channels = make_divisible(FIRST_CHANNELS * width)
        last_channels = make_divisible(LAST_CHANNELS * max(1.0, width))
        features: list[nn.Module] = [_conv_bn_relu6(in_channels, channels, 3, stride=2)]
        for expansion, unscaled, units, first_stride in STAGES:
            out_channels = make_divisible(unscaled * width)
            for unit in range(units):
                stride = 1 if unit else first_stride
                features.append(InvertedResidual(channels, out_channels, stride, expansion))
                channels = out_channels
        features.append(_conv_bn_relu6(channels, last_channels, 1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(last_channels, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.features(x).mean([2, 3]))
        return scores


def _conv_bn_relu6(
    in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        *conv_bn_act(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            groups=groups,
            activation=nn.ReLU6,
        )
    )
