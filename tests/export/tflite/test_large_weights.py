from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.objects import constant, name_of
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, ranges_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["dynamic", "int8"])
def test_a_convolution_above_32_mib_gets_its_scale_per_channel(scheme: str) -> None:
    weight = np.random.default_rng(0).standard_normal((1032, 3, 3, 1024)).astype(np.float32)
    weight *= np.geomspace(0.01, 100, 1032, dtype=np.float32)[:, None, None, None]
    assert weight.nbytes > 32 << 20
    small = Small(x=(1, 1, 1, 1024)).constant("w", weight).constant("b", np.zeros(1032, np.float32))
    opts = options("Conv2DOptions", strideH=1, strideW=1)
    small.op("CONV_2D", "x w b", "y", (1, 1, 1, 1032), opts=opts).out("y")

    model = from_bytes(quantize(small.data(), scheme, ranges_of(small)))

    tensor = next(t for t in model.subgraphs[0].tensors if name_of(t) == "w")
    found = constant(model, tensor)
    assert found is not None
    scale = np.asarray(tensor.quantization.scale).reshape(-1, 1, 1, 1)
    largest = np.abs(weight).max(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(scale, largest / 127, rtol=1e-6)
    assert found.dtype == np.int8
    assert np.abs(found * scale - weight).max(axis=(1, 2, 3)) == pytest.approx(
        scale[:, 0, 0, 0] / 2, rel=0.02
    )
