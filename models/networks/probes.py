"""The networks that measure guidelines G1 to G4 of the ShuffleNet V2 paper, its Tables 1 to 4.

arXiv 1807.11164, section 2. Each stacks 10 equal blocks on an input of 56x56. Not determined by
the paper, and chosen here: every convolution has a batch norm, which is folded into it on export,
and only the units of G4 have ReLUs.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from _edgeship.models.networks.blocks import conv_bn_act

BLOCKS = 10

# A bottleneck's inner convolution has this fraction of its channels, as in ResNet.
BOTTLENECK = 4


class ChannelRatioProbe(nn.Sequential):
    """G1, Table 1: blocks of two 1x1 convolutions, from c1 to c2 channels and back.

    Maps (N, c1, H, W) to (N, c1, H, W).

    Args:
        c1: Channels of the input.
        c2: Channels between the two convolutions.
    """

    def __init__(self, c1: int, c2: int) -> None:
        super().__init__(*_stack(lambda: [*_conv(c1, c2), *_conv(c2, c1)]))


class GroupProbe(nn.Sequential):
    """G2, Table 2: 1x1 group convolutions.

    Maps (N, channels, H, W) to (N, channels, H, W).

    Args:
        channels: Channels throughout; a multiple of `groups`.
        groups: Groups of each convolution.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(*_stack(lambda: _conv(channels, channels, groups=groups)))


class SeriesProbe(nn.Sequential):
    """G3, Table 3: blocks of 1x1 convolutions in series ("1-fragment" and "series").

    Maps (N, channels, H, W) to (N, channels, H, W).

    Args:
        channels: Channels throughout.
        fragments: Convolutions of a block.
    """

    def __init__(self, channels: int, fragments: int) -> None:
        super().__init__(*_stack(lambda: _conv(channels, channels), BLOCKS * fragments))


class ParallelBlock(nn.Module):
    """G3, Table 3: parallel 1x1 convolutions whose outputs are added.

    The paper does not say how they join. If they were concatenated, a block would have the
    mult-adds of one convolution without the adjustment of channels that the table mentions.

    Args:
        channels: Channels of input and output.
        fragments: Number of convolutions.
    """

    def __init__(self, channels: int, fragments: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*_conv(channels, channels)) for _ in range(fragments)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H, W)."""
        first, *others = self.branches
        y: Tensor = first(x)
        for branch in others:
            y = y + branch(x)
        return y


class ParallelProbe(nn.Sequential):
    """G3, Table 3: blocks of parallel 1x1 convolutions ("parallel").

    Maps (N, channels, H, W) to (N, channels, H, W).

    Args:
        channels: Channels throughout.
        fragments: Convolutions of a block.
    """

    def __init__(self, channels: int, fragments: int) -> None:
        super().__init__(*_stack(lambda: [ParallelBlock(channels, fragments)]))


class BottleneckBlock(nn.Module):
    """G4, Table 4: ResNet's 1x1, 3x3 and 1x1 convolutions, with ReLU and shortcut or without.

    Args:
        channels: Channels of input and output; a multiple of 4.
        relu: Whether a ReLU follows each convolution, the last after the addition.
        shortcut: Whether the input is added.
    """

    def __init__(self, channels: int, relu: bool, shortcut: bool) -> None:
        super().__init__()
        hidden = channels // BOTTLENECK
        activation = nn.ReLU if relu else None
        self.residual = nn.Sequential(
            *conv_bn_act(channels, hidden, 1, activation=activation),
            *conv_bn_act(hidden, hidden, 3, activation=activation),
            *conv_bn_act(hidden, channels, 1, activation=None),
        )
        self.relu, self.shortcut = relu, shortcut
        # Thirty random layers that each cut off half of their values, with no shortcut beside
        # them, amplify the rounding of int8 to the size of the result.
        norms = [layer for layer in self.residual if isinstance(layer, nn.BatchNorm2d)]
        self.lifted_norms = tuple(norms) if relu else ()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, H, W)."""
        y: Tensor = self.residual(x)
        if self.shortcut:
            y = y + x
        return functional.relu(y) if self.relu else y


class ElementwiseProbe(nn.Sequential):
    """G4, Table 4: bottleneck units with ReLU and shortcut or without.

    Maps (N, channels, H, W) to (N, channels, H, W). The table's c is taken for the width of a
    unit's input and output. The paper does not say so, but with c as the width of its 3x3 the unit
    of c = 128 would cost 17 times the convolution of Table 3's c = 128, at 3/4 of its speed.

    Args:
        channels: Channels throughout; a multiple of 4.
        relu: Whether the units have ReLUs.
        shortcut: Whether the units have a shortcut.
    """

    def __init__(self, channels: int, relu: bool, shortcut: bool) -> None:
        super().__init__(*_stack(lambda: [BottleneckBlock(channels, relu, shortcut)]))


def _conv(in_channels: int, out_channels: int, groups: int = 1) -> list[nn.Module]:
    """Return a 1x1 convolution and its batch norm."""
    return conv_bn_act(in_channels, out_channels, 1, groups=groups, activation=None)


def _stack(block: Callable[[], list[nn.Module]], blocks: int = BLOCKS) -> list[nn.Module]:
    """Return the layers of several blocks."""
    return [layer for _ in range(blocks) for layer in block()]
