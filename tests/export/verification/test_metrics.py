import json
import math

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification import metrics
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.parts import Part


def one(*rows: object) -> Outputs:
    """One sample with one output per argument."""
    return [[np.array(row, np.float32) for row in rows]]


def test_numbers_computed_by_hand() -> None:
    parity = compare(one([[1.0, 2.0, -2.0]]), one([[1.5, 2.0, -1.0]]))
    assert parity.max_abs == 1.0
    assert parity.max_rel == 1.0 / 4.0  # range -2..2
    assert parity.sqnr_db == pytest.approx(10 * math.log10(9.0 / 1.25))
    assert parity.top1_agreement == 1.0


def test_range_and_sums_run_over_all_samples() -> None:
    reference = one([0.0, 1.0]) + one([3.0, 8.0])
    candidate = one([0.0, 2.0]) + one([3.0, 8.0])
    parity = compare(reference, candidate)
    assert parity.max_rel == 1.0 / 8.0
    assert parity.sqnr_db == pytest.approx(10 * math.log10(74.0))


def test_the_worst_output_counts_in_each_number() -> None:
    reference = one([0.0, 100.0], [0.0, 1.0])
    candidate = one([0.0, 98.0], [0.5, 1.0])
    parity = compare(reference, candidate)
    assert parity.max_abs == 2.0  # first output
    assert parity.max_rel == 0.5  # second output
    assert parity.sqnr_db == pytest.approx(10 * math.log10(1.0 / 0.25))  # second output


def test_equal_outputs_have_infinite_sqnr() -> None:
    parity = compare(one([1.0, 2.0]), one([1.0, 2.0]))
    assert parity == Parity(0.0, 0.0, math.inf, None)


def test_zero_range_is_divided_by_the_magnitude() -> None:
    assert compare(one([-4.0, -4.0]), one([-4.0, -3.0])).max_rel == 0.25


def test_numbers_that_hardly_differ_are_not_asked_for_more_than_float32_has() -> None:
    reference = one([1.0, 1.0 + 6e-7])
    assert compare(reference, one([1.0 - 6e-8, 1.0 + 6e-7])).max_rel == pytest.approx(6e-6, rel=0.1)
    # A range of a hundredth of the numbers, or more, is the scale itself.
    assert compare(one([100.0, 102.0]), one([100.5, 102.0])).max_rel == 0.25


def test_error_on_an_all_zero_reference() -> None:
    parity = compare(one([0.0, 0.0]), one([0.0, 0.125]))
    assert parity.max_rel == 0.125
    assert parity.sqnr_db == -math.inf


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_non_finite_candidate_is_as_far_off_as_can_be(bad: float) -> None:
    parity = compare(one([1.0, 2.0]), one([1.0, bad]))
    assert (parity.max_abs, parity.max_rel, parity.sqnr_db) == (math.inf, math.inf, -math.inf)


def test_finite_candidate_where_the_reference_is_not() -> None:
    for reference in ([1.0, math.nan], [1.0, math.inf], [math.nan, math.nan]):
        assert compare(one(reference), one([1.0, 2.0])).max_rel == math.inf


def test_same_non_finite_values_are_equal() -> None:
    values = [1.0, math.nan, math.inf, -math.inf, 3.0]
    parity = compare(one(values), one([*values[:4], 2.0]))
    assert parity.max_abs == 1.0
    assert parity.max_rel == 0.5  # the range is that of the finite values
    assert compare(one([math.inf]), one([-math.inf])).max_abs == math.inf


def test_top1_counts_rows() -> None:
    reference = one([[0.1, 0.9], [0.8, 0.2]]) + one([[0.3, 0.7], [0.6, 0.4]])
    candidate = one([[0.2, 0.8], [0.4, 0.6]]) + one([[0.3, 0.7], [0.6, 0.4]])
    assert compare(reference, candidate).top1_agreement == 0.75


@pytest.mark.parametrize("values", [[1.0, 2.0], [[1.0], [2.0]], [[[1.0, 2.0]]]])
def test_no_top1_without_class_scores(values: object) -> None:
    assert compare(one(values), one(values)).top1_agreement is None


@pytest.mark.slow
def test_sums_are_taken_in_float64() -> None:
    # In float32 the sum of squares stops growing at 2^24.
    ones = [[np.ones(2**25, np.float32)]]
    off = [[np.full(2**25, 0.5, np.float32)]]
    assert compare(ones, off).sqnr_db == pytest.approx(10 * math.log10(4.0), abs=1e-12)


def test_float32_differences_do_not_overflow() -> None:
    assert compare(one([3e38, 0.0]), one([-3e38, 0.0])).max_abs == pytest.approx(6e38)


def test_integer_outputs_are_compared() -> None:
    reference: Outputs = [[np.array([3, 250], np.uint8)]]
    assert compare(reference, [[np.array([5, 250], np.uint8)]]).max_abs == 2.0


def test_shape_mismatch_names_the_output() -> None:
    with pytest.raises(VerificationError, match=r"'scores' has shape \(3,\).*\(2,\)"):
        compare(one([1.0], [1.0, 2.0]), one([1.0], [1.0, 2.0, 3.0]), names=["map", "scores"])
    with pytest.raises(VerificationError, match="Output 1 has shape"):
        compare(one([1.0], [1.0, 2.0]), one([1.0], [[1.0, 2.0]]))


def test_count_mismatches_and_nothing_to_compare() -> None:
    with pytest.raises(VerificationError, match="2 samples, the candidate on 1"):
        compare(one([1.0]) * 2, one([1.0]))
    with pytest.raises(VerificationError, match="2 outputs where the reference has 1") as caught:
        compare(one([1.0]) * 2, one([1.0]) + one([1.0], [2.0]))
    assert caught.value.where == "sample 1"
    empty: list[Outputs] = [[], [[]]]
    for nothing in empty:
        with pytest.raises(VerificationError, match="no outputs"):
            compare(nothing, nothing)


def test_to_dict_is_strict_json_and_reads_back() -> None:
    parity = compare(one([1.0]), one([math.nan]))
    read = json.loads(json.dumps(parity.to_dict(), allow_nan=False))
    assert read["top1_agreement"] is None
    assert float(read["max_abs"]) == math.inf
    assert float(read["sqnr_db"]) == -math.inf
    assert Parity(0.5, 0.25, 30.0, 1.0).to_dict() == {
        "max_abs": 0.5,
        "max_rel": 0.25,
        "sqnr_db": 30.0,
        "top1_agreement": 1.0,
    }


@pytest.mark.parametrize(
    ("dtype", "chosen", "most", "right"),
    [
        (np.uint8, False, 1, True),
        (np.int8, False, 1, True),
        (np.uint8, False, 40, False),
        (np.uint8, True, 1, False),
        (np.int32, False, 1, False),
    ],
)
def test_pixels_and_quantized_numbers_may_be_a_step_apart_and_labels_may_not(
    dtype, chosen, most, right
):
    rng = np.random.default_rng(0)
    exact = rng.integers(40, 87, (1, 400))
    near = exact + rng.integers(-most, most + 1, exact.shape)
    parts = [Part(0, "y", chosen=chosen)]
    parity = compare([[exact.astype(dtype)]], [[near.astype(dtype)]], parts=parts)
    assert (judge(parity, "int8") is None) is right
    assert judge(parity, "float") is not None


@pytest.mark.parametrize("integers", [False, True])
def test_large_outputs_are_compared_by_blocks(
    integers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(0)
    reference = draw.normal(size=(2, 5, 7)) * 50
    candidate = reference + draw.normal(size=reference.shape)
    reference[0, 0, 0] = candidate[0, 0, 0] = np.inf
    candidate[1, 4, 6] += 20
    parts = None
    if integers:
        reference, candidate = (np.nan_to_num(a, posinf=0).round() for a in (reference, candidate))
        parts = [Part(0, "y", steps=True)]
    whole = compare([[reference]], [[candidate]], parts=parts)
    monkeypatch.setattr(metrics, "_BLOCK", 9)
    by_blocks = compare([[reference]], [[candidate.transpose(2, 1, 0).T]], parts=parts)
    assert by_blocks.max_abs == whole.max_abs > 20
    assert by_blocks.max_rel == pytest.approx(whole.max_rel, rel=1e-12)
    assert by_blocks.sqnr_db == pytest.approx(whole.sqnr_db, rel=1e-12)
    assert by_blocks.parts[0].agreement == whole.parts[0].agreement
