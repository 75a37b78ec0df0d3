"""Classifiers for phones, made of convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture
from tests.architectures.blocks import Head, Residual, SqueezeExcite, conv_bn


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(conv_bn(inputs, inputs, 3, stride, inputs), conv_bn(inputs, outputs, 1))


def mobilenet_v1() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2), _separable(8, 16), _separable(16, 24, 2), _separable(24, 24), Head(24)
    )


def _inverted(
    inputs: int,
    outputs: int,
    stride: int = 1,
    kernel: int = 3,
    act: type[nn.Module] = nn.ReLU6,
    gate: type[nn.Module] | None = None,
) -> nn.Module:
    inner = 3 * inputs
    branch = nn.Sequential(
        conv_bn(inputs, inner, 1, act=act),
        conv_bn(inner, inner, kernel, stride, inner, act),
        *([SqueezeExcite(inner, 8, gate)] if gate else []),
        conv_bn(inner, outputs, 1, act=None),
    )
    return Residual(branch) if stride == 1 and inputs == outputs else branch


def mobilenet_v2() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.ReLU6),
        _inverted(8, 12, 2),
        _inverted(12, 12),
        conv_bn(12, 32, 1, act=nn.ReLU6),
        Head(32),
    )


def mobilenet_v3() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.Hardswish),
        _inverted(8, 8, gate=nn.Hardsigmoid, act=nn.ReLU),
        _inverted(8, 16, 2, 5, nn.Hardswish, nn.Hardsigmoid),
        conv_bn(16, 32, 1, act=nn.Hardswish),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 32),
        nn.Hardswish(),
        nn.Dropout(),
        nn.Linear(32, 10),
    )


def efficientnet_lite() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.ReLU6), _inverted(8, 12, 2, 5), _inverted(12, 12, 1, 5), Head(12)
    )


def efficientnet() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.SiLU),
        _inverted(8, 12, 2, 5, nn.SiLU, nn.Sigmoid),
        _inverted(12, 12, 1, 3, nn.SiLU, nn.Sigmoid),
        Head(12),
    )


def mnasnet() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2),
        conv_bn(8, 8, 3, 1, 8),
        conv_bn(8, 8, 1, act=None),
        _inverted(8, 12, 2, 5, nn.ReLU),
        _inverted(12, 12, 1, 3, nn.ReLU),
        Head(12),
    )


class GhostModule(nn.Module):
    """Half of the channels computed, the others made of them cheaply."""

    def __init__(self, inputs: int, outputs: int, act: type[nn.Module] | None = nn.ReLU) -> None:
        super().__init__()
        self.outputs = outputs
        half = (outputs + 1) // 2
        self.primary = conv_bn(inputs, half, 1, act=act)
        self.cheap = conv_bn(half, half, 3, groups=half, act=act)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], 1)[:, : self.outputs]


def ghostnet() -> nn.Module:
    bottleneck = nn.Sequential(
        GhostModule(8, 25), SqueezeExcite(25, 8, nn.Hardsigmoid), GhostModule(25, 8, None)
    )
    return nn.Sequential(conv_bn(3, 8, 3, 2), Residual(bottleneck), conv_bn(8, 20, 1), Head(20))


class MultiBranch(nn.Module):
    """Parallel convolutions that become one after training: the block of MobileOne and RepVGG."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.shape = (inputs, outputs, stride, groups)
        self.branches = nn.ModuleList(
            [
                conv_bn(inputs, outputs, 3, stride, groups, act=None),
                conv_bn(inputs, outputs, 1, stride, groups, act=None),
            ]
        )
        if inputs == outputs and stride == 1:
            self.branches.append(nn.BatchNorm2d(inputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(sum((branch(x) for branch in self.branches), torch.zeros(())))


class Folded(nn.Module):
    """The one convolution that a `MultiBranch` becomes."""

    def __init__(self, block: MultiBranch) -> None:
        super().__init__()
        inputs, outputs, stride, groups = block.shape
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, groups=groups)
        kernel, bias = torch.zeros_like(self.conv.weight), torch.zeros(outputs)
        with torch.no_grad():
            for branch in block.branches:
                k, b = _as_3x3(branch, self.conv.weight.shape)
                kernel, bias = kernel + k, bias + b
            self.conv.weight.copy_(kernel)
            assert self.conv.bias is not None
            self.conv.bias.copy_(bias)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x))


def _as_3x3(branch: nn.Module, shape: torch.Size) -> tuple[Tensor, Tensor]:
    if isinstance(branch, nn.BatchNorm2d):
        norm, kernel = branch, torch.zeros(shape)
        for channel in range(shape[0]):
            kernel[channel, channel % shape[1], 1, 1] = 1
    else:
        conv, norm = branch[0], branch[1]  # type: ignore[index]
        kernel = conv.weight if conv.weight.shape == shape else functional.pad(conv.weight, [1] * 4)
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return kernel * scale[:, None, None, None], norm.bias - norm.running_mean * scale


class RepNet(nn.Module):
    """Blocks with branches, folded by ``reparameterize`` before an export."""

    def __init__(self, depthwise: bool) -> None:
        super().__init__()
        blocks = [MultiBranch(3, 8, 2), MultiBranch(8, 8, 1, 8 if depthwise else 1)]
        self.blocks = nn.Sequential(*blocks, MultiBranch(8, 16, 2), MultiBranch(16, 16))
        self.head = Head(16)

    def reparameterize(self) -> nn.Module:
        self.blocks = nn.Sequential(
            *(Folded(b) if isinstance(b, MultiBranch) else b for b in self.blocks)
        )
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(x))


class Fire(nn.Module):
    """SqueezeNet's: few channels, then many of two kinds."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.one, self.three = nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.one(x)), torch.relu(self.three(x))], 1)


def squeezenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(8, 4, 8),
        Fire(16, 4, 8),
        nn.Dropout(),
        nn.Conv2d(16, 10, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


ARCHITECTURES = {
    "MobileNetV1": Architecture(mobilenet_v1),
    "MobileNetV2": Architecture(mobilenet_v2),
    "MobileNetV3": Architecture(mobilenet_v3),
    "EfficientNet-Lite": Architecture(efficientnet_lite),
    "EfficientNet": Architecture(efficientnet),
    "MnasNet": Architecture(mnasnet),
    "GhostNet": Architecture(ghostnet),
    "MobileOne": Architecture(lambda: RepNet(depthwise=True)),
    "RepVGG": Architecture(lambda: RepNet(depthwise=False)),
    "SqueezeNet": Architecture(squeezenet),
}
