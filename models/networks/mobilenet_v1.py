"""MobileNetV1: Howard et al., "Efficient Convolutional Neural Networks for Mobile Vision".

arXiv 1704.04861, Table 1 and Figure 3. The table gives the last depthwise convolution stride 2,
but its output is as large as its input, so the stride is 1.
"""

from __future__ import annotations

from torch import Tensor, nn

from _edgeship.models.networks.blocks import check_width, conv_bn_act

WIDTHS = (0.25, 0.5, 0.75, 1.0)

FIRST_CHANNELS = 32

# Table 1 at width 1, each row one depthwise and one 1x1 convolution: stride of the former, output
# channels of the latter.
LAYERS = (
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    *((1, 512),) * 5,
    (2, 1024),
    (1, 1024),
)


class MobileNetV1(nn.Module):
    """The classification network of Table 1.

    Args:
        width: Factor of all channels: 0.25, 0.5, 0.75 or 1.0.
        num_classes: Number of scores.
        in_channels: Channels of the input.

    Raises:
        InputError: The paper has no such width.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_width("MobileNetV1", width, WIDTHS)
        channels = int(FIRST_CHANNELS * width)
        features = [nn.Sequential(*conv_bn_act(in_channels, channels, 3, stride=2))]
        for stride, unscaled in LAYERS:
            out_channels = int(unscaled * width)
            features.append(_separable(channels, out_channels, stride))
            channels = out_channels
        self.features = nn.Sequential(*features)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        scores: Tensor = self.classifier(self.features(x).mean([2, 3]))
        return scores


def _separable(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Return Figure 3, right: a depthwise 3x3 and a 1x1, each with batch norm and ReLU."""
    return nn.Sequential(
        *conv_bn_act(in_channels, in_channels, 3, stride=stride, groups=in_channels),
        *conv_bn_act(in_channels, out_channels, 1),
    )
