"""Biases of channels whose weights are tiny; the quantizer alone loses them."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.weight_bounds import weight_bounds
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, ranges_of, run_plain

NHWC = (1, 4, 4, 8)
BIAS = np.linspace(-1, 1, 8, dtype=np.float32)


def weights(shape: tuple[int, ...], axis: int) -> Array:
    """Channels 0 and 1 are zero and tiny."""
    data = np.random.default_rng(0).standard_normal(shape).astype(np.float32) / 4
    channels = np.moveaxis(data, axis, 0)
    channels[0] = 0
    channels[1] *= 1e-9
    return data


def pointwise() -> Small:
    small = Small(x=NHWC).constant("w", weights((8, 1, 1, 8), 0)).constant("b", BIAS)
    opts = options("Conv2DOptions", strideH=1, strideW=1)
    return small.op("CONV_2D", "x w b", "y", NHWC, opts=opts).out("y")


def depthwise() -> Small:
    small = Small(x=NHWC).constant("w", weights((1, 3, 3, 8), 3)).constant("b", BIAS)
    opts = options("DepthwiseConv2DOptions", strideH=1, strideW=1, depthMultiplier=1)
    return small.op("DEPTHWISE_CONV_2D", "x w b", "y", NHWC, opts=opts).out("y")


def dense() -> Small:
    small = Small(x=(1, 16)).constant("w", weights((8, 16), 0)).constant("b", BIAS)
    return small.op(
        "FULLY_CONNECTED", "x w b", "y", (1, 8), opts=options("FullyConnectedOptions")
    ).out("y")


BUILDERS = {"CONV_2D": pointwise, "DEPTHWISE_CONV_2D": depthwise, "FULLY_CONNECTED": dense}


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
@pytest.mark.parametrize("kind", BUILDERS)
def test_biases_survive(kind: str, scheme: str) -> None:
    small = BUILDERS[kind]()
    (sample,) = small.samples(1)
    data = small.quantized(scheme)
    (reference,) = small.run(small.data(), sample)
    step = np.ptp(reference) / (255 if scheme == "int8" else 65535)
    for (values,) in (small.run(data, sample), run_plain(data, [sample["x"]])):
        # These channels are their bias, whatever the input; half a step is the output's rounding.
        assert np.abs(values[..., :2] - BIAS[:2]).max() < step
        # The other channels are not coarser for it.
        assert np.abs(values - reference).max() < 0.03 * np.ptp(reference)


def test_only_what_needs_more_gets_more() -> None:
    small = pointwise()
    model = from_bytes(small.data())
    ranges = ranges_of(small)
    (bounds,) = weight_bounds(model, ranges, 8).values()
    own = np.abs(weights((8, 1, 1, 8), 0)).max(axis=(1, 2, 3))
    assert bounds.shape == (8, 1, 1, 1)
    np.testing.assert_array_equal(bounds.reshape(-1)[2:], own[2:])
    # bias = integer * input scale * weight scale, with integers up to 2^30
    input_scale = (ranges["x"][1] - ranges["x"][0]) / 255
    np.testing.assert_allclose(
        bounds.reshape(-1)[:2] / 127 * input_scale * 2**30, np.abs(BIAS[:2]), rtol=1e-6
    )


def test_ordinary_weights_are_left_to_the_quantizer() -> None:
    small = Small(x=(1, 16)).constant("w", np.ones((8, 16), np.float32)).constant("b", BIAS)
    small.op("FULLY_CONNECTED", "x w b", "y", (1, 8), opts=options("FullyConnectedOptions"))
    model = from_bytes(small.out("y").data())
    assert weight_bounds(model, {"x": (-1.0, 1.0), "y": (-9.0, 9.0)}, 8) == {}
