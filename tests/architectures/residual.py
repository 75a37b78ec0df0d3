"""Classifiers from before phones, made of convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture
from tests.architectures.blocks import Head, SqueezeExcite, conv_bn


class Bottleneck(nn.Module):
    """ResNet's, with groups for ResNeXt and something for RegNet, SENet and CBAM at its end."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, groups: int = 1, last: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            conv_bn(inputs, outputs, 1),
            conv_bn(outputs, outputs, 3, stride, groups),
            conv_bn(outputs, outputs, 1, act=None),
            last or nn.Identity(),
        )
        self.shortcut = conv_bn(inputs, outputs, 1, stride, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.branch(x) + self.shortcut(x))


class Cbam(nn.Module):
    """Attention to channels by mean and maximum, then to positions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Conv2d(channels, 4, 1), nn.ReLU(), nn.Conv2d(4, channels, 1))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        mean, largest = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        x = x * torch.sigmoid(self.mlp(mean) + self.mlp(largest))
        both = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.spatial(both))


def _resnet(groups: int = 1, last: type[nn.Module] | None = None) -> nn.Module:
    def end(channels: int) -> nn.Module | None:
        if last is SqueezeExcite:
            return SqueezeExcite(channels, 4)
        return last(channels) if last else None

    return nn.Sequential(
        conv_bn(3, 8, 7, 2),
        nn.MaxPool2d(3, 2, 1),
        Bottleneck(8, 16, 1, groups, end(16)),
        Bottleneck(16, 16, 1, groups, end(16)),
        Bottleneck(16, 24, 2, groups, end(24)),
        Head(24),
    )


class DenseLayer(nn.Module):
    """What was there before, and something new."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            conv_bn(inputs, 16, 1),
            nn.Conv2d(16, growth, 3, 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.layer(x)], 1)


def densenet() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2),
        DenseLayer(8, 4),
        DenseLayer(12, 4),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 8, 1),
        nn.AvgPool2d(2),
        DenseLayer(8, 4),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        Head(12),
    )


class InceptionBlock(nn.Module):
    """Kernels of several sizes, long ones taken apart, and a pool beside them."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.one = conv_bn(inputs, 8, 1)
        self.long = nn.Sequential(
            conv_bn(inputs, 8, 1),
            nn.Conv2d(8, 8, (1, 7), padding=(0, 3)),
            nn.Conv2d(8, 8, (7, 1), padding=(3, 0)),
            nn.ReLU(),
        )
        self.pool = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv_bn(inputs, 8, 1))
        self.largest = nn.MaxPool2d(3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.long(x), self.pool(x), self.largest(x)], 1)


def inception() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2),
        nn.LocalResponseNorm(5),
        InceptionBlock(8),
        conv_bn(32, 16, 3, 2),
        Head(16),
    )


ARCHITECTURES = {
    "ResNet": Architecture(_resnet),
    "ResNeXt": Architecture(lambda: _resnet(groups=4)),
    "RegNet": Architecture(lambda: _resnet(groups=2, last=SqueezeExcite)),
    "SENet": Architecture(lambda: _resnet(last=SqueezeExcite)),
    "CBAM": Architecture(lambda: _resnet(last=Cbam)),
    "DenseNet": Architecture(densenet),
    "Inception": Architecture(inception),
}
