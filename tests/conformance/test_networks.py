"""The networks that come with ONNX, of which every layer has random weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import pytest

from tests.conformance.networks import load
from tests.export.coreml.ops import harness as coreml
from tests.export.tflite.ops import harness as tflite
from tests.export.tflite.ops.harness import LAYOUTS

pytestmark = pytest.mark.slow

#: Target -> asserts that what it makes of a model computes the same; returns the operators.
CHECKS: dict[str, Callable[[onnx.ModelProto], list[str]]] = {
    "tflite": tflite.check,
    "coreml": coreml.check,
}


@pytest.mark.parametrize("name", ["squeezenet", "densenet121", "inception_v1", "inception_v2"])
@pytest.mark.parametrize("target", CHECKS)
def test_network(target: str, name: str) -> None:
    CHECKS[target](load(name))


@pytest.mark.parametrize(
    ("target", "convolution", "moves"),
    [("tflite", "CONV_2D", {"TRANSPOSE"}), ("coreml", "conv", {"transpose", "cast"})],
)
def test_resnet50(target: str, convolution: str, moves: set[str]) -> None:
    kinds = CHECKS[target](load("resnet50"))
    assert kinds.count(convolution) == 53
    assert not moves & set(kinds)


@pytest.mark.parametrize("io_layout", LAYOUTS)
def test_every_channel_shuffle_is_two_transposes_in_tflite(io_layout: Any) -> None:
    kinds = tflite.check(load("shufflenet"), io_layout)
    # All are of 4 groups and at least 7 x 7 places. In NCHW, the way in is one more and, where the
    # last image is not a pixel, the way out.
    assert kinds.count("TRANSPOSE") == 2 * _shuffles() + (io_layout == "nchw")


def test_every_channel_shuffle_is_one_transpose_in_coreml() -> None:
    kinds = coreml.check(load("shufflenet"))
    assert kinds.count("transpose") == _shuffles()


def _shuffles() -> int:
    count = sum(node.op_type == "Transpose" for node in load("shufflenet").graph.node)
    assert count == 16
    return count
