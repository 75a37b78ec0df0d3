"""Building blocks that more than one architecture uses."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from torch import Tensor, nn

from _edgeship.errors import InputError


class SpatialLayers(NamedTuple):
    """The layers that torch has in one version per number of spatial axes."""

    conv: Callable[..., nn.Module]
    batch_norm: Callable[..., nn.Module]
    max_pool: Callable[..., nn.Module]


_SPATIAL_LAYERS = {
    2: SpatialLayers(nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d),
    3: SpatialLayers(nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d),
}


def spatial_layers(dims: int) -> SpatialLayers:
    """Return the layers for images (N, C, H, W) or for videos of T frames (N, C, T, H, W).

    Args:
        dims: Number of spatial axes: 2 for images, 3 for videos.

    Raises:
        InputError: It is neither.
    """
    if not isinstance(dims, int) or dims not in _SPATIAL_LAYERS:
        raise InputError(
            f"There are no networks with dims={dims!r}.",
            todo="Use 2 for images or 3 for videos.",
        )
    return _SPATIAL_LAYERS[dims]


def conv_bn_act(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int | tuple[int, ...] = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
    dims: int = 2,
) -> list[nn.Module]:
    """Return a convolution, its batch norm and, unless None, an activation.

    The layers come as a list, to be spread into the Sequential of the caller: published
    checkpoints number them there. The padding keeps the spatial axes at stride 1 (odd kernels).
    The convolution has no bias because the batch norm has one. With `dims` 3 it is a convolution
    over frames, height and width.
    """
    of_dims = spatial_layers(dims)
    layers: list[nn.Module] = [
        of_dims.conv(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=False,
        ),
        of_dims.batch_norm(out_channels),
    ]
    if activation is not None:
        layers.append(activation())
    return layers


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave the channels of `groups` equal groups (ShuffleNet, arXiv 1707.01083).

    Channel j of group i goes to position j * groups + i, so the next layer's halves hold
    channels of every group.

    Args:
        x: (N, C, ...), with C a multiple of `groups` and any number of spatial axes.
        groups: Number of groups.

    Returns:
        The same values in the same shape.
    """
    n, c, *sides = x.shape
    by_group = x.reshape(n, groups, c // groups, *sides)
    return by_group.transpose(1, 2).reshape(n, c, *sides)


def global_mean(x: Tensor) -> Tensor:
    """Map (N, C, ...) to the means over all spatial axes, (N, C)."""
    return x.mean(list(range(2, x.ndim)))


def stem_stride(dims: int) -> int | tuple[int, ...]:
    """Return the stride of a network's first convolution; for videos it keeps every frame."""
    return 2 if dims == 2 else (1, 2, 2)


def make_divisible(channels: float, divisor: int = 8) -> int:
    """Round to the nearest multiple of `divisor`, never below nine tenths of the argument.

    The rule of MobileNet's reference code. A tie is rounded up.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * channels else rounded + divisor


class SqueezeExcite(nn.Module):
    """Scale each channel by a factor computed from all channels' means (SENet, arXiv 1709.01507).

    Args:
        channels: Channels of input and output.
        hidden: Channels between the two 1x1 convolutions.
        normalize: Put a batch norm behind the first convolution, as ReXNet does.
    """

    def __init__(self, channels: int, hidden: int, *, normalize: bool = False) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            *([nn.BatchNorm2d(hidden)] if normalize else []),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H, W)."""
        scaled: Tensor = x * self.fc(self.avg_pool(x))
        return scaled


def check_width(network: str, width: object, widths: Collection[float]) -> None:
    """Refuse a width that a paper does not have.

    Args:
        network: The network's name, with which the message begins.
        width: What was asked for.
        widths: The paper's, in the order in which the message lists them.

    Raises:
        InputError: The width is not one of them.
    """
    # True is a 1 to Python.
    if isinstance(width, bool) or not isinstance(width, (int, float)) or width not in widths:
        raise InputError(
            f"{network} has no width {width!r}.",
            todo=f"Use one of {', '.join(map(str, widths))}.",
        )
