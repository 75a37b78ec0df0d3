"""Networks with the topologies of the field, behaving like trained ones, for the export's tests.

Every factory takes no arguments, so that the command line can name it:
``python -m export tests/export/networks.py:prelu_elu --input 1,3,64,64``. Except for those that end
in a flattened image (64 x 64), they take images of any size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.export.layers import Residual, SqueezeExcite, classifier, conv, ready


def _inverted(inputs: int, outputs: int, stride: int, expansion: int) -> nn.Module:
    """MobileNetV2's inverted residual (arXiv 1801.04381)."""
    hidden = inputs * expansion
    expand = [conv(inputs, hidden, act=nn.ReLU6())] if expansion > 1 else []
    branch = nn.Sequential(
        *expand,
        conv(hidden, hidden, 3, stride, groups=hidden, act=nn.ReLU6()),
        conv(hidden, outputs),
    )
    return Residual(branch) if stride == 1 and inputs == outputs else branch


def mobilenet_v2_like() -> nn.Module:
    """MobileNetV2 1.0 (arXiv 1801.04381, table 2)."""
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
    rows += [(6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    layers: list[nn.Module] = [conv(3, 32, 3, 2, act=nn.ReLU6())]
    channels = 32
    for expansion, outputs, repeats, stride in rows:
        for index in range(repeats):
            layers.append(_inverted(channels, outputs, stride if index == 0 else 1, expansion))
            channels = outputs
    layers += [conv(channels, 1280, act=nn.ReLU6()), classifier(1280, 1000)]
    return ready(nn.Sequential(*layers))


def resnet50_like(width: int = 64, classes: int = 1000) -> nn.Module:
    """ResNet-50 (arXiv 1512.03385, table 1), the stride on the 3 x 3 convolution."""
    layers: list[nn.Module] = [conv(3, width, 7, 2, act=nn.ReLU()), nn.MaxPool2d(3, 2, 1)]
    channels = width
    for stage, count in enumerate((3, 4, 6, 3)):
        hidden = width * 2**stage
        for index in range(count):
            stride = 2 if index == 0 and stage > 0 else 1
            branch = nn.Sequential(
                conv(channels, hidden, act=nn.ReLU()),
                conv(hidden, hidden, 3, stride, act=nn.ReLU()),
                conv(hidden, 4 * hidden),
            )
            shortcut = conv(channels, 4 * hidden, 1, stride) if index == 0 else None
            layers.append(Residual(branch, shortcut, nn.ReLU()))
            channels = 4 * hidden
    return ready(nn.Sequential(*layers, classifier(channels, classes)))


def resnet50_narrow() -> nn.Module:
    """ResNet-50's 53 convolutions a quarter as wide."""
    return resnet50_like(16, 100)


class _ReXBlock(nn.Module):
    """ReXNet's linear bottleneck (arXiv 2007.00992): the shortcut covers the first channels."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.inputs = inputs if stride == 1 and inputs <= outputs else 0
        self.layers = nn.Sequential(
            conv(inputs, hidden, act=nn.SiLU()),
            conv(hidden, hidden, 3, stride, groups=hidden),
            SqueezeExcite(hidden, nn.Sigmoid(), batch_norm=True),
            nn.ReLU6(),
            conv(hidden, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.layers(x)
        if self.inputs:
            out[:, : self.inputs] += x
        return out


def rexnet_like() -> nn.Module:
    """SiLU, squeeze-and-excite, a ReLU6 of its own, and sums over part of the channels."""
    rows = [(16, 22, 1), (22, 30, 2), (30, 38, 1), (38, 46, 2), (46, 54, 1), (54, 62, 1)]
    blocks = [_ReXBlock(*row, expansion=3) for row in rows]
    return ready(
        nn.Sequential(
            conv(3, 16, 3, 2, act=nn.SiLU()),
            *blocks,
            conv(62, 128, act=nn.SiLU()),
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(128, 50, 1),
            nn.Flatten(),
        )
    )


def _inverted_v3(channels: tuple[int, int], kernel: int, stride: int, hard: bool) -> nn.Module:
    """MobileNetV3's block (arXiv 1905.02244), with squeeze-and-excite where hard swish is."""
    inputs, outputs = channels
    hidden = inputs * 3
    act = nn.Hardswish if hard else nn.ReLU
    branch = nn.Sequential(
        conv(inputs, hidden, act=act()),
        conv(hidden, hidden, kernel, stride, groups=hidden, act=act()),
        SqueezeExcite(hidden, nn.Hardsigmoid()) if hard else nn.Identity(),
        conv(hidden, outputs),
    )
    return Residual(branch) if stride == 1 and inputs == outputs else branch


def mobilenet_v3_like() -> nn.Module:
    """Hard swish, squeeze-and-excite by hard sigmoid, a head of two linear layers."""
    blocks = [((16, 24), 3, 2, False), ((24, 24), 3, 1, False), ((24, 40), 5, 2, True)]
    blocks += [((40, 40), 5, 1, True), ((40, 48), 5, 1, True)]
    return ready(
        nn.Sequential(
            conv(3, 16, 3, 2, act=nn.Hardswish()),
            *(_inverted_v3(*block) for block in blocks),
            conv(48, 144, act=nn.Hardswish()),
            classifier(144, 160),
            nn.Hardswish(),
            nn.Linear(160, 50),
        )
    )


def _effnet_block(inputs: int, outputs: int) -> nn.Sequential:
    half = outputs // 2
    convs = [
        nn.Conv2d(inputs, half, 1),
        nn.Conv2d(half, half, (1, 3), padding=(0, 1), groups=half),
        nn.Conv2d(half, half, (3, 1), padding=(1, 0), groups=half),
        nn.Conv2d(half, outputs, (2, 1), (1, 2)),
    ]
    after = [(layer, nn.LeakyReLU(0.3), nn.BatchNorm2d(layer.out_channels)) for layer in convs]
    layers = [layer for triple in after for layer in triple]
    return nn.Sequential(*layers[:6], nn.MaxPool2d((2, 1), (2, 1)), *layers[6:])


def effnet_like() -> nn.Module:
    """EffNet's separated convolutions and pooling (arXiv 1801.06434); takes 64 x 64."""
    blocks = [_effnet_block(*channels) for channels in ((3, 32), (32, 64), (64, 128))]
    return ready(nn.Sequential(*blocks, nn.Flatten(), nn.Linear(128 * 6 * 8, 20)))


class _GroupedUnit(nn.Module):
    """ShuffleNet's unit (arXiv 1707.01083): grouped 1 x 1, shuffle, depthwise, grouped 1 x 1."""

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int = 3) -> None:
        super().__init__()
        hidden = outputs // 4
        self.groups, self.stride = groups, stride
        branch = outputs - inputs if stride == 2 else outputs
        self.reduce = conv(inputs, hidden, groups=groups, act=nn.ReLU())
        self.depthwise = conv(hidden, hidden, 3, stride, groups=hidden)
        self.expand = conv(hidden, branch, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        out = self.reduce(x)
        n, c, h, w = out.shape
        out = out.reshape(n, self.groups, c // self.groups, h, w).transpose(1, 2)
        out = self.expand(self.depthwise(out.reshape(n, c, h, w)))
        if self.stride == 1:
            return functional.relu(x + out)
        return functional.relu(torch.cat([functional.avg_pool2d(x, 3, 2, 1), out], 1))


def shufflenet_v1_like() -> nn.Module:
    """Grouped 1 x 1 convolutions, channel shuffle, an average-pool shortcut by concatenation."""
    return ready(
        nn.Sequential(
            conv(3, 24, 3, 2, act=nn.ReLU()),
            nn.MaxPool2d(3, 2, 1),
            _GroupedUnit(24, 120, 2),
            _GroupedUnit(120, 120, 1),
            _GroupedUnit(120, 240, 2),
            _GroupedUnit(240, 240, 1),
            classifier(240, 50),
        )
    )


def prelu_elu() -> nn.Module:
    """PReLU, ELU, a clip with bounds of no special name, and a max pool over values below zero."""
    return ready(
        nn.Sequential(
            conv(3, 16, 3, 2, act=nn.PReLU(16)),
            conv(16, 24, 3, 1, act=nn.ELU()),
            nn.MaxPool2d(3, 2, 1),
            conv(24, 48, 3, 2, groups=24, act=nn.Hardtanh(-1.5, 2.0)),  # two filters a channel
            conv(48, 48, act=nn.PReLU()),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(48, 30),
        )
    )


class _Segmentation(nn.Module):
    """A dilated encoder, a decoder by resizing, class scores per pixel and an edge map."""

    def __init__(self) -> None:
        super().__init__()
        self.shallow = conv(3, 16, 3, 2, act=nn.ReLU())
        self.deep = nn.Sequential(
            conv(16, 32, 3, 2, act=nn.ReLU()),
            conv(32, 32, 3, groups=32, dilation=2, act=nn.ReLU()),
            conv(32, 48, 3, dilation=2, act=nn.ReLU()),
        )
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(48, 48, 1), nn.Sigmoid())
        self.join = conv(64, 24, 3, act=nn.ReLU())
        self.classes = nn.Conv2d(24, 6, 1)
        self.edges = nn.Conv2d(24, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shallow = self.shallow(x)
        deep = self.deep(shallow)
        deep = functional.interpolate(deep * self.context(deep), scale_factor=2, mode="bilinear")
        out = self.join(torch.cat([shallow, deep], 1))
        out = functional.interpolate(out, scale_factor=2, mode="nearest")
        return torch.softmax(self.classes(out), 1), torch.sigmoid(self.edges(out))


def segmentation() -> nn.Module:
    """Resizing, a softmax over channels, two outputs."""
    return ready(_Segmentation())


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, growth: int = 12) -> None:
        super().__init__()
        grow = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)
        self.layers = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), grow)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.layers(x)], 1)


def densenet_like() -> nn.Module:
    """Batch norm before the convolution, concatenation after it (arXiv 1608.06993)."""
    return ready(
        nn.Sequential(
            conv(3, 24, 3, 2, act=nn.ReLU()),
            *(_DenseLayer(channels) for channels in (24, 36, 48, 60)),
            nn.BatchNorm2d(72),
            nn.ReLU(),
            nn.Conv2d(72, 36, 1),
            nn.AvgPool2d(2),
            *(_DenseLayer(channels) for channels in (36, 48, 60, 72)),
            nn.BatchNorm2d(84),
            nn.ReLU(),
            classifier(84, 40),
        )
    )


def vgg_like() -> nn.Module:
    """Plain convolutions with biases, then a flattened image into linear layers; 64 x 64."""
    layers: list[nn.Module] = []
    channels = 3
    for outputs in (16, 32, 32, 64):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = outputs
    layers += [
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, 128),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(128, 20),
    ]
    return ready(nn.Sequential(*layers))
