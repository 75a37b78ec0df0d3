from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.shared_ranges import _FLAT, share_ranges
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import (
    Small,
    add,
    every_keeping_operator,
    kinds,
    ranges_of,
    scales,
    sqnr_db,
)

NHWC = (1, 4, 4, 8)
WIDE = (1, 4, 4, 16)
CONCAT = options("ConcatenationOptions", axis=3)
RESHAPE = options("ReshapeOptions", newShape=[1, 128])


def share(small: Small, ranges: Ranges, bits: int = 8) -> Ranges:
    return share_ranges(from_bytes(small.data()), ranges, bits)


def inner_quantize(small: Small, scheme: str = "int8") -> int:
    """How many QUANTIZE a file has besides those of its inputs."""
    return kinds(small.quantized(scheme)).count("QUANTIZE") - len(small.graph.inputs)


def joined() -> Small:
    """Two inputs of different ranges joined, pooled and flattened."""
    small = Small(a=NHWC, b=NHWC).op("CONCATENATION", "a b", "c", WIDE, opts=CONCAT)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    small.op("MAX_POOL_2D", "c", "p", (1, 2, 2, 16), opts=pool)
    small.constant("shape", np.array([1, 64], np.int32))
    return small.op("RESHAPE", "p shape", "y", (1, 64), opts=options("ReshapeOptions")).out("y")


def test_tied_tensors_get_the_widest_range_of_them_all() -> None:
    ranges = {
        "a": (-1.0, 2.0),
        "b": (-3.0, 1.0),
        "c": (-3.0, 2.0),
        "p": (-1.5, 1.5),
        "y": (-1.0, 1),
    }
    assert share(joined(), ranges) == dict.fromkeys("abcpy", (-3.0, 2.0))


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_tied_tensors_have_one_scale_in_the_file_and_need_no_quantize(scheme: str) -> None:
    data = joined().quantized(scheme)
    found = scales(data)
    assert len({found[name] for name in found if not name.endswith("_dequant")}) == 1
    assert inner_quantize(joined(), scheme) == 0


def test_tensors_that_are_not_tied_keep_their_ranges() -> None:
    small = Small(a=NHWC, b=NHWC).op("ADD", "a b", "y", NHWC, opts=add()).out("y")
    ranges = {"a": (-1.0, 2.0), "b": (-3.0, 1.0), "y": (-4.0, 3.0)}
    assert share(small, ranges) == ranges


def skipped(others: bool) -> Small:
    """``a`` is joined with ``b``; ``a`` may be an output as well."""
    small = Small(a=NHWC, b=NHWC).op("CONCATENATION", "a b", "y", WIDE, opts=CONCAT)
    return small.out("y a" if others else "y")


@pytest.mark.parametrize(
    ("others", "b", "expected"),
    [
        # Nothing else reads it, so coarse steps cost only what the join costs anyway.
        (False, 30.0, (-30.0, 30.0)),
        (True, 30.0, (-1.0, 1.0)),
        (True, 3.9, (-3.9, 3.9)),
    ],
)
def test_a_tensor_that_others_read_is_not_made_much_coarser(
    others: bool, b: float, expected: tuple[float, float]
) -> None:
    shared = share(skipped(others), {"a": (-1.0, 1.0), "b": (-b, b), "y": (-b, b)})
    assert shared["a"] == expected
    assert shared["b"] == shared["y"] == (-b, b)


def gated(after: str = "y") -> Small:
    """A LOGISTIC whose result is flattened."""
    small = Small(x=NHWC).constant("shape", np.array([1, 128], np.int32))
    small.op("LOGISTIC", "x", "gate", NHWC)
    return small.op("RESHAPE", "gate shape", after, (1, 128), opts=RESHAPE).out(after)


@pytest.mark.parametrize(
    ("bits", "expected"), [(8, (0.0, 255 / 256)), (16, (-32767 / 32768, 32767 / 32768))]
)
def test_a_fixed_range_wins_over_tensors_that_fit_into_it(
    bits: int, expected: tuple[float, float]
) -> None:
    shared = share(gated(), {"x": (-5.0, 5.0), "gate": (0.1, 0.9), "y": (0.1, 0.9)}, bits)
    assert shared["y"] == expected
    assert shared["x"] == (-5.0, 5.0)


@pytest.mark.parametrize(
    ("scheme", "scale"), [("int8", (1 / 256, -128)), ("int16x8", (1 / 32768, 0))]
)
def test_the_scale_of_a_fixed_range_is_exact_in_the_file(
    scheme: str, scale: tuple[float, int]
) -> None:
    found = scales(gated().quantized(scheme))
    assert found["gate"] == found["y"] == scale
    assert inner_quantize(gated(), scheme) == 0


def gate_beside(kind: str, low: float, high: float) -> tuple[Small, Ranges]:
    """A fixed range joined with a computed tensor of the range given."""
    small = Small(a=NHWC, b=NHWC).op(kind, "a", "gate", NHWC)
    small.op("CONCATENATION", "gate b", "y", WIDE, opts=CONCAT).out("y")
    both = (min(low, 0.1), max(high, 0.9))
    return small, {"a": (-5.0, 5.0), "gate": (0.1, 0.9), "b": (low, high), "y": both}


def test_a_joined_tensor_that_fits_takes_the_fixed_range() -> None:
    small, ranges = gate_beside("LOGISTIC", 0.0, 1.0)
    shared = share(small, ranges)
    assert shared["b"] == shared["y"] == (0.0, 255 / 256)


def test_a_joined_tensor_that_does_not_fit_leaves_the_fixed_range_alone() -> None:
    small, ranges = gate_beside("TANH", -3.0, 3.0)
    shared = share(small, ranges)
    assert shared["b"] == shared["y"] == (-3.0, 3.0)
    # The fixed one is converted once, in front of the CONCATENATION.
    assert inner_quantize(small) == 1


def test_of_two_fixed_ranges_that_fit_the_narrower_is_taken() -> None:
    small = Small(a=NHWC, b=NHWC).op("LOGISTIC", "a", "s", NHWC).op("TANH", "b", "t", NHWC)
    small.op("CONCATENATION", "t s", "y", WIDE, opts=CONCAT).out("y")
    ranges = {"a": (-1.0, 1.0), "b": (0.0, 1.0), "s": (0.3, 0.7), "t": (0.0, 0.7), "y": (0.0, 0.7)}
    assert share(small, ranges)["y"] == (0.0, 255 / 256)


def test_fixed_ranges_at_the_outputs_of_the_file() -> None:
    """Two outputs, one of them read inside as well."""
    small = Small(x=NHWC).op("LOGISTIC", "x", "edges", NHWC)
    small.op("SOFTMAX", "edges", "classes", NHWC, opts=options("SoftmaxOptions", beta=1.0))
    small.out("edges classes")
    data = small.quantized("int8")
    assert kinds(data).count("QUANTIZE") == 1
    assert kinds(data).count("DEQUANTIZE") == 2
    assert scales(data)["edges"] == scales(data)["classes"] == (1 / 256, -128)
    (sample,) = small.samples(1)
    pairs = zip(small.run(small.data(), sample), small.run(data, sample), strict=True)
    for reference, values in pairs:
        assert sqnr_db(reference, values) > 35


def test_a_tensor_of_zeros_gets_a_scale_that_biases_can_count_in() -> None:
    small = Small(x=(1, 8)).constant("zero", np.zeros((), np.float32))
    small.op("MUL", "x zero", "dead", (1, 8), opts=options("MulOptions"))
    small.constant("weight", np.eye(8, dtype=np.float32)).constant("bias", np.ones(8, np.float32))
    small.op(
        "FULLY_CONNECTED", "dead weight bias", "y", (1, 8), opts=options("FullyConnectedOptions")
    )
    small.out("y")
    assert share(small, ranges_of(small))["dead"] == (0.0, 1.0)
    for scheme in ("int8", "int16x8"):
        (sample,) = small.samples(1)
        (result,) = small.run(small.quantized(scheme), sample)
        np.testing.assert_allclose(result, 1.0, rtol=1e-2)


def clipped_sum(readers: int = 1) -> Small:
    """-6..6 clipped at 1 by a RELU_N1_TO_1 of its own."""
    small = Small(a=NHWC, b=NHWC).op("ADD", "a b", "sum", NHWC, opts=add())
    small.op("RELU_N1_TO_1", "sum", "y", NHWC)
    return small.out("y" if readers == 1 else "y sum")


def test_what_is_clipped_anyway_takes_no_steps() -> None:
    ranges = {"a": (-3.0, 3.0), "b": (-3.0, 3.0), "sum": (-6.0, 5.0), "y": (-1.0, 1.0)}
    assert share(clipped_sum(), ranges)["sum"] == (-1.0, 1.0)


def test_what_another_reads_unclipped_keeps_its_range() -> None:
    ranges = {"a": (-3.0, 3.0), "b": (-3.0, 3.0), "sum": (-6.0, 5.0), "y": (-1.0, 1.0)}
    assert share(clipped_sum(readers=2), ranges)["sum"] == (-6.0, 5.0)


def test_clipping_by_two_operators_narrows_what_stands_before_both() -> None:
    small = Small(a=NHWC, b=NHWC).op("ADD", "a b", "sum", NHWC, opts=add())
    small.constant("low", np.float32(-1.5)).constant("high", np.float32(2.0))
    opts = options("MaximumMinimumOptions")
    small.op("MAXIMUM", "sum low", "above", NHWC, opts=opts)
    small.op("MINIMUM", "above high", "y", NHWC, opts=opts).out("y")
    shared = share(small, ranges_of(small))
    assert shared["sum"] == shared["above"] == shared["y"] == (-1.5, 2.0)
    assert inner_quantize(small) == 0


def flat(kind: str) -> Small:
    small = Small(a=NHWC, b=NHWC).op("ADD", "a b", "sum", NHWC, opts=add())
    return small.op(kind, "sum", "y", NHWC).out("y")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("HARD_SWISH", (-3.0, 20.0)), ("LOGISTIC", (-8.0, 8.0)), ("TANH", (-4.0, 4.0))],
)
def test_where_a_function_is_flat_no_steps_are_spent(
    kind: str, expected: tuple[float, float]
) -> None:
    ranges = {"a": (-9.0, 9.0), "b": (-9.0, 9.0), "sum": (-18.0, 20.0), "y": (-0.4, 20.0)}
    assert share(flat(kind), ranges)["sum"] == expected
    # 16 bits tell more apart.
    assert share(flat(kind), ranges, 16)["sum"] == (-18.0, 20.0)


def test_saturating_where_a_function_is_flat_changes_nothing_but_the_steps() -> None:
    """The bounds against the functions themselves, at half a step of 8 bits."""
    functions = {
        # How it is computed, and half a step of its results.
        "HARD_SWISH": (lambda x: x * np.clip(x + 3, 0, 6) / 6, 0.0),
        "LOGISTIC": (lambda x: 1 / (1 + np.exp(-x)), 0.5 / 256),
        "TANH": (np.tanh, 0.5 / 128),
    }
    assert {getattr(schema.BuiltinOperator, kind) for kind in functions} == set(_FLAT)
    for kind, (function, half_a_step) in functions.items():
        low, high = _FLAT[getattr(schema.BuiltinOperator, kind)]
        beyond = [np.linspace(low - 50, low, 1000)]
        beyond += [np.linspace(high, high + 50, 1000)] if np.isfinite(high) else []
        for x in beyond:
            bound = function(np.clip(x, low, high))
            assert np.abs(function(x) - bound).max() <= half_a_step, kind


def test_clipping_to_a_single_value_leaves_a_usable_range() -> None:
    small = Small(x=NHWC).op("ABS", "x", "a", NHWC).constant("minus", np.float32(-1.0))
    small.op("MUL", "a minus", "n", NHWC, opts=options("MulOptions")).op("RELU", "n", "y", NHWC)
    shared = share(small.out("y"), ranges_of(small))
    assert shared["n"] == shared["y"] == (0.0, 1.0)


def test_measured_ranges_are_left_as_they_were() -> None:
    ranges = {
        "a": (-1.0, 2.0),
        "b": (-3.0, 1.0),
        "c": (-3.0, 2.0),
        "p": (-1.5, 1.5),
        "y": (-1.0, 1),
    }
    before = dict(ranges)
    share(joined(), ranges)
    assert ranges == before


def test_operators_that_keep_integers_are_free_of_conversions() -> None:
    small = every_keeping_operator()
    data = small.quantized("int8")
    assert [kind for kind in kinds(data) if "QUANTIZE" in kind] == ["QUANTIZE", "DEQUANTIZE"]
    ((scale, _),) = set(scales(data).values())
    (sample,) = small.samples(1)
    (reference,) = small.run(small.data(), sample)
    (values,) = small.run(data, sample)
    # One rounding of the input and one of the interpolation.
    assert np.abs(values - reference).max() <= 1.01 * scale
