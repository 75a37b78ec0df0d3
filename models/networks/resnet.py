"""ResNet-50: He et al., "Deep Residual Learning for Image Recognition"; and SE-ResNet-50.

arXiv 1512.03385, Table 1, and arXiv 1709.01507 (SENet), Table 1. ResNet-50's modules are named as
in torchvision, so its published checkpoint loads as it is.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from _edgeship.errors import InputError
from _edgeship.models.networks.blocks import SqueezeExcite, conv_bn_act

# Table 1, a stage each: output channels, units, stride of the first unit.
STAGES = ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2))
FIRST_CHANNELS = 64

# A unit's first two convolutions have this fraction of its output channels.
BOTTLENECK = 4

# A squeeze-and-excitation's hidden layer has this fraction of its channels.
SQUEEZE = 16


class Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 and 1x1 beside a shortcut.

    Args:
        in_channels: Channels of the input.
        reduced: Channels after the first 1x1.
        filtered: Channels after the 3x3.
        out_channels: Channels of the output.
        stride: By which height and width shrink.
        stride_at: The convolution that shrinks them: "1x1" (the first) or "3x3".
        groups: Groups of the 3x3.
        excited: Whether a squeeze-and-excitation ends the residual branch.
        projection_size: Kernel size of the shortcut's convolution where the unit changes the shape.
    """

    def __init__(
        self,
        in_channels: int,
        reduced: int,
        filtered: int,
        out_channels: int,
        *,
        stride: int = 1,
        stride_at: str = "3x3",
        groups: int = 1,
        excited: bool = False,
        projection_size: int = 1,
    ) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_at == "1x1" else (1, stride)
        self.conv1, self.bn1 = conv_bn_act(in_channels, reduced, 1, stride=first, activation=None)
        self.conv2, self.bn2 = conv_bn_act(
            reduced, filtered, 3, stride=second, groups=groups, activation=None
        )
        self.conv3, self.bn3 = conv_bn_act(filtered, out_channels, 1, activation=None)
        self.se = SqueezeExcite(out_channels, out_channels // SQUEEZE) if excited else None
        self.downsample: nn.Sequential | None = None
        if stride > 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                *conv_bn_act(
                    in_channels, out_channels, projection_size, stride=stride, activation=None
                )
            )

    @property
    def residual_norm(self) -> nn.Module:
        """The batch norm that ends the residual branch."""
        return self.bn3

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H/stride), ceil(W/stride))."""
        residual = functional.relu(self.bn1(self.conv1(x)))
        residual = functional.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        if self.se is not None:
            residual = self.se(residual)
        shortcut = x if self.downsample is None else self.downsample(x)
        return functional.relu(residual + shortcut)


class ResNet50(nn.Module):
    """The 50-layer classification network of Table 1.

    Args:
        stride_at: Which convolution of a unit shrinks the image: "1x1" as in the paper, or "3x3"
            as in torchvision, which costs 6 % more and is what its checkpoint was trained with.
        excited: Whether units have a squeeze-and-excitation: SE-ResNet-50.
        num_classes: Number of scores.
        in_channels: Channels of the input.

    Raises:
        InputError: `stride_at` is neither "1x1" nor "3x3".
    """

    def __init__(
        self,
        stride_at: str = "3x3",
        excited: bool = False,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        if stride_at not in ("1x1", "3x3"):
            raise InputError(
                f"ResNet-50 cannot have its stride at {stride_at!r}.", todo='Use "1x1" or "3x3".'
            )
        self.conv1, self.bn1 = conv_bn_act(
            in_channels, FIRST_CHANNELS, 7, stride=2, activation=None
        )
        # The networks of the SENet paper come from Caffe, whose pooling rounds up instead.
        padding, ceil_mode = (0, True) if excited else (1, False)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=padding, ceil_mode=ceil_mode)
        channels = FIRST_CHANNELS
        stages = []
        for out_channels, units, stride in STAGES:
            hidden = out_channels // BOTTLENECK
            stages.append(
                nn.Sequential(
                    *(
                        Bottleneck(
                            out_channels if unit else channels,
                            hidden,
                            hidden,
                            out_channels,
                            stride=1 if unit else stride,
                            stride_at=stride_at,
                            excited=excited,
                        )
                        for unit in range(units)
                    )
                )
            )
            channels = out_channels
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: Tensor = self.fc(x.mean([2, 3]))
        return scores
