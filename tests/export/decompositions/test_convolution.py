"""Convolutions and pools in simpler forms, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tests.export.decompositions.harness import (
    Case,
    case,
    check,
    compare,
    decomposed,
    ints,
    rand,
    run,
)

X = rand(2, 4, 6, 7)
BYTES = np.random.default_rng(3).integers(0, 255, (1, 4, 5, 5)).astype(np.uint8)
TRANSPOSED = [
    ((4, 3, 3, 3), {}),
    ((4, 2, 3, 3), {"group": 2, "strides": [2, 2]}),
    ((4, 1, 3, 3), {"group": 4, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ((4, 1, 4, 4), {"group": 4, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ((4, 2, 3, 3), {"group": 4, "strides": [2, 2], "output_padding": [1, 1]}),
    ((4, 3, 3, 2), {"strides": [2, 3], "pads": [1, 0, 0, 1]}),
    ((4, 3, 3, 3), {"strides": [2, 2], "dilations": [2, 2], "pads": [1, 2, 0, 1]}),
    ((4, 2, 2, 2), {"group": 2, "strides": [3, 3]}),
    ((4, 2, 3, 3), {"group": 2, "strides": [2, 2], "output_shape": [12, 14]}),
    ((4, 2, 3, 3), {"group": 2, "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ((4, 2, 3, 3), {"group": 2, "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
]
CASES = [
    *(
        case("ConvTranspose", X, rand(*shape, seed=1), *bias, constants=constants, **more)
        for shape, more in TRANSPOSED
        for constants, bias in (
            ([1, 2], [rand(shape[1] * more.get("group", 1), seed=2)]),
            ([], []),
        )
    ),
    case("ConvTranspose", rand(1, 2, 5), rand(2, 3, 4), strides=[2], constants=[1]),
    case("ConvTranspose", rand(1, 2, 3, 4, 5), rand(2, 3, 2, 3, 3), strides=[2] * 3, constants=[1]),
    case("Conv", X, rand(6, 4, 3, 3, seed=1), rand(6), pads=[1, 1, 1, 1]),
    case("Conv", X, rand(6, 2, 3, 3, seed=1), group=2, strides=[2, 1], auto_pad="SAME_UPPER"),
    case("Conv", X, rand(4, 1, 3, 2, seed=1), group=4, dilations=[2, 1]),
    case("Conv", rand(2, 4, 9), rand(6, 4, 3, seed=1), pads=[2, 0]),
    case("Conv", rand(2, 4, 5, 6, 7), rand(6, 4, 3, 1, 2), rand(6), constants=[1, 2], pads=[1] * 6),
    case(
        "Conv",
        rand(1, 4, 5, 6, 7),
        rand(4, 1, 3, 3, 3),
        constants=[1],
        group=4,
        strides=[2, 1, 2],
        dilations=[2, 1, 1],
    ),
    case("ConvInteger", BYTES, BYTES[:, :, :3, :3], np.array(3, np.uint8), constants=[1, 2]),
    case("ConvInteger", BYTES, BYTES[:, :, :3, :3], pads=[1, 1, 1, 1]),
    case("MatMulInteger", BYTES[0, 0], BYTES[0, 1], np.array(3, np.uint8), np.array(9, np.uint8)),
    case("MatMulInteger", BYTES[0, 0], BYTES[0, 1].astype(np.int8), np.array([3], np.uint8)),
    case("Col2Im", rand(2, 18, 20), ints(6, 7), ints(3, 3), constants=[1, 2]),
    case(
        "Col2Im",
        rand(1, 8, 12),
        ints(6, 7),
        ints(2, 2),
        constants=[1, 2],
        strides=[2, 2],
        pads=[0, 0, 0, 1],
    ),
    case(
        "Col2Im",
        rand(1, 12, 6),
        ints(6, 7),
        ints(2, 3),
        constants=[1, 2],
        strides=[2, 2],
        dilations=[2, 2],
        pads=[0, 1, 0, 1],
    ),
    *(
        case("LpPool", X, p=p, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 0, 1])
        for p in (1, 2, 3)
    ),
    case("LpPool", X, kernel_shape=[1, 1], strides=[2, 3], tolerance=0.0),
    case("LpPool", X, kernel_shape=[3, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
    case("LpPool", X, kernel_shape=[2, 2], dilations=[2, 3]),
    case("LpPool", rand(1, 2, 9), kernel_shape=[3]),
    case("MaxPool", X, kernel_shape=[2, 2], dilations=[2, 3], pads=[1, 1, 1, 1]),
    case("MaxPool", X, kernel_shape=[2, 3], outputs=2, strides=[2, 2], pads=[1, 1, 0, 1]),
    case("MaxPool", X, kernel_shape=[2, 3], outputs=2, storage_order=1),
    case("MaxPool", rand(2, 4, 9), kernel_shape=[3], dilations=[3]),
    case("AveragePool", X, kernel_shape=[2, 2], opset=19, dilations=[2, 3], pads=[1, 1, 1, 1]),
    *(
        case("AveragePool", X, kernel_shape=[3, 3], pads=[1, 1, 0, 1], count_include_pad=counted)
        for counted in (0, 1)
    ),
    case("MaxUnpool", rand(1, 1, 2, 2), ints(5, 7, 13, 15).reshape(1, 1, 2, 2), ints(1, 1, 5, 5),
         kernel_shape=[2, 2], strides=[2, 2], constants=[2], reference=True),
    case("MaxUnpool", rand(1, 1, 2, 2), ints(5, 7, 13, 15).reshape(1, 1, 2, 2),
         kernel_shape=[2, 2], strides=[2, 2]),
]  # fmt: skip


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_convolutions_and_pools(each: Case) -> None:
    check(each)


def test_unpooling_what_a_pool_of_the_same_windows_made() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["": 18]>
        agraph (float[2,40,40,40] x) => (float[2,40,40,40] y) {
            p, i = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
            node = Sigmoid(p)
            y = MaxUnpool <kernel_shape = [2, 2], strides = [2, 2]> (node, i)
        }"""
    )
    model.graph.node[2].name = "node"
    feeds = {"x": rand(2, 40, 40, 40)}
    (right,) = run(model, feeds)
    (found,) = run(decomposed(onnx.shape_inference.infer_shapes(model)), feeds)
    compare(found, right, 1e-6)
