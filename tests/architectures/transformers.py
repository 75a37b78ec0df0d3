"""Classifiers with attention, or with what took its place."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture
from tests.architectures.blocks import (
    Attention,
    Head,
    LayerNorm2d,
    Residual,
    SqueezeExcite,
    TransformerBlock,
    conv_bn,
    mlp,
)


class ViT(nn.Module):
    """Patches, a class token, positions; DeiT has a token for distillation as well."""

    def __init__(self, distilled: bool = False) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 24, 8, 8)
        self.tokens = nn.Parameter(torch.randn(1, 2 if distilled else 1, 24))
        self.positions = nn.Parameter(torch.randn(1, 16 + self.tokens.shape[1], 24) * 0.02)
        self.blocks = nn.Sequential(TransformerBlock(24, 3), TransformerBlock(24, 3))
        self.norm = nn.LayerNorm(24)
        self.heads = nn.ModuleList(nn.Linear(24, 10) for _ in range(self.tokens.shape[1]))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.tokens.expand(x.shape[0], -1, -1), x], 1) + self.positions
        x = self.norm(self.blocks(x))
        scores = [head(x[:, index]) for index, head in enumerate(self.heads)]
        return sum(scores[1:], scores[0]) / len(scores)


class SwinBlock(nn.Module):
    """Attention in windows, shifted by half a window, with a bias for relative positions."""

    def __init__(self, width: int, window: int, shift: int) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, 2)
        self.mlp = mlp(width, 2 * width)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, 2) * 0.1)
        steps = torch.arange(window)
        y, x = (grid.flatten() for grid in torch.meshgrid(steps, steps, indexing="ij"))
        relative = (y[:, None] - y + window - 1) * (2 * window - 1) + x[:, None] - x + window - 1
        self.register_buffer("relative", relative)

    def forward(self, x: Tensor) -> Tensor:
        batch, height, width, channels = x.shape
        w = self.window
        y = torch.roll(self.norm1(x), (-self.shift, -self.shift), (1, 2))
        y = y.view(batch, height // w, w, width // w, w, channels).permute(0, 1, 3, 2, 4, 5)
        bias = self.table[self.relative.reshape(-1)]  # type: ignore[operator]
        bias = bias.view(w * w, w * w, 2).permute(2, 0, 1)[None]
        y = self.attention(y.reshape(-1, w * w, channels), bias)
        y = y.view(batch, height // w, width // w, w, w, channels).permute(0, 1, 3, 2, 4, 5)
        y = torch.roll(y.reshape(batch, height, width, channels), (self.shift, self.shift), (1, 2))
        x = x + y
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    """Four positions become one with twice the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.reduce = (
            nn.LayerNorm(4 * width),
            nn.Linear(4 * width, 2 * width, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        return self.reduce(self.norm(torch.cat(parts, -1)))


class Swin(nn.Module):
    """Two stages of windows."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.blocks = nn.Sequential(
            SwinBlock(16, 4, 0), SwinBlock(16, 4, 2), PatchMerging(16), SwinBlock(32, 2, 1)
        )
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.patches(x).permute(0, 2, 3, 1)).mean((1, 2)))


class MobileViTBlock(nn.Module):
    """A transformer across the same positions of all patches."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.local = nn.Sequential(
            conv_bn(channels, channels, 3, act=nn.SiLU), nn.Conv2d(channels, width, 1)
        )
        self.transformer = TransformerBlock(width, 2, nn.SiLU)
        self.project = conv_bn(width, channels, 1, act=nn.SiLU)
        self.fuse = conv_bn(2 * channels, channels, 3, act=nn.SiLU)

    def forward(self, x: Tensor) -> Tensor:
        y = self.local(x)
        batch, width, height, length = y.shape
        y = y.reshape(batch * width * height // 2, 2, length // 2, 2).transpose(1, 2)
        y = y.reshape(batch, width, height * length // 4, 4).transpose(1, 3)
        y = self.transformer(y.reshape(batch * 4, height * length // 4, width))
        y = y.view(batch, 4, height * length // 4, width).transpose(1, 3)
        y = y.reshape(batch * width * height // 2, length // 2, 2, 2).transpose(1, 2)
        y = self.project(y.reshape(batch, width, height, length))
        return self.fuse(torch.cat([x, y], 1))


def mobilevit() -> nn.Module:
    return nn.Sequential(
        conv_bn(3, 8, 3, 2, act=nn.SiLU), conv_bn(8, 12, 3, 2), MobileViTBlock(12, 16), Head(12)
    )


class ConvNeXtBlock(nn.Module):
    """A large depthwise kernel, then two layers, scaled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp = mlp(width, 4 * width)
        self.gamma = nn.Parameter(torch.full((width,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        y = self.mlp(self.norm(self.conv(x).permute(0, 2, 3, 1))) * self.gamma
        return x + y.permute(0, 3, 1, 2)


def convnext() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 12, 4, 4),
        LayerNorm2d(12),
        ConvNeXtBlock(12),
        LayerNorm2d(12),
        nn.Conv2d(12, 20, 2, 2),
        ConvNeXtBlock(20),
        Head(20),
    )


class Pooling(nn.Module):
    """PoolFormer's: a mean of the neighbours less the position itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(x) - x


def _pool_block(width: int, norm: type[nn.Module]) -> nn.Module:
    def normed(*layers: nn.Module) -> nn.Module:
        first = nn.GroupNorm(1, width) if norm is nn.GroupNorm else norm(width)
        return Residual(nn.Sequential(first, *layers))

    layers = (nn.Conv2d(width, 2 * width, 1), nn.GELU(), nn.Conv2d(2 * width, width, 1))
    return nn.Sequential(normed(Pooling()), normed(*layers))


def poolformer() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 12, 7, 4, 2),
        _pool_block(12, nn.GroupNorm),
        nn.Conv2d(12, 16, 3, 2, 1),
        _pool_block(16, nn.GroupNorm),
        nn.GroupNorm(1, 16),
        Head(16),
    )


class EfficientFormer(nn.Module):
    """Pools on pictures first, attention with a bias on tokens last."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2), conv_bn(8, 16, 3, 2))
        self.stage = _pool_block(16, nn.BatchNorm2d)
        self.down = conv_bn(16, 24, 3, 2)
        self.norm, self.attention = nn.LayerNorm(24), Attention(24, 3)
        self.bias = nn.Parameter(torch.randn(1, 3, 16, 16) * 0.1)
        self.mlp = nn.Sequential(nn.LayerNorm(24), mlp(24, 48))
        self.head, self.distilled = nn.Linear(24, 10), nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(self.stage(self.stem(x))).flatten(2).transpose(1, 2)
        x = x + self.attention(self.norm(x), self.bias)
        x = (x + self.mlp(x)).mean(-2)
        return (self.head(x) + self.distilled(x)) / 2


class FastViTAttention(nn.Module):
    """Fused attention of PyTorch on a picture's positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.qkv, self.project = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, width, height, length = x.shape
        y = self.qkv(self.norm(x).flatten(2).transpose(1, 2))
        query, key, value = y.reshape(batch, -1, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(query, key, value)
        y = self.project(y.transpose(1, 2).reshape(batch, -1, width))
        return x + y.transpose(1, 2).reshape(batch, width, height, length)


def fastvit() -> nn.Module:
    mixer = Residual(nn.Sequential(nn.BatchNorm2d(16), conv_bn(16, 16, 3, groups=16, act=None)))
    return nn.Sequential(
        conv_bn(3, 16, 3, 2, act=nn.GELU),
        conv_bn(16, 16, 3, 2, 16, nn.GELU),
        mixer,
        Residual(nn.Sequential(nn.Conv2d(16, 32, 1), nn.GELU(), nn.Conv2d(32, 16, 1))),
        conv_bn(16, 16, 7, 2, 16),
        nn.Conv2d(16, 16, 7, padding=3, groups=16),
        FastViTAttention(16),
        SqueezeExcite(16, 4),
        Head(16),
    )


class CrossCovariance(nn.Module):
    """EdgeNeXt's attention among channels, between normalized tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.temperature = nn.Parameter(torch.ones(2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        batch, width, height, length = x.shape
        y = self.qkv(self.norm(x.flatten(2).transpose(1, 2)))
        y = y.reshape(batch, height * length, 3, 2, width // 2).permute(2, 0, 3, 4, 1)
        query, key = functional.normalize(y[0], dim=-1), functional.normalize(y[1], dim=-1)
        weights = (query @ key.transpose(-2, -1) * self.temperature).softmax(-1)
        mixed = (weights @ y[2]).permute(0, 3, 1, 2).reshape(batch, height * length, width)
        return x + self.project(mixed).transpose(1, 2).reshape(batch, width, height, length)


class SplitDepthwise(nn.Module):
    """EdgeNeXt's: parts of the channels see more and more of the picture."""

    def __init__(self, width: int) -> None:
        super().__init__()
        part = width // 2
        self.convs = nn.ModuleList(nn.Conv2d(part, part, 3, 1, 1, groups=part) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        first, second = torch.chunk(x, 2, 1)
        first = self.convs[0](first)
        return torch.cat([first, self.convs[1](first + second)], 1)


def edgenext() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 4, 4),
        LayerNorm2d(16),
        ConvNeXtBlock(16),
        SplitDepthwise(16),
        CrossCovariance(16),
        ConvNeXtBlock(16),
        Head(16),
    )


class MixerBlock(nn.Module):
    """Layers across tokens, then across channels."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.tokens, self.channels = mlp(tokens, 2 * tokens), mlp(width, 2 * width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    """Patches, and layers only."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.blocks = nn.Sequential(MixerBlock(16, 16), MixerBlock(16, 16), nn.LayerNorm(16))
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.patches(x).flatten(2).transpose(1, 2)).mean(1))


ARCHITECTURES = {
    "ViT-Ti": Architecture(ViT),
    "DeiT": Architecture(lambda: ViT(distilled=True)),
    "Swin": Architecture(Swin),
    "MobileViT": Architecture(mobilevit),
    "ConvNeXt-atto": Architecture(convnext),
    "PoolFormer": Architecture(poolformer),
    "EfficientFormer": Architecture(EfficientFormer),
    "FastViT": Architecture(fastvit),
    "EdgeNeXt": Architecture(edgenext),
    "MLP-Mixer": Architecture(Mixer),
}
