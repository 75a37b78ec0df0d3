"""Layers that the networks for the export's tests share."""

from __future__ import annotations

from torch import Tensor, nn

from _edgeship.models.initialization import initialize


def ready(network: nn.Module, size: int = 64) -> nn.Module:
    """Give a network weights under which it behaves like a trained one."""
    return initialize(network, (8, 3, size, size), seed=0)


def conv(
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
    layer = nn.Conv2d(inputs, outputs, sides, stride, padding, dilation, groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), *([act] if act else []))


def classifier(channels: int, classes: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class Residual(nn.Module):
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


class SqueezeExcite(nn.Module):
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
