"""Building blocks that more than one architecture uses."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn

from export.errors import InputError


def conv_bn_act(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
) -> list[nn.Module]:
    """Return a convolution, its batch norm and, unless None, an activation.

    The layers come as a list, to be spread into the Sequential of the caller: published
    checkpoints number them there. The padding keeps height and width at stride 1 (odd kernels).
    The convolution has no bias because the batch norm has one.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(out_channels),
    ]
    if activation is not None:
        layers.append(activation())
    return layers


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave the channels of `groups` equal groups (ShuffleNet, arXiv 1707.01083).

    Channel j of group i goes to position j * groups + i, so the next layer's halves hold
    channels of every group.

    Args:
        x: (N, C, H, W), with C a multiple of `groups`.
        groups: Number of groups.

    Returns:
        The same values as (N, C, H, W).
    """
    n, c, h, w = x.shape
    by_group = x.reshape(n, groups, c // groups, h, w)
    return by_group.transpose(1, 2).reshape(n, c, h, w)


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
        network: Its name, to begin the message with.
        width: What was asked for.
        widths: The paper's, in the order in which the message lists them.

    Raises:
        InputError: The width is not one of them.
    """
    if not isinstance(width, (int, float)) or width not in widths:
        raise InputError(
            f"{network} has no width {width!r}.",
            todo=f"Use one of {', '.join(map(str, widths))}.",
        )
