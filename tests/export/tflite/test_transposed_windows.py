from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.transposed_windows import cut_afterwards
from tests.export.tflite.small_graphs import Small


def transposed(height: int, width: int, taps: int, stride: int, less: int) -> Small:
    rng = np.random.default_rng(0)
    shape = (1, height * stride - less, width * stride - less, 3)
    small = Small(x=(1, height, width, 2)).constant("shape", np.array(shape, np.int32))
    small.constant("w", rng.standard_normal((3, taps, taps, 2)).astype(np.float32))
    same = schema.Padding.SAME
    opts = options("TransposeConvOptions", padding=same, strideH=stride, strideW=stride)
    return small.op("TRANSPOSE_CONV", "shape w x", "y", shape, opts=opts).out("y")


@pytest.mark.parametrize(("height", "width"), [(4, 4), (5, 5), (4, 7)])
@pytest.mark.parametrize("taps", [2, 3, 4, 5])
@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("less", [0, 1])
def test_what_is_cut_afterwards_is_the_same(
    height: int, width: int, taps: int, stride: int, less: int
) -> None:
    small = transposed(height, width, taps, stride, less)
    [sample] = small.samples(1)
    [expected] = small.run(small.data(), sample)
    cut_afterwards(small.graph)
    np.testing.assert_allclose(small.run(small.data(), sample)[0], expected, atol=1e-5)


def test_only_what_gpus_compute_wrong_is_cut_afterwards() -> None:
    right, wrong = transposed(4, 4, 3, 2, 0), transposed(5, 5, 3, 2, 0)
    for small in (right, wrong):
        cut_afterwards(small.graph)
    assert [op.kind for op in right.graph.ops] == ["TRANSPOSE_CONV"]
    assert [op.kind for op in wrong.graph.ops] == ["TRANSPOSE_CONV", "SLICE"]
