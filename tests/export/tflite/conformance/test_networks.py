"""The networks that come with ONNX, of which every layer has random weights."""

from __future__ import annotations

import pytest

from export.errors import UnsupportedError
from tests.export.tflite.conformance.networks import load
from tests.export.tflite.ops.harness import LAYOUTS, check, lower_model


@pytest.mark.parametrize("name", ["shufflenet", "squeezenet", "densenet121", "inception_v2"])
def test_network(name: str) -> None:
    check(load(name))


def test_resnet50() -> None:
    kinds = check(load("resnet50"))
    assert kinds.count("CONV_2D") == 53
    assert "TRANSPOSE" not in kinds


@pytest.mark.parametrize("io_layout", LAYOUTS)
def test_every_channel_shuffle_is_one_transpose(io_layout: str) -> None:
    kinds = check(load("shufflenet"), io_layout)
    shuffles = sum(node.op_type == "Transpose" for node in load("shufflenet").graph.node)
    # In NCHW, so are the way in and, where the last image is not a pixel, the way out.
    assert kinds.count("TRANSPOSE") == shuffles + (io_layout == "nchw")


def test_local_response_normalization_is_refused() -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(load("inception_v1"))
    problems = error.value.why.splitlines()
    assert problems
    assert all(problem.strip().startswith("LRN") for problem in problems)
