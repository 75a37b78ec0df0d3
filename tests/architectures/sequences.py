"""Text in pictures, speech, and other signals in order."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.architectures.architecture import Architecture
from tests.architectures.blocks import TransformerBlock, conv_bn


class Crnn(nn.Module):
    """Columns of a picture, read in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(3, 8),
            nn.MaxPool2d(2),
            conv_bn(8, 16),
            nn.MaxPool2d((2, 2), (2, 1), (0, 1)),
            nn.Conv2d(16, 16, (8, 2)),
            nn.ReLU(),
        )
        self.lstm = nn.LSTM(16, 12, bidirectional=True)
        self.last = nn.Linear(24, 11)

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x).squeeze(2).permute(2, 0, 1)
        return self.last(self.lstm(y)[0]).log_softmax(2)


class Svtr(nn.Module):
    """A text recogniser as PP-OCR has: convolutions, height pooled away, a transformer, CTC."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(3, 8, 3, 2, act=nn.Hardswish),
            conv_bn(8, 8, 3, 1, 8, nn.Hardswish),
            conv_bn(8, 16, 1, act=nn.Hardswish),
            nn.Conv2d(16, 16, 3, (2, 1), 1),
            nn.AvgPool2d((8, 2)),
        )
        self.blocks = nn.Sequential(TransformerBlock(16, 2, nn.SiLU), nn.LayerNorm(16))
        self.last = nn.Linear(16, 11)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.body(x).flatten(2).transpose(1, 2))
        return self.last(y).softmax(2)


class DbNet(nn.Module):
    """Where text stands: maps of all sizes joined, and a threshold that is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv_bn(3, 8, 3, 2, act=nn.Hardswish), conv_bn(8, 16, 3, 2)
        self.three = conv_bn(16, 24, 3, 2)
        self.sides = nn.ModuleList(nn.Conv2d(c, 8, 1, bias=False) for c in (16, 24))
        self.heads = nn.ModuleList(self._head() for _ in range(2))

    @staticmethod
    def _head() -> nn.Module:
        return nn.Sequential(
            conv_bn(16, 8),
            nn.ConvTranspose2d(8, 8, 2, 2),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 2, 2),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        two = self.two(self.one(x))
        fine, coarse = self.sides[0](two), self.sides[1](self.three(two))
        up = functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        joined = torch.cat([up, fine + up], 1)
        shrunk, threshold = (head(joined) for head in self.heads)
        binary = 1 / (1 + torch.exp(-5 * (shrunk - threshold)))
        return torch.cat([shrunk, threshold, binary], 1)


class KeywordSpotting(nn.Module):
    """One-dimensional separable convolutions on features of sound."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(10, 16, 9, 2, 4),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.Conv1d(16, 16, 9, padding=4, groups=16),
            nn.Conv1d(16, 24, 1),
            nn.BatchNorm1d(24),
            nn.ReLU(),
            nn.AvgPool1d(2),
        )
        self.last = nn.Linear(24, 6)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.body(x).mean(-1))


class Tagger(nn.Module):
    """A tag for each word, read in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 12)
        self.gru = nn.GRU(12, 10, num_layers=2, batch_first=True, bidirectional=True)
        self.last = nn.Linear(20, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.gru(self.words(x))[0])


class CausalBlock(nn.Module):
    """A dilated convolution that sees the past only."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(channels, channels, 3, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + torch.relu(self.conv(functional.pad(x, (self.pad, 0)))))


def tcn() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(4, 12, 1),
        *(CausalBlock(12, dilation) for dilation in (1, 2, 4)),
        nn.Conv1d(12, 3, 1),
    )


class Autoencoder(nn.Module):
    """An anomaly detector of sensors: down, up, and how far off it is."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Conv1d(4, 8, 4, 2, 1), nn.LeakyReLU(0.1), nn.Flatten())
        self.middle = nn.Sequential(nn.Linear(128, 8), nn.Softplus(), nn.Linear(8, 128))
        self.decode = nn.ConvTranspose1d(8, 4, 4, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.decode(self.middle(self.encode(x)).view(x.shape[0], 8, -1))
        return y, ((x - y) ** 2).mean((1, 2)).sqrt()


ARCHITECTURES = {
    "CRNN": Architecture(Crnn, ((1, 3, 32, 64),)),
    "SVTR": Architecture(Svtr, ((1, 3, 32, 64),)),
    "DBNet": Architecture(DbNet, ((1, 3, 64, 64),)),
    "keyword spotting": Architecture(KeywordSpotting, ((1, 10, 49),)),
    "GRU tagger": Architecture(Tagger, ((1, 8),), words=30),
    "TCN": Architecture(tcn, ((1, 4, 32),)),
    "autoencoder": Architecture(Autoencoder, ((1, 4, 32),)),
}
