"""Detectors: boxes and scores, decoded as they are published or left as maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture
from tests.architectures.blocks import Residual, conv_bn


class C3(nn.Module):
    """YOLO's stage: half of the channels go through, the others around."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.one, self.two = (conv_bn(channels, half, 1, act=nn.SiLU) for _ in range(2))
        self.inner = Residual(conv_bn(half, half, 3, act=nn.SiLU))
        self.last = conv_bn(channels, channels, 1, act=nn.SiLU)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.cat([self.inner(self.one(x)), self.two(x)], 1))


class Sppf(nn.Module):
    """Pools one after the other, all of them kept."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.last = conv_bn(4 * channels, channels, 1, act=nn.SiLU)

    def forward(self, x: Tensor) -> Tensor:
        pools = [x]
        for _ in range(3):
            pools.append(self.pool(pools[-1]))
        return self.last(torch.cat(pools, 1))


class Pyramid(nn.Module):
    """Two maps, of which the finer one knows the coarser one."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.SiLU), conv_bn(8, 16, 3, 2), C3(16))
        self.down = nn.Sequential(conv_bn(16, 16, 3, 2, act=nn.SiLU), Sppf(16))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.join = C3(32)

    def forward(self, x: Tensor) -> list[Tensor]:
        fine = self.stem(x)
        coarse = self.down(fine)
        return [self.join(torch.cat([self.up(coarse), fine], 1)), coarse]


def _grid(height: int, width: int) -> Tensor:
    ys, xs = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([xs, ys], -1).float()


class YoloV5(nn.Module):
    """Anchors, decoded: centres, sizes, scores in one tensor."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.outputs = 5 + classes
        self.body = Pyramid()
        self.heads = nn.ModuleList(nn.Conv2d(c, 2 * self.outputs, 1) for c in (32, 16))
        self.anchors = torch.tensor([[[4.0, 6.0], [8.0, 5.0]], [[16.0, 12.0], [20.0, 28.0]]])

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for level, feature in enumerate(self.body(x)):
            y = self.heads[level](feature)
            batch, _, height, width = y.shape
            y = y.view(batch, 2, self.outputs, height, width).permute(0, 1, 3, 4, 2).sigmoid()
            stride = x.shape[2] / height
            centre, size, scores = y.split((2, 2, self.outputs - 4), 4)
            centre = (centre * 2 + _grid(height, width) - 0.5) * stride
            size = (size * 2) ** 2 * self.anchors[level].view(1, 2, 1, 1, 2)
            found.append(torch.cat([centre, size, scores], 4).view(batch, -1, self.outputs))
        return torch.cat(found, 1)


class YoloV8(nn.Module):
    """Boxes by distributions of distances (DFL), decoupled from the scores; v10 takes the best."""

    def __init__(self, classes: int = 3, bins: int = 8, best: int = 0) -> None:
        super().__init__()
        self.classes, self.bins, self.best = classes, bins, best
        self.body = Pyramid()
        self.boxes = nn.ModuleList(
            nn.Sequential(conv_bn(c, 16, 3, act=nn.SiLU), nn.Conv2d(16, 4 * bins, 1))
            for c in (32, 16)
        )
        self.scores = nn.ModuleList(
            nn.Sequential(conv_bn(c, 16, 3, act=nn.SiLU), nn.Conv2d(16, classes, 1))
            for c in (32, 16)
        )
        self.dfl = nn.Conv2d(bins, 1, 1, bias=False)
        self.dfl.weight.data[:] = torch.arange(bins).view(1, bins, 1, 1).float()

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        boxes, scores, anchors, strides = [], [], [], []
        for level, feature in enumerate(self.body(x)):
            batch, _, height, width = feature.shape
            boxes.append(self.boxes[level](feature).view(batch, 4 * self.bins, -1))
            scores.append(self.scores[level](feature).view(batch, self.classes, -1))
            anchors.append(_grid(height, width).view(-1, 2).T + 0.5)
            strides.append(torch.full((1, height * width), float(x.shape[2] // height)))
        joined = torch.cat(boxes, 2)
        spread = joined.view(joined.shape[0], 4, self.bins, -1).transpose(2, 1).softmax(1)
        distances = self.dfl(spread).view(joined.shape[0], 4, -1)
        first, second = distances.chunk(2, 1)
        centre = torch.cat(anchors, 1)
        corner1, corner2 = centre - first, centre + second
        decoded = torch.cat([(corner1 + corner2) / 2, corner2 - corner1], 1) * torch.cat(strides, 1)
        chances = torch.cat(scores, 2).sigmoid()
        if not self.best:
            return torch.cat([decoded, chances], 1)
        return self._take_best(decoded.transpose(1, 2), chances.transpose(1, 2))

    def _take_best(self, boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        largest, index = torch.topk(scores.amax(-1), self.best, dim=-1)
        boxes = torch.gather(boxes, 1, index[..., None].expand(-1, -1, 4))
        scores = torch.gather(scores, 1, index[..., None].expand(-1, -1, self.classes))
        return boxes, largest, scores.argmax(-1)


class YoloX(nn.Module):
    """Focus slices in, boxes without anchors out, by exponentials."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(12, 16, 3, act=nn.SiLU), conv_bn(16, 16, 3, 2), C3(16))
        self.boxes, self.object = nn.Conv2d(16, 4, 1), nn.Conv2d(16, 1, 1)
        self.scores = nn.Conv2d(16, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat(
            [x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1
        )
        y = self.stem(x)
        parts = [self.boxes(y), self.object(y).sigmoid(), self.scores(y).sigmoid()]
        found = torch.cat(parts, 1).flatten(2).permute(0, 2, 1)
        centre = (found[..., :2] + _grid(*y.shape[2:]).view(1, -1, 2)) * 4
        return torch.cat([centre, torch.exp(found[..., 2:4]) * 4, found[..., 4:]], -1)


class Ssd(nn.Module):
    """Maps of two sizes; boxes and scores of classes are outputs of their own."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.classes = classes
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2), conv_bn(8, 16, 3, 2))
        self.down = conv_bn(16, 16, 3, 2)
        self.boxes = nn.ModuleList(nn.Conv2d(16, 8, 3, padding=1) for _ in range(2))
        self.scores = nn.ModuleList(nn.Conv2d(16, 2 * classes, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.stem(x)
        maps = [fine, self.down(fine)]
        boxes = [
            head(m).permute(0, 2, 3, 1).reshape(1, -1, 4)
            for head, m in zip(self.boxes, maps, strict=True)
        ]
        scores = [
            head(m).permute(0, 2, 3, 1).reshape(1, -1, self.classes)
            for head, m in zip(self.scores, maps, strict=True)
        ]
        return torch.cat(boxes, 1), torch.softmax(torch.cat(scores, 1), -1)


class CenterNet(nn.Module):
    """A heat map, and the largest of the neighbours: an app takes the positions where both agree.

    That comparison stays outside: in 8 bits, neighbours of a peak are often equal to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(3, 8, 3, 2),
            conv_bn(8, 16, 3, 2),
            nn.ConvTranspose2d(16, 16, 4, 2, 1),
            nn.ReLU(),
        )
        self.heat, self.size = nn.Conv2d(16, 2, 1), nn.Conv2d(16, 2, 1)
        self.pool = nn.MaxPool2d(3, 1, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.body(x)
        heat = torch.sigmoid(self.heat(y))
        return {"heat": heat, "largest": self.pool(heat), "size": torch.relu(self.size(y))}


class BlazeFace(nn.Module):
    """Shortcuts whose channels are padded, and two anchors for each position."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 5, 2)
        self.depthwise = nn.Conv2d(8, 8, 3, 2, groups=8)
        self.pointwise = nn.Conv2d(8, 12, 1)
        self.boxes, self.scores = nn.Conv2d(12, 32, 1), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.stem(functional.pad(x, (1, 2, 1, 2))))
        shortcut = functional.pad(functional.max_pool2d(x, 2, 2), (0, 0, 0, 0, 0, 4))
        y = self.pointwise(self.depthwise(functional.pad(x, (0, 2, 0, 2))))
        y = torch.relu(y + shortcut)
        boxes = self.boxes(y).permute(0, 2, 3, 1).reshape(1, -1, 16)
        return boxes, self.scores(y).permute(0, 2, 3, 1).reshape(1, -1, 1)


class SFace(nn.Module):
    """A face as a vector of length one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.PReLU(8),
            conv_bn(8, 8, 3, 2, 8, nn.PReLU),
            conv_bn(8, 16, 1, act=None),
            nn.BatchNorm2d(16),
            nn.Dropout(),
            nn.Flatten(),
            nn.Linear(1024, 32),
            nn.BatchNorm1d(32),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.body((x - 0.5) * 0.0078125 * 128))


ARCHITECTURES = {
    "YOLOv5": Architecture(YoloV5, ((1, 3, 64, 64),)),
    "YOLOv8": Architecture(YoloV8, ((1, 3, 64, 64),)),
    "YOLOv10": Architecture(
        lambda: YoloV8(best=12),
        ((1, 3, 64, 64),),
        only_float="rounding changes the order of candidates whose scores are nearly equal",
    ),
    "YOLOX": Architecture(YoloX, ((1, 3, 64, 64),)),
    "SSD": Architecture(Ssd, ((1, 3, 64, 64),)),
    "CenterNet": Architecture(CenterNet),
    "BlazeFace": Architecture(BlazeFace, ((1, 3, 64, 64),)),
    "SFace": Architecture(SFace),
}
