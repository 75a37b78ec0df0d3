"""Operators of a profile and the layers of the file that was profiled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from _edgeship.device_bench.measurement.layer_names import with_layers
from _edgeship.device_bench.results.records import Op, Profile
from _edgeship.export.advice.from_tflite import layer_names
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from tests.device_bench.small_files import chain


class Named(nn.Module):
    """Three layers with names, and an element-wise step between them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(nn.Sigmoid(), nn.Conv2d(8, 8, 3, groups=8))
        self.head = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.stem(x)).mean((2, 3)))


def profile(*names: str) -> Profile:
    ops = [
        Op(index=k, name=name, delegated=True, time=100 * (k + 1)) for k, name in enumerate(names)
    ]
    return Profile(ops=tuple(ops), total=2000)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of `Named`."""
    out = tmp_path_factory.mktemp("named")
    torch.manual_seed(0)
    export(Request(Named().eval(), shapes=((1, 3, 12, 12),), calib="random", out=out))
    [path] = Path(out).glob("*.tflite")
    return path.read_bytes()


def test_layers_have_the_names_of_their_modules(file: bytes) -> None:
    assert layer_names(file) == ["stem", "body.1", "head"]


def test_a_profile_gets_them_in_the_order_of_the_file(file: bytes) -> None:
    found = with_layers(
        profile(
            "Convolution (NHWC, F32) IGEMM",
            "Unary Elementwise (NC)",
            "Convolution (NHWC, F32) DWConv",
            "Mean (ND) Reduce",
            "Fully Connected (NC, F32) GEMM",
        ),
        file,
    )
    assert [op.layer for op in found.ops] == ["stem", "", "body.1", "", "head"]


def test_a_profile_of_other_layers_stays_without_names(file: bytes) -> None:
    other = profile("CONV_2D", "CONV_2D")
    assert with_layers(other, file) == other


def test_weights_that_are_called_nothing_give_no_name() -> None:
    assert set(layer_names(chain())) == {""}


def test_shares_are_of_all_operators_together() -> None:
    found = profile("a", "b", "c")
    assert [found.share(op) for op in found.ops] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    nothing = Profile(ops=(Op(index=0, name="a", delegated=False, time=0),), total=0)
    assert nothing.share(nothing.ops[0]) == 0
