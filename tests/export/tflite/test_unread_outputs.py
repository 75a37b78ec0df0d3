from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.tflite.building.graph import options
from tests.export.tflite.small_graphs import Small, run_plain, sqnr_db, types

WHOLE, PART = (1, 4, 8), (1, 4, 4)


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_a_part_that_nobody_reads_has_the_type_of_the_others(scheme: str) -> None:
    """Both XNNPACK and the plain kernels would refuse the file."""
    small = Small(x=WHOLE).op("LOGISTIC", "x", "a", WHOLE).constant("axis", np.int32(2))
    small.op("SPLIT", "axis a", "p q", PART, PART, opts=options("SplitOptions", numSplits=2))
    small.op("ABS", "p", "y", PART, opts=options("AbsOptions")).out("y")
    data = small.quantized(scheme)
    assert types(data)["q"] == types(data)["a"] != "float32"
    sample = small.samples()[0]
    [expected] = small.run(small.data(), sample)
    assert sqnr_db(expected, small.run(data, sample)[0]) > 35
    assert sqnr_db(expected, run_plain(data, [sample["x"]])[0]) > 35
