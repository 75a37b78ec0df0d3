from __future__ import annotations

import numpy as np

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.objects import constant, name_of
from _edgeship.export.tflite.rounded_weights import round_weights
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, kinds, sqnr_db


def depthwise() -> Small:
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((1, 3, 3, 8)) * 10.0 ** np.arange(8)
    small = Small(x=(1, 8, 8, 8)).constant("w", kernel.astype(np.float32))
    small.constant("b", rng.standard_normal(8).astype(np.float32))
    opts = options("DepthwiseConv2DOptions", strideH=1, strideW=1, depthMultiplier=1)
    return small.op("DEPTHWISE_CONV_2D", "x w b", "y", (1, 8, 8, 8), opts=opts).out("y")


def constants(data: bytes) -> dict[str, np.ndarray]:
    model = from_bytes(data)
    found = {name_of(t): constant(model, t) for t in model.subgraphs[0].tensors}
    return {name: values for name, values in found.items() if values is not None}


def test_each_channel_has_its_own_127_steps() -> None:
    data = depthwise().data()
    before, after = constants(data), constants(round_weights(data))
    for channel in range(8):
        own, rounded = before["w"][..., channel], after["w"][..., channel]
        step = np.abs(own).max() / 127
        np.testing.assert_allclose(rounded / step, np.rint(own / step), atol=1e-4)
        assert not np.array_equal(own, rounded)
    np.testing.assert_array_equal(before["b"], after["b"])


def test_it_is_still_a_float_file_that_runs() -> None:
    small = depthwise()
    data = round_weights(small.data())
    assert kinds(data) == ["DEPTHWISE_CONV_2D"]
    (sample,) = small.samples(1)
    (reference,) = small.run(small.data(), sample)
    assert 35 < sqnr_db(reference, small.run(data, sample)[0]) < 60


def test_zero_channels_stay_zero() -> None:
    small = Small(x=(1, 4)).constant("w", np.zeros((3, 4), np.float32))
    small.op("FULLY_CONNECTED", "x w", "y", (1, 3), opts=options("FullyConnectedOptions"))
    assert not constants(round_weights(small.out("y").data()))["w"].any()


def test_what_is_no_weight_is_left_alone() -> None:
    small = Small(x=(1, 4)).constant("c", np.linspace(0.1, 0.7, 4, dtype=np.float32))
    small.op("MUL", "x c", "y", (1, 4), opts=options("MulOptions"))
    data = small.out("y").data()
    np.testing.assert_array_equal(constants(data)["c"], constants(round_weights(data))["c"])
