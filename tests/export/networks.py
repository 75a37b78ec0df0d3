"""Networks with the topologies of the field, behaving like trained ones, for the export's tests.

Every factory takes no arguments, so that the command line can name it:
``python -m export tests/export/networks.py:prelu_elu --input 1,3,64,64``. Except for those that end
in a flattened image (64 x 64), they take images of any size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.initialization import initialize


def _ready(network: nn.Module, size: int = 64) -> nn.Module:
    return initialize(network, (8, 3, size, size), seed=0)


def _conv(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int] = 1,
    stride: int = 1,
    groups: int = 1,
    act: nn.Module | None = None,
    dilation: int = 1,
) -> nn.Sequential:
    """Convolution that keeps the size (but for the stride), batch norm, activation."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = tuple((side - 1) * dilation // 2 for side in sides)
    conv = nn.Conv2d(inputs, outputs, sides, stride, padding, dilation, groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), *([act] if act else []))


def _classifier(channels: int, classes: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class _Residual(nn.Module):
    """Adds what its branch computes to its input, or to a projection of it."""

    def __init__(
        self, branch: nn.Module, shortcut: nn.Module | None = None, act: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut or nn.Identity()
        self.act = act or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.shortcut(x) + self.branch(x))


class _SqueezeExcite(nn.Module):
    """Scales each channel by a gate computed from all channels' means (arXiv 1709.01507)."""

    def __init__(self, channels: int, gate: nn.Module, batch_norm: bool = False) -> None:
        super().__init__()
        hidden = max(channels // 4, 4)
        norm = [nn.BatchNorm2d(hidden)] if batch_norm else []
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            *norm,
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1),
            gate,
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


def _inverted(inputs: int, outputs: int, stride: int, expansion: int) -> nn.Module:
    """MobileNetV2's inverted residual (arXiv 1801.04381)."""
    hidden = inputs * expansion
    expand = [_conv(inputs, hidden, act=nn.ReLU6())] if expansion > 1 else []
    branch = nn.Sequential(
        *expand,
        _conv(hidden, hidden, 3, stride, groups=hidden, act=nn.ReLU6()),
        _conv(hidden, outputs),
    )
    return _Residual(branch) if stride == 1 and inputs == outputs else branch


def _mobilenet_v2(rows: list[tuple[int, int, int, int]], last: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = [_conv(3, 32, 3, 2, act=nn.ReLU6())]
    channels = 32
    for expansion, outputs, repeats, stride in rows:
        for index in range(repeats):
            layers.append(_inverted(channels, outputs, stride if index == 0 else 1, expansion))
            channels = outputs
    layers += [_conv(channels, last, act=nn.ReLU6()), _classifier(last, classes)]
    return _ready(nn.Sequential(*layers))


def mobilenet_v2_like() -> nn.Module:
    """MobileNetV2 1.0 (arXiv 1801.04381, table 2)."""
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
    rows += [(6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    return _mobilenet_v2(rows, 1280, 1000)


def _resnet50(width: int, repeats: tuple[int, ...], classes: int) -> nn.Module:
    layers: list[nn.Module] = [_conv(3, width, 7, 2, act=nn.ReLU()), nn.MaxPool2d(3, 2, 1)]
    channels = width
    for stage, count in enumerate(repeats):
        hidden = width * 2**stage
        for index in range(count):
            stride = 2 if index == 0 and stage > 0 else 1
            branch = nn.Sequential(
                _conv(channels, hidden, act=nn.ReLU()),
                _conv(hidden, hidden, 3, stride, act=nn.ReLU()),
                _conv(hidden, 4 * hidden),
            )
            shortcut = _conv(channels, 4 * hidden, 1, stride) if index == 0 else None
            layers.append(_Residual(branch, shortcut, nn.ReLU()))
            channels = 4 * hidden
    return _ready(nn.Sequential(*layers, _classifier(channels, classes)))


def resnet50_like() -> nn.Module:
    """ResNet-50 (arXiv 1512.03385, table 1), the stride on the 3 x 3 convolution."""
    return _resnet50(64, (3, 4, 6, 3), 1000)


def resnet50_narrow() -> nn.Module:
    """ResNet-50's 53 convolutions a quarter as wide."""
    return _resnet50(16, (3, 4, 6, 3), 100)


class _ReXBlock(nn.Module):
    """ReXNet's linear bottleneck (arXiv 2007.00992): the shortcut covers the first channels."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.inputs = inputs if stride == 1 and inputs <= outputs else 0
        self.layers = nn.Sequential(
            _conv(inputs, hidden, act=nn.SiLU()),
            _conv(hidden, hidden, 3, stride, groups=hidden),
            _SqueezeExcite(hidden, nn.Sigmoid(), batch_norm=True),
            nn.ReLU6(),
            _conv(hidden, outputs),
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
    return _ready(
        nn.Sequential(
            _conv(3, 16, 3, 2, act=nn.SiLU()),
            *blocks,
            _conv(62, 128, act=nn.SiLU()),
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(128, 50, 1),
            nn.Flatten(),
        )
    )


def mobilenet_v3_like() -> nn.Module:
    """Hard swish and squeeze-and-excite by hard sigmoid (arXiv 1905.02244)."""

    def block(inputs: int, outputs: int, kernel: int, stride: int, excite: bool, hard: bool):  # type: ignore[no-untyped-def] # noqa: ANN202, E501
        hidden = inputs * 3
        act = nn.Hardswish if hard else nn.ReLU
        branch = nn.Sequential(
            _conv(inputs, hidden, act=act()),
            _conv(hidden, hidden, kernel, stride, groups=hidden, act=act()),
            *([_SqueezeExcite(hidden, nn.Hardsigmoid())] if excite else []),
            _conv(hidden, outputs),
        )
        return _Residual(branch) if stride == 1 and inputs == outputs else branch

    return _ready(
        nn.Sequential(
            _conv(3, 16, 3, 2, act=nn.Hardswish()),
            block(16, 24, 3, 2, False, False),
            block(24, 24, 3, 1, False, False),
            block(24, 40, 5, 2, True, True),
            block(40, 40, 5, 1, True, True),
            block(40, 48, 5, 1, True, True),
            _conv(48, 144, act=nn.Hardswish()),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(144, 160),
            nn.Hardswish(),
            nn.Linear(160, 50),
        )
    )


def effnet_like() -> nn.Module:
    """EffNet's separated convolutions and pooling (arXiv 1801.06434); takes 64 x 64."""

    def block(inputs: int, outputs: int) -> nn.Sequential:
        def after(channels: int) -> list[nn.Module]:
            return [nn.LeakyReLU(0.3), nn.BatchNorm2d(channels)]

        return nn.Sequential(
            nn.Conv2d(inputs, outputs // 2, 1),
            *after(outputs // 2),
            nn.Conv2d(outputs // 2, outputs // 2, (1, 3), padding=(0, 1), groups=outputs // 2),
            *after(outputs // 2),
            nn.MaxPool2d((2, 1), (2, 1)),
            nn.Conv2d(outputs // 2, outputs // 2, (3, 1), padding=(1, 0), groups=outputs // 2),
            *after(outputs // 2),
            nn.Conv2d(outputs // 2, outputs, (2, 1), (1, 2)),
            *after(outputs),
        )

    return _ready(
        nn.Sequential(
            block(3, 32), block(32, 64), block(64, 128), nn.Flatten(), nn.Linear(128 * 6 * 8, 20)
        )
    )


class _GroupedUnit(nn.Module):
    """ShuffleNet's unit (arXiv 1707.01083): grouped 1 x 1, shuffle, depthwise, grouped 1 x 1."""

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int = 3) -> None:
        super().__init__()
        hidden = outputs // 4
        self.groups, self.stride = groups, stride
        branch = outputs - inputs if stride == 2 else outputs
        self.reduce = _conv(inputs, hidden, groups=groups, act=nn.ReLU())
        self.depthwise = _conv(hidden, hidden, 3, stride, groups=hidden)
        self.expand = _conv(hidden, branch, groups=groups)

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
    return _ready(
        nn.Sequential(
            _conv(3, 24, 3, 2, act=nn.ReLU()),
            nn.MaxPool2d(3, 2, 1),
            _GroupedUnit(24, 120, 2),
            _GroupedUnit(120, 120, 1),
            _GroupedUnit(120, 240, 2),
            _GroupedUnit(240, 240, 1),
            _classifier(240, 50),
        )
    )


def prelu_elu() -> nn.Module:
    """PReLU, ELU, a clip with bounds of no special name, and a max pool over values below zero."""
    return _ready(
        nn.Sequential(
            _conv(3, 16, 3, 2, act=nn.PReLU(16)),
            _conv(16, 24, 3, 1, act=nn.ELU()),
            nn.MaxPool2d(3, 2, 1),
            _conv(24, 48, 3, 2, groups=24, act=nn.Hardtanh(-1.5, 2.0)),  # two filters a channel
            _conv(48, 48, act=nn.PReLU()),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(48, 30),
        )
    )


class _Segmentation(nn.Module):
    """A dilated encoder, a decoder by resizing, class scores per pixel and an edge map."""

    def __init__(self) -> None:
        super().__init__()
        self.shallow = _conv(3, 16, 3, 2, act=nn.ReLU())
        self.deep = nn.Sequential(
            _conv(16, 32, 3, 2, act=nn.ReLU()),
            _conv(32, 32, 3, groups=32, dilation=2, act=nn.ReLU()),
            _conv(32, 48, 3, dilation=2, act=nn.ReLU()),
        )
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(48, 48, 1), nn.Sigmoid())
        self.join = _conv(64, 24, 3, act=nn.ReLU())
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
    return _ready(_Segmentation())


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(functional.relu(self.norm(x)))], 1)


def densenet_like() -> nn.Module:
    """Dense blocks: batch norm before the convolution, concatenation after it (1608.06993)."""
    layers: list[nn.Module] = [_conv(3, 24, 3, 2, act=nn.ReLU())]
    channels = 24
    for block in range(2):
        for _ in range(4):
            layers.append(_DenseLayer(channels, 12))
            channels += 12
        if block == 0:
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, 1)]
            layers.append(nn.AvgPool2d(2))
            channels //= 2
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), _classifier(channels, 40)]
    return _ready(nn.Sequential(*layers))


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
    return _ready(nn.Sequential(*layers))
