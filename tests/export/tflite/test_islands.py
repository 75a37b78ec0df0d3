from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from _edgeship.export.graph.shapes import Shape
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.islands import disguise, float_islands, reveal
from _edgeship.export.tflite.reading import (
    ModelRecord,
    OperatorRecord,
    SubgraphRecord,
    TensorRecord,
    read_model,
)
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, add, kinds, run_plain, sqnr_db, types

NHWC = (1, 4, 4, 8)
SLOPES = np.random.default_rng(1).uniform(-0.2, 0.6, (1, 1, 8)).astype(np.float32)
MINIMUM = options("MaximumMinimumOptions")

#: Kind, options, constants, shape of the result, bounds of its input.
CASES: dict[str, tuple[str, Any, list[Any], Shape, tuple[float, float]]] = {
    "ABS": ("ABS", options("AbsOptions"), [], NHWC, (-3, 2)),
    "DEPTH_TO_SPACE": (
        "DEPTH_TO_SPACE",
        options("DepthToSpaceOptions", blockSize=2),
        [],
        (1, 8, 8, 2),
        (-3, 2),
    ),
    "ELU": ("ELU", None, [], NHWC, (-3, 2)),
    "EXP": ("EXP", options("ExpOptions"), [], NHWC, (-3, 2)),
    "LEAKY_RELU": ("LEAKY_RELU", options("LeakyReluOptions", alpha=0.3), [], NHWC, (-3, 2)),
    "LOG": ("LOG", None, [], NHWC, (0.5, 3)),
    "MINIMUM": ("MINIMUM", MINIMUM, [np.float32(0.7)], NHWC, (-3, 2)),
    "PRELU": ("PRELU", None, [SLOPES], NHWC, (-3, 2)),
    "REDUCE_MAX": (
        "REDUCE_MAX",
        options("ReducerOptions", keepDims=True),
        [np.array([1, 2], np.int32)],
        (1, 1, 1, 8),
        (-3, 2),
    ),
    "RELU6": ("RELU6", None, [], NHWC, (-8, 8)),
    "RELU_0_TO_1": ("RELU_0_TO_1", None, [], NHWC, (-3, 2)),
    "RELU_N1_TO_1": ("RELU_N1_TO_1", None, [], NHWC, (-3, 2)),
}
ONLY_INT8 = {"DEPTH_TO_SPACE", "ELU", "PRELU", "RELU_0_TO_1", "RELU_N1_TO_1"}
#: Tables of 513 and 256 entries stand for these two functions.
COARSE = {"EXP", "LOG"}


def between_sums(case: str) -> Small:
    """X + 0.1 -> the operator -> + 0.2, so that it stands in the middle of integers."""
    kind, opts, constants, shape, _ = CASES[case]
    small = Small(x=NHWC).constant("tenth", np.float32(0.1)).constant("fifth", np.float32(0.2))
    names = ["before"]
    for index, data in enumerate(constants):
        names.append(f"constant{index}")
        small.constant(names[-1], data)
    small.op("ADD", "x tenth", "before", NHWC, opts=add())
    small.op(kind, " ".join(names), "middle", shape, opts=opts)
    return small.op("ADD", "middle fifth", "y", shape, opts=add()).out("y")


@pytest.mark.parametrize(
    ("case", "scheme"),
    [(c, "int8") for c in CASES] + [(c, "int16x8") for c in CASES if c not in ONLY_INT8],
)
def test_operator_computes_in_integers(case: str, scheme: str) -> None:
    small, (low, high) = between_sums(case), CASES[case][4]
    data = small.quantized(scheme, low=low, high=high)

    assert kinds(data) == ["QUANTIZE", "ADD", CASES[case][0], "ADD", "DEQUANTIZE"]
    assert types(data)["middle"] == ("int8" if scheme == "int8" else "int16")
    assert float_islands(read_model(data)) == []
    (sample,) = small.samples(1, low=low, high=high)
    (reference,) = small.run(small.data(), sample)
    floor = 35 if scheme == "int8" else 55 if case in COARSE else 75
    assert sqnr_db(reference, small.run(data, sample)[0]) > floor
    assert sqnr_db(reference, run_plain(data, [sample["x"]])[0]) > floor


@pytest.mark.parametrize("case", sorted(ONLY_INT8))
def test_without_an_int16_kernel_it_stays_in_float_and_is_named(case: str) -> None:
    data = between_sums(case).quantized("int16x8")

    kind = CASES[case][0]
    assert kinds(data) == [
        "QUANTIZE",
        "ADD",
        "DEQUANTIZE",
        kind,
        "QUANTIZE",
        "ADD",
        "DEQUANTIZE",
    ]
    assert float_islands(read_model(data)) == [f"1 {kind}"]
    small = between_sums(case)
    (sample,) = small.samples(1)
    (reference,) = small.run(small.data(), sample)
    assert sqnr_db(reference, small.run(data, sample)[0]) > 75


def test_one_operator_may_stand_in_for_several() -> None:
    small = Small(x=NHWC).op("RELU", "x", "a", NHWC).op("RELU6", "a", "b", NHWC)
    small.op("LEAKY_RELU", "b", "c", NHWC, opts=options("LeakyReluOptions", alpha=0.1))
    small.op("ELU", "c", "d", NHWC).op("RELU", "d", "y", NHWC).out("y")
    data = small.quantized("int8")
    assert kinds(data)[1:-1] == ["RELU", "RELU6", "LEAKY_RELU", "ELU", "RELU"]


def test_minimum_of_two_computed_tensors() -> None:
    small = Small(a=NHWC, b=NHWC).constant("half", np.float32(0.5))
    small.op("MUL", "b half", "c", NHWC, opts=options("MulOptions"))
    small.op("MINIMUM", "a c", "y", NHWC, opts=MINIMUM).out("y")
    data = small.quantized("int8")
    assert sorted(kinds(data)) == ["DEQUANTIZE", "MINIMUM", "MUL", "QUANTIZE", "QUANTIZE"]
    (sample,) = small.samples(1)
    (reference,) = small.run(small.data(), sample)
    assert sqnr_db(reference, small.run(data, sample)[0]) > 35


def test_what_was_disguised_is_itself_again() -> None:
    model = from_bytes(between_sums("PRELU").data())
    before = [(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    true = disguise(model, 8)
    assert [code.builtinCode for code in model.operatorCodes] != [new for new, _ in before]
    reveal(model, true)
    assert [(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes] == before


def test_a_reordered_table_of_operators_is_not_taken() -> None:
    model = from_bytes(between_sums("PRELU").data())
    true = disguise(model, 8)
    model.operatorCodes.reverse()
    with pytest.raises(AssertionError, match="reordered"):
        reveal(model, true)


def test_integers_of_the_graph_are_no_island() -> None:
    """Operators on indices, as some networks compute them, have nothing to do with scales."""
    dtypes = ["float32", "int8", "int32", "int32", "float32", "float32"]
    tensors = tuple(TensorRecord(dtype, (4,), (), 0, None, None, 0) for dtype in dtypes)
    operators = [
        OperatorRecord("QUANTIZE", 1, (0,), (1,)),
        OperatorRecord("ADD", 1, (2, 2), (3,)),
        OperatorRecord("DEQUANTIZE", 2, (1,), (4,)),
    ]

    def islands(*more: OperatorRecord) -> list[str]:
        graph = SubgraphRecord(tensors, (*operators, *more), {0: "x", 2: "i"}, {4: "y"})
        return float_islands(ModelRecord(3, "", (graph,), (), {}, (0,)))

    assert islands() == []
    log = OperatorRecord("LOG", 1, (4,), (5,))
    assert islands(log, log) == ["2 LOG"]
