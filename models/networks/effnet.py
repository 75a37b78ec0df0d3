"""EffNet: Freeman et al., "EffNet: An Efficient Structure for Convolutional Neural Networks".

arXiv 1801.06434. Each 3x3 convolution of a network for 32x32 images becomes a block of a 1x1, a
depthwise 1x3 and a depthwise 3x1 convolution; its 2x2 pooling is split in two: a max pooling that
halves the height in the middle of the block, and a last convolution that halves the width.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from _edgeship.errors import InputError

# Channels of the first block's input convolution and of each block's output.
CHANNELS = (32, 64, 128, 256)

# The authors' 0.99 in Keras: there momentum weighs the old average, in torch the new batch.
_MOMENTUM = 0.01
_SLOPE = 0.3
# Side of the feature map that a 32x32 image leaves to the classifier.
_SIDE = 4
_MAX_WIDTH = 16
_MAX_REPEATS = 64


class EffNet(nn.Module):
    """The classification network; the default is the paper's for CIFAR-10.

    The classifier reads a 4x4 map, which is what the blocks leave of 32x32 pixels. Of larger
    inputs it reads 4x4 averages, and of smaller ones the nearest values, so that the same weights
    take any input of at least 8x8 pixels.

    The paper also reports an EffNet-large with about the cost of its baseline, seven times that
    of EffNet, but its layers are not published in a form that we could check. `effnet_large` is
    the network of that cost with every width doubled and two further blocks, one on each of the
    last two resolutions, that keep width and resolution.

    Args:
        num_classes: Number of scores.
        in_channels: Channels of the input.
        width: Multiplies every width.
        repeats: Blocks per resolution, in three resolutions; the first of each halves height and
            width.

    Raises:
        InputError: `width` is not a whole number from 1 to 16, or `repeats` are not three whole
            numbers from 1 to 64.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        width: int = 1,
        repeats: tuple[int, ...] = (1, 1, 1),
    ) -> None:
        super().__init__()
        _require_size(width, repeats)
        channels = [width * c for c in CHANNELS]
        blocks: list[nn.Module] = []
        before = in_channels
        for (wide, after), count in zip(pairwise(channels), repeats, strict=True):
            blocks.append(_block(before, wide, after, halve=True))
            blocks.extend(_block(after, after, after, halve=False) for _ in range(count - 1))
            before = after
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(before * _SIDE**2, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W), H and W at least 8, to scores (N, num_classes)."""
        scores: Tensor = self.linear(_resize(self.blocks(x)).flatten(1))
        return scores


def _block(in_channels: int, channels: int, out_channels: int, *, halve: bool) -> nn.Sequential:
    """Return the block of Figure 1 (a), or, without `halve`, one that keeps height and width."""
    pool = [nn.MaxPool2d((2, 1))] if halve else []
    columns = 2 if halve else 1
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 1, bias=False),
        *_post(channels),
        nn.Conv2d(channels, channels, (1, 3), padding=(0, 1), groups=channels, bias=False),
        *_post(channels),
        *pool,
        nn.Conv2d(channels, channels, (3, 1), padding=(1, 0), groups=channels, bias=False),
        *_post(channels),
        nn.Conv2d(channels, out_channels, (1, columns), stride=(1, columns), bias=False),
        *_post(out_channels),
    )


def _post(channels: int) -> list[nn.Module]:
    """Return what follows each convolution: the activation comes before the batch norm."""
    return [nn.LeakyReLU(_SLOPE), nn.BatchNorm2d(channels, momentum=_MOMENTUM)]


def _resize(x: Tensor) -> Tensor:
    """Map (N, C, H, W) to (N, C, 4, 4); adaptive pooling would not export at every size."""
    height, width = x.shape[2:]
    if min(height, width) < _SIDE:
        x = functional.interpolate(x, size=(max(height, _SIDE), max(width, _SIDE)))
    if max(height, width) == _SIDE:
        return x
    strides = [side // _SIDE for side in x.shape[2:]]
    windows = [
        side - (_SIDE - 1) * stride for side, stride in zip(x.shape[2:], strides, strict=True)
    ]
    return functional.avg_pool2d(x, windows, strides)


def _require_size(width: object, repeats: object) -> None:
    """Refuse sizes that no EffNet has; True does not count as a number."""
    if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= _MAX_WIDTH:
        raise InputError(
            f"EffNet has no width {width!r}.", todo=f"Use a whole number from 1 to {_MAX_WIDTH}."
        )
    stages = len(CHANNELS) - 1
    if (
        not isinstance(repeats, (tuple, list))
        or len(repeats) != stages
        or not all(isinstance(n, int) and 1 <= n <= _MAX_REPEATS for n in repeats)
    ):
        raise InputError(
            f"EffNet has no repeats {repeats!r}.",
            todo=f"Give {stages} whole numbers from 1 to {_MAX_REPEATS}.",
        )
