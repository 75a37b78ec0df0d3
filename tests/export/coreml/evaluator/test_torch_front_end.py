"""Packages that were not made here: by coremltools' own converter, from PyTorch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from _edgeship.export.coreml.evaluator import read_program, run
from _edgeship.export.coreml.format.library import coremltools, quiet
from _edgeship.export.coreml.format.package import package_of

pytestmark = pytest.mark.slow


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 2, 1)
        self.excite = nn.Conv2d(channels // 2, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = functional.relu(self.squeeze(functional.adaptive_avg_pool2d(x, 1)))
        return x * functional.hardsigmoid(self.excite(scale))


class ManyLayers(nn.Module):
    """What the CNNs of the field are made of."""

    shape = (1, 3, 32, 32)

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1),
            nn.BatchNorm2d(16),
            nn.Hardswish(),
            nn.Conv2d(16, 16, 5, 1, 2, groups=16),
            nn.SiLU(),
            SqueezeExcite(16),
            nn.MaxPool2d(3, 2, 1),
            nn.AvgPool2d(2, 2, 0, ceil_mode=True),
            nn.ConvTranspose2d(16, 8, 4, 2, 1),
            nn.GELU(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.PReLU(8),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.GroupNorm(2, 8),
            nn.ELU(),
            nn.PixelShuffle(2),
            nn.ReflectionPad2d(1),
            nn.LeakyReLU(0.1),
        )
        self.head = nn.Linear(2, 5)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        first, second = self.body(x).chunk(2, 1)
        y = torch.cat([second, first * second], 1)
        return torch.softmax(self.head(y.mean((2, 3))), 1), y.permute(0, 2, 3, 1)


class Shuffle(nn.Module):
    """A channel shuffle by transposing, and a layer norm."""

    shape = (1, 8, 6, 6)

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.LayerNorm(6)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = x.view(1, 2, 4, 6, 6).transpose(1, 2).reshape(1, 8, 6, 6)
        return (self.norm(torch.clamp(self.conv(y), -0.5, 0.7)).flatten(1),)


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("FLOAT32", 1e-6), ("FLOAT16", 5e-3)], ids=["float32", "float16"]
)
@pytest.mark.parametrize("network", [ManyLayers, Shuffle])
def test_a_package_of_coremltools_computes_what_torch_does(
    network: type[ManyLayers] | type[Shuffle], precision: str, tolerance: float
) -> None:
    ct = coremltools()
    torch.manual_seed(0)
    module = network().eval()
    x = torch.randn(network.shape)
    with quiet(), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        exported = torch.export.export(module, (x,)).run_decompositions({})
        model = ct.convert(
            exported,
            inputs=[ct.TensorType(name="x", shape=network.shape)],
            convert_to="mlprogram",
            minimum_deployment_target=ct.target.iOS15,
            compute_precision=getattr(ct.precision, precision),
            skip_model_load=True,
        )
        expected = module(x)
    program = read_program(package_of(model))
    results = run(program, {"x": x.numpy()})
    assert len(expected) == len(program.results)
    for name, reference in zip(program.results, expected, strict=True):
        largest = float(reference.abs().max())
        np.testing.assert_allclose(results[name], reference.numpy(), atol=tolerance * largest)
