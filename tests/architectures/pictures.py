"""Networks that give pictures and maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture
from tests.architectures.blocks import Residual, conv_bn


class UNet(nn.Module):
    """Down and up again, with what was seen on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv_bn(3, 8), conv_bn(8, 16)
        self.bottom = conv_bn(16, 16)
        self.up1, self.up2 = nn.ConvTranspose2d(16, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.join1, self.join2 = conv_bn(32, 16), conv_bn(16, 8)
        self.last = nn.Conv2d(8, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)
        two = self.two(functional.max_pool2d(one, 2))
        y = self.up1(self.bottom(functional.max_pool2d(two, 2)))
        y = self.up2(self.join1(torch.cat([y, two], 1)))
        return self.last(self.join2(torch.cat([y, one], 1)))


class DeepLab(nn.Module):
    """Dilated convolutions of several rates and the whole picture (ASPP), resized."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2), conv_bn(8, 16, 3, 2))
        self.rates = nn.ModuleList(conv_bn(16, 8, 3, dilation=rate) for rate in (1, 2, 4))
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 8, 1), nn.ReLU())
        self.last = nn.Sequential(conv_bn(32, 8, 1), nn.Conv2d(8, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.stem(x)
        whole = functional.interpolate(
            self.whole(y), y.shape[2:], mode="bilinear", align_corners=False
        )
        y = self.last(torch.cat([*(rate(y) for rate in self.rates), whole], 1))
        return functional.interpolate(y, x.shape[2:], mode="bilinear", align_corners=False)


class FeaturePyramid(nn.Module):
    """Every map knows the coarser ones; all of them are outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.downs = nn.ModuleList(
            [conv_bn(3, 8, 3, 2), conv_bn(8, 12, 3, 2), conv_bn(12, 16, 3, 2)]
        )
        self.sides = nn.ModuleList(nn.Conv2d(c, 8, 1) for c in (8, 12, 16))
        self.smooth = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(3))

    def forward(self, x: Tensor) -> list[Tensor]:
        sides = []
        for down, side in zip(self.downs, self.sides, strict=True):
            x = down(x)
            sides.append(side(x))
        for level in (1, 0):
            sides[level] = sides[level] + functional.interpolate(sides[level + 1], scale_factor=2.0)
        return [smooth(side) for smooth, side in zip(self.smooth, sides, strict=True)]


class HighResolution(nn.Module):
    """HRNet's: two resolutions side by side, exchanging what they know."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = conv_bn(3, 8, 3, 2), conv_bn(8, 16, 3, 2)
        self.high, self.low = Residual(conv_bn(8, 8)), Residual(conv_bn(16, 16))
        self.to_low, self.to_high = conv_bn(8, 16, 3, 2, act=None), conv_bn(16, 8, 1, act=None)
        self.last = nn.Conv2d(24, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        high = self.stem(x)
        low = self.down(high)
        high, low = self.high(high), self.low(low)
        up = functional.interpolate(
            self.to_high(low), high.shape[2:], mode="bilinear", align_corners=True
        )
        high, low = torch.relu(high + up), torch.relu(low + self.to_low(high))
        low = functional.interpolate(low, high.shape[2:], mode="bilinear", align_corners=True)
        return self.last(torch.cat([high, low], 1))


class BiSeNet(nn.Module):
    """A path for details, one for meaning, and classes of pixels at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.detail = nn.Sequential(conv_bn(3, 8, 3, 2), conv_bn(8, 16, 3, 2))
        self.meaning = nn.Sequential(conv_bn(3, 8, 3, 4), conv_bn(8, 16, 3, 2))
        self.attend = nn.Sequential(nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16), nn.Sigmoid())
        self.last = nn.Conv2d(16, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        detail, meaning = self.detail(x), self.meaning(x)
        meaning = meaning * self.attend(functional.avg_pool2d(meaning, meaning.shape[2:]))
        meaning = functional.interpolate(meaning, scale_factor=2.0, mode="nearest")
        scores = functional.interpolate(
            self.last(detail * torch.sigmoid(meaning)), scale_factor=4.0, mode="bilinear"
        )
        return scores, scores.argmax(1)


class Depth(nn.Module):
    """Distances, positive and of bounded inverse."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.ELU), conv_bn(8, 16, 3, 2, act=nn.ELU))
        self.up = nn.ModuleList([nn.Conv2d(16, 8, 3), nn.Conv2d(8, 8, 3)])
        self.last = nn.Conv2d(8, 1, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(x)
        for conv in self.up:
            y = functional.elu(
                conv(
                    functional.pad(
                        functional.interpolate(y, scale_factor=2.0), (1, 1, 1, 1), mode="reflect"
                    )
                )
            )
        return 1 / (
            0.01
            + 9.99 * torch.sigmoid(self.last(functional.pad(y, (1, 1, 1, 1), mode="replicate")))
        )


class Pose(nn.Module):
    """Heat maps of joints, and where their peaks lie on average (soft argmax)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(3, 8, 3, 2),
            conv_bn(8, 16, 3, 2),
            nn.ConvTranspose2d(16, 16, 4, 2, 1, groups=4, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 5, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        heat = self.body(x)
        chance = heat.flatten(2).softmax(-1).view_as(heat)
        steps = torch.linspace(0, 1, heat.shape[-1])
        xs, ys = (chance.sum(2) * steps).sum(-1), (chance.sum(3) * steps).sum(-1)
        return heat, torch.stack([xs, ys], -1)


class SuperResolution(nn.Module):
    """Channels become pixels, beside a picture resized by cubics."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 1, 1), nn.PReLU(16), Residual(nn.Conv2d(16, 16, 3, 1, 1))
        )
        self.last = nn.Conv2d(16, 12, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        fine = functional.pixel_shuffle(self.last(self.body(x)), 2)
        return fine + functional.interpolate(
            x, scale_factor=2.0, mode="bicubic", align_corners=False
        )


def style_transfer() -> nn.Module:
    residual = nn.Sequential(
        nn.ReflectionPad2d(1), nn.Conv2d(16, 16, 3), nn.InstanceNorm2d(16, affine=True), nn.ReLU()
    )
    return nn.Sequential(
        nn.ReflectionPad2d(4),
        nn.Conv2d(3, 8, 9),
        nn.InstanceNorm2d(8, affine=True),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2, 1),
        nn.InstanceNorm2d(16),
        Residual(residual),
        nn.Upsample(scale_factor=2),
        nn.ReflectionPad2d(1),
        nn.Conv2d(16, 3, 3),
        nn.Tanh(),
    )


def generator() -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(16, 16, 4, 1, 0, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 3, 3, 2, 1, output_padding=1),
        nn.Tanh(),
    )


ARCHITECTURES = {
    "U-Net": Architecture(UNet),
    "DeepLab": Architecture(DeepLab),
    "FPN": Architecture(FeaturePyramid),
    "HRNet": Architecture(HighResolution),
    "BiSeNet": Architecture(BiSeNet, ((1, 3, 64, 64),)),
    "depth": Architecture(Depth),
    "pose": Architecture(Pose),
    "super-resolution": Architecture(SuperResolution),
    "style transfer": Architecture(style_transfer),
    "DCGAN": Architecture(generator, ((1, 16, 1, 1),)),
}
