from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.mixed_outputs import mixed_outputs
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, kinds, sqnr_db, types

SHAPE, BOTH = (1, 4, 16), (1, 8, 16)
JOIN = options("ConcatenationOptions", axis=1)


def detector(*, pooled: bool = False) -> Small:
    """Boxes of -300 to 300 and scores of 0 to 1, joined and turned."""
    small = Small(x=SHAPE).constant("pixels", np.float32(100.0))
    small.op("MUL", "x pixels", "boxes", SHAPE, opts=options("MulOptions"))
    small.op("LOGISTIC", "x", "scores", SHAPE)
    small.op("CONCATENATION", "boxes scores", "joined", BOTH, opts=JOIN)
    small.constant("order", np.array([0, 2, 1], np.int32))
    small.op("TRANSPOSE", "joined order", "y", (1, 16, 8), opts=options("TransposeOptions"))
    if pooled:
        small.op("ABS", "y", "z", (1, 16, 8), opts=options("AbsOptions"))
    return small.out("z" if pooled else "y")


RANGES = {
    "x": (-3.0, 3.0),
    "boxes": (-300.0, 300.0),
    "scores": (0.05, 0.95),
    "joined": (-300.0, 300.0),
    "y": (-300.0, 300.0),
    "z": (0.0, 300.0),
}


def test_only_what_joins_and_moves_up_to_an_output_is_found() -> None:
    assert mixed_outputs(from_bytes(detector().data()), RANGES) == {"joined", "y"}
    assert mixed_outputs(from_bytes(detector(pooled=True).data()), RANGES) == set()
    near = {**RANGES, "boxes": (-1.0, 1.0)}
    assert mixed_outputs(from_bytes(detector().data()), near) == set()


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_the_parts_of_an_output_keep_scales_of_their_own(scheme: str) -> None:
    small = detector()
    data = small.quantized(scheme)
    integers = {"int8": "int8", "int16x8": "int16"}[scheme]
    found = types(data)
    assert (found["boxes"], found["scores"], found["joined"]) == (integers, integers, "float32")
    assert kinds(data).count("DEQUANTIZE") == 2
    sample = small.samples()[0]
    [expected], [values] = small.run(small.data(), sample), small.run(data, sample)
    assert sqnr_db(expected[..., :4], values[..., :4]) > 35
    assert sqnr_db(expected[..., 4:], values[..., 4:]) > 35


def test_integer_outputs_have_one_scale_for_all() -> None:
    small = detector()
    data = small.quantized("int8", "int8")
    assert types(data)["joined"] == "int8"
    sample = small.samples()[0]
    [expected], [values] = small.run(small.data(), sample), small.run(data, sample)
    assert sqnr_db(expected[..., 4:], values[..., 4:]) < 6


def test_joins_of_near_ranges_stay_integers() -> None:
    small = Small(x=SHAPE).op("LOGISTIC", "x", "a", SHAPE).op("TANH", "x", "b", SHAPE)
    small.op("CONCATENATION", "a b", "y", BOTH, opts=JOIN).out("y")
    assert "float32" not in {types(small.quantized("int8"))[name] for name in ("a", "b")}
    assert kinds(small.quantized("int8"))[-1] == "DEQUANTIZE"
