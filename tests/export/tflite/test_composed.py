"""Operators that TFLite has none of, or refuses in this form, on its kernels: by simpler ones."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.decompositions.harness import Case, case, compare, ints, model_of, rand, run
from tests.export.tflite.ops.harness import lower_model, run_lowered

X = rand(1, 4, 6, 8)
SHORT = np.array([3, 5], np.int32)

CASES = [
    case("Mish", X),
    case("LpPool", X, kernel_shape=[2, 2], strides=[2, 2]),
    case("MaxPool", X, kernel_shape=[2, 2], dilations=[2, 3], pads=[1, 1, 1, 1]),
    case("ConvTranspose", X, rand(4, 1, 4, 4), constants=[1], group=4, strides=[2, 2]),
    case("Conv", X, rand(6, 2, 3, 3), rand(6), group=2, pads=[1, 1, 1, 1]),
    case("Einsum", rand(2, 3, 4), rand(2, 5, 4), equation="bij,bkj->bik"),
    case("GridSample", X, rand(1, 5, 4, 2, low=-1.3, high=1.3), opset=20, mode="cubic"),
    case("Resize", X, None, None, ints(1, 4, 9, 11), constants=[3], mode="cubic"),
    case("GroupNormalization", X, rand(4), rand(4), constants=[1, 2], opset=21, num_groups=2),
    case("CumSum", X, np.array(2, np.int64), constants=[1], exclusive=1, reverse=1),
    case(
        "GRU", rand(5, 2, 3), rand(2, 12, 3), rand(2, 12, 4), rand(2, 24), SHORT,
        constants=[1, 2, 3, 4], outputs=2, hidden_size=4, direction="bidirectional",
    ),
]  # fmt: skip


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_composed_operators_on_the_kernels(each: Case) -> None:
    model = model_of(each)
    feeds = {
        f"in{n}": data
        for n, data in enumerate(each.inputs)
        if data is not None and n not in each.constants
    }
    lowered = lower_model(model, "nchw")
    for found, right in zip(run_lowered(lowered, feeds), run(model, feeds), strict=True):
        compare(found, right, 1e-5)


def test_what_a_refused_lowering_wrote_is_taken_back() -> None:
    # The kernel of a pool is refused after its input was brought to another order.
    model = model_of(case("MaxPool", X, kernel_shape=[2, 2], dilations=[2, 3], outputs=2))
    graph = lower_model(model, "nchw").graph
    read = {index for op in graph.ops for index in op.inputs} | set(graph.outputs)
    assert all(set(op.outputs) & read for op in graph.ops)
    names = [tensor.name for tensor in graph.tensors]
    assert len(names) == len(set(names))
    assert {"out0", "out1"} <= set(names)
