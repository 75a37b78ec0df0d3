"""RepVGG-A0: Ding et al., "Making VGG-style ConvNets Great Again".

arXiv 2101.03697, Tables 2 and 3. Modules are named as in the authors' repository, before and after
reparameterizing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# Table 2 with the widths of A0 (a = 0.75, b = 2.5): output channels and blocks of the stages
# behind the first block. The first block of each stage has stride 2.
FIRST_CHANNELS = 48
STAGES = ((48, 2), (96, 4), (192, 14), (1280, 1))


class Branch(nn.Module):
    """A convolution without bias and its batch norm.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: 1 or 3.
        stride: 1 or 2.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H/stride), ceil(W/stride))."""
        y: Tensor = self.bn(self.conv(x))
        return y


class RepVGGBlock(nn.Module):
    """Figure 4: the sum of a 3x3, a 1x1 and, where the shape stays, an identity; then ReLU.

    Each branch ends in its own batch norm. `reparameterize` turns them into one 3x3 convolution
    that computes the same.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: 1 or 2.
        deployed: Whether to start as the single convolution.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, deployed: bool = False
    ) -> None:
        super().__init__()
        self.rbr_identity: nn.BatchNorm2d | None = None
        self.rbr_dense: Branch | None = None
        self.rbr_1x1: Branch | None = None
        self.rbr_reparam: nn.Conv2d | None = None
        if deployed:
            self.rbr_reparam = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1)
            return
        if stride == 1 and in_channels == out_channels:
            self.rbr_identity = nn.BatchNorm2d(in_channels)
        self.rbr_dense = Branch(in_channels, out_channels, 3, stride)
        self.rbr_1x1 = Branch(in_channels, out_channels, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H/stride), ceil(W/stride))."""
        candidates = (self.rbr_reparam, self.rbr_dense, self.rbr_1x1, self.rbr_identity)
        first, *others = (branch for branch in candidates if branch is not None)
        y: Tensor = first(x)
        for branch in others:
            y = y + branch(x)
        return functional.relu(y)

    def reparameterize(self) -> None:
        """Replace the branches by one 3x3 convolution, in place; a second call does nothing.

        Batch norms count with their running statistics, so the result equals the block in eval
        mode.
        """
        if self.rbr_dense is None or self.rbr_1x1 is None:
            return
        dense, pointwise = self.rbr_dense.conv, self.rbr_1x1.conv
        with torch.no_grad():
            parts = [
                _fold(dense.weight, self.rbr_dense.bn),
                _fold(_padded(pointwise.weight), self.rbr_1x1.bn),
            ]
            if self.rbr_identity is not None:
                # An identity is a 1x1 convolution that gives each channel to itself.
                ones = torch.eye(dense.in_channels).to(dense.weight)
                parts.append(_fold(_padded(ones[:, :, None, None]), self.rbr_identity))
            folded = nn.Conv2d(dense.in_channels, dense.out_channels, 3, dense.stride[0], padding=1)
            weights, biases = zip(*parts, strict=True)
            folded.weight = nn.Parameter(torch.stack(weights).sum(0))
            folded.bias = nn.Parameter(torch.stack(biases).sum(0))
        self.rbr_reparam = folded
        self.rbr_dense = self.rbr_1x1 = self.rbr_identity = None


class RepVGGA0(nn.Module):
    """The classification network A0 of Tables 2 and 3.

    Args:
        deployed: Whether to build the single-path network that `reparameterize` makes.
        num_classes: Number of scores.
        in_channels: Channels of the input.
    """

    def __init__(
        self, deployed: bool = False, num_classes: int = 1000, in_channels: int = 3
    ) -> None:
        super().__init__()
        channels = FIRST_CHANNELS
        self.stage0 = RepVGGBlock(in_channels, channels, 2, deployed)
        stages = []
        for out_channels, blocks in STAGES:
            first = RepVGGBlock(channels, out_channels, 2, deployed)
            others = (
                RepVGGBlock(out_channels, out_channels, 1, deployed) for _ in range(blocks - 1)
            )
            stages.append(nn.Sequential(first, *others))
            channels = out_channels
        self.stage1, self.stage2, self.stage3, self.stage4 = stages
        self.linear = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (N, in_channels, H, W) to scores (N, num_classes)."""
        x = self.stage2(self.stage1(self.stage0(x)))
        x = self.stage4(self.stage3(x))
        scores: Tensor = self.linear(x.mean([2, 3]))
        return scores

    def reparameterize(self) -> RepVGGA0:
        """Turn every block into one 3x3 convolution, in place.

        Returns:
            The same module, which computes what it computed in eval mode.
        """
        for block in self.modules():
            if isinstance(block, RepVGGBlock):
                block.reparameterize()
        return self


def _padded(weight: Tensor) -> Tensor:
    """Return the 3x3 weight that computes what a 1x1 weight does."""
    return functional.pad(weight, (1, 1, 1, 1))


def _fold(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a convolution that includes the batch norm behind it."""
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    scale = norm.weight / (variance + norm.eps).sqrt()
    return weight * scale[:, None, None, None], norm.bias - mean * scale
