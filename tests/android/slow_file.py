"""A file that takes milliseconds, so that there is a middle of a run for something to happen in."""

from __future__ import annotations

import numpy as np

from _edgeship.export.tflite.building.graph import options
from tests.export.tflite.small_graphs import Small


def slow() -> bytes:
    """A convolution of 151 million multiply-adds."""
    small = Small(image=(1, 64, 64, 64))
    small.constant("w", np.full((64, 3, 3, 64), 0.01, np.float32))
    small.constant("b", np.zeros(64, np.float32))
    opts = options("Conv2DOptions", strideH=1, strideW=1)
    return small.op("CONV_2D", "image w b", "out", (1, 64, 64, 64), opts=opts).out("out").data()
