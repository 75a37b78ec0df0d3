from __future__ import annotations

import numpy as np

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.real_parts import real_parts
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small

LAST = (0, 2, 3, 1)


def test_what_has_no_name_follows_from_what_it_is_made_of() -> None:
    """Borders, other orders and shapes, picked points, fewer channels, activations."""
    small = Small(x=(1, 4, 5, 6))
    small.op("RELU", "x", "grown", (1, 4, 5, 6))
    small.constant("p", np.array([[0, 0], [1, 0], [0, 1], [0, 0]], np.int32))
    small.op("PAD", "grown p", "padded", (1, 5, 6, 6))
    small.constant("rows", np.array([1, 5, 36], np.int32))
    small.op("RESHAPE", "padded rows", "joined", (1, 5, 36))
    small.constant("order", np.array([0, 2, 1, 3], np.int32))
    small.op("TRANSPOSE", "grown order", "turned", (1, 5, 4, 6))
    pool = options("Pool2DOptions", strideH=2, strideW=1, filterHeight=1, filterWidth=1, padding=1)
    small.op("MAX_POOL_2D", "grown", "picked", (1, 2, 5, 6), opts=pool)
    small.constant("begin", np.zeros(4, np.int32))
    small.constant("size", np.array([1, 4, 5, 2], np.int32))
    small.op("SLICE", "grown begin size", "some", (1, 4, 5, 2), opts=options("SliceOptions"))
    small.op("LOGISTIC", "some", "function", (1, 4, 5, 2))
    small.op("RELU", "function", "own", (1, 4, 5, 2))
    small.out("joined turned picked own")
    trace = {"grown": ("v", LAST), "own": ("w", LAST)}
    found = real_parts(from_bytes(small.data()), trace, {"v": (1, 2)})
    image = np.zeros((1, 4, 5, 6), np.bool_)
    image[:, :3, :3] = True
    padded = np.ones((1, 5, 6, 6), np.bool_)
    padded[:, 1:, :5] = image
    expected = {
        "grown": image,
        "padded": padded,
        "joined": padded.reshape(1, 5, 36),
        "turned": image.transpose(0, 2, 1, 3),
        "picked": image[:, ::2],
        "some": image[..., :2],
        "function": image[..., :2],
    }
    assert found.keys() == expected.keys()
    for name, mask in expected.items():
        np.testing.assert_array_equal(found[name], mask, err_msg=name)
