"""Batch norms behind activations, against ONNX Runtime on the graph before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import onnx_ir as ir
import pytest
import torch
from torch import nn

from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.network.capture import capture_module
from _edgeship.export.passes.absorb_offset import absorb_offset
from _edgeship.export.passes.absorb_scale import absorb_scale
from _edgeship.export.passes.fold_batch_norm import fold_batch_norm
from _edgeship.export.preparation.prepare import prepare_captured
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare

pytestmark = pytest.mark.slow

SHAPE = (2, 6, 9, 8)


#: Makes a layer when the test runs, so that its weights come from the test's own seed.
Make = Callable[[], nn.Module]


def captured(*makes: Make) -> ir.Model:
    """The graph of layers in a row, with weights that depend on nothing but the layers."""
    torch.manual_seed(0)
    layers = [make() for make in makes]
    graph = prepare_captured(capture_module(nn.Sequential(*layers).eval(), (SHAPE,))[0])
    fold_batch_norm(graph)
    return graph


def assert_equal(before: ir.Model, after: ir.Model) -> None:
    rng = np.random.default_rng(0)
    name = before.graph.inputs[0].name
    samples = [{name: rng.normal(size=SHAPE).astype(np.float32)} for _ in range(2)]
    parity = compare(*(run_onnx(serialize(infer_shapes(g)), samples) for g in (before, after)))
    assert parity.max_rel < 2e-6


def conv(kernel: int = 1, padding: int = 0, **options: int) -> Make:
    return lambda: nn.Conv2d(6, 6, kernel, padding=padding, **options)


def norm(*, negative: int = 0, dead: int = 0) -> Make:
    """A batch norm with statistics, some of its factors negative or zero."""

    def make() -> nn.BatchNorm2d:
        made = nn.BatchNorm2d(6)
        with torch.no_grad():
            made.weight.uniform_(0.3, 2)
            made.weight[:negative] *= -1
            made.weight[negative : negative + dead] = 0
            made.bias.normal_()
            made.running_mean.normal_()
            made.running_var.uniform_(0.2, 3)
        return made

    return make


def leaky(slope: float = 0.3) -> Make:
    return lambda: nn.LeakyReLU(slope)


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ((conv(3, 1), leaky(), norm()), {"Add": 1}),
        ((conv(3, 1, bias=False), nn.ReLU, norm()), {"Add": 1}),
        ((conv(3, 1, groups=3), nn.ReLU, partial(nn.MaxPool2d, 2), norm()), {"Add": 1}),
        ((conv(), leaky(), norm(negative=2)), {"Mul": 1, "Add": 1}),
        ((conv(), nn.ReLU, norm(dead=1)), {"Mul": 1, "Add": 1}),
    ],
)
def test_the_scale_goes_into_the_convolution(
    layers: tuple[Make, ...], left: dict[str, int]
) -> None:
    graph = captured(*layers)
    before = ir.from_proto(ir.to_proto(graph))
    assert absorb_scale(graph) == 1
    counts = operator_counts(graph)
    assert "BatchNormalization" not in counts
    assert {op: counts[op] for op in ("Mul", "Add") if op in counts} == left
    assert_equal(before, graph)


@pytest.mark.parametrize(
    "layers",
    [
        (conv(), nn.SiLU, norm()),
        (conv(), nn.ReLU6, norm()),
        (conv(), leaky(0.1), partial(nn.AvgPool2d, 3, padding=1), norm()),
        (nn.ReLU, norm()),
    ],
)
def test_what_does_not_commute_with_a_factor_stays(layers: tuple[Make, ...]) -> None:
    graph = captured(*layers)
    assert absorb_scale(graph) == 0
    assert operator_counts(graph)["BatchNormalization"] == 1


class Branches(nn.Module):
    """The activation is read twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = conv()(), norm()()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.conv(x))
        return self.norm(y) * y


def test_an_activation_with_another_reader_keeps_its_scale() -> None:
    assert absorb_scale(captured(Branches)) == 0


@pytest.mark.parametrize("negative", [0, 3])
@pytest.mark.parametrize(
    ("behind", "absorbed"),
    [
        ((conv(),), 1),
        ((conv(3, groups=6, bias=False),), 1),
        ((conv(2, groups=3, stride=2),), 1),
        ((partial(nn.MaxPool2d, 3, 2, 1), conv()), 1),
        ((partial(nn.AvgPool2d, 3, 2), conv()), 1),
        ((nn.Flatten, partial(nn.Linear, 6 * 9 * 8, 4)), 1),
        ((partial(nn.MaxPool2d, 2), nn.Flatten, partial(nn.Linear, 96, 4)), 1),
        ((partial(nn.AdaptiveAvgPool2d, 1), nn.Flatten, partial(nn.Linear, 6, 4)), 1),
        ((conv(3, 1),), 0),
        ((partial(nn.AvgPool2d, 3, 2, 1), conv()), 0),
        ((partial(nn.AvgPool2d, 3, 2, ceil_mode=True), conv()), 0),
        ((nn.ReLU, conv()), 0),
    ],
)
def test_the_offset_goes_into_an_unpadded_convolution_or_a_product(
    behind: tuple[Make, ...], absorbed: int, negative: int
) -> None:
    graph = captured(conv(), leaky(), norm(negative=negative), *behind)
    before = ir.from_proto(ir.to_proto(graph))
    absorb_scale(graph)
    assert absorb_offset(graph) == absorbed
    assert operator_counts(graph).get("Add", 0) == 1 - absorbed
    assert_equal(before, graph)
