import math

import pytest

from _edgeship.export.pipeline import TARGETS
from _edgeship.export.verification.judge import find_failure, judge
from _edgeship.export.verification.parity import Parity, PartParity
from _edgeship.export.verification.tolerance import (
    TOLERANCES,
    Tolerance,
    needed_sqnr_db,
    warn,
)
from _edgeship.export.verification.yardstick import Yardstick


def parity(max_rel: float = 0.0, sqnr_db: float = math.inf) -> Parity:
    return Parity(max_rel, max_rel, sqnr_db, None)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> str:
    limits = Tolerance(max_rel=0.25, min_sqnr_db=20.0)
    monkeypatch.setitem(TOLERANCES, "strict", limits)
    return "strict"


def test_the_limits_themselves_are_in_tolerance(strict: str) -> None:
    assert judge(parity(0.25, 20.0), strict) is None


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (parity(max_rel=0.26), "0.26 of the output's range; strict allows 0.25"),
        (parity(sqnr_db=19.9), "SQNR is 19.9 dB; strict needs 20.0 dB"),
        (parity(max_rel=math.nan), "range"),
        (parity(sqnr_db=math.nan), "SQNR"),
    ],
)
def test_past_a_limit_the_reason_has_both_numbers(
    strict: str, measured: Parity, words: str
) -> None:
    reason = judge(measured, strict)
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize("kind", list(TOLERANCES))
def test_every_kind_passes_equal_outputs_and_fails_nan(kind: str) -> None:
    assert judge(parity(), kind) is None
    assert judge(Parity(math.inf, math.inf, -math.inf, None), kind) is not None


def test_float_is_the_strictest_and_needs_no_sqnr() -> None:
    assert judge(parity(max_rel=2e-4, sqnr_db=90.0), "float") is not None
    assert judge(parity(max_rel=2e-4, sqnr_db=90.0), "fp16") is None


def test_unknown_kind() -> None:
    with pytest.raises(KeyError):
        judge(parity(), "int4")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> str:
    limits = Tolerance(min_sqnr_db=5.0, below_rounded_db=10.0, warn_sqnr_db=20.0)
    monkeypatch.setitem(TOLERANCES, "measured", limits)
    return "measured"


@pytest.mark.parametrize(
    ("rounded_db", "needed"),
    [
        (None, 5.0),
        (30.0, 20.0),
        (12.0, 5.0),  # a network that makes much of rounded weights
        (math.inf, 5.0),  # one without weights
    ],
)
def test_a_network_is_measured_by_its_rounded_weights(
    measured: str, rounded_db: float | None, needed: float
) -> None:
    assert needed_sqnr_db(measured, rounded_db) == needed
    yardstick = None if rounded_db is None else Yardstick({"": rounded_db})
    assert judge(parity(sqnr_db=needed), measured, yardstick) is None
    reason = judge(parity(sqnr_db=needed - 0.1), measured, yardstick)
    assert reason is not None
    assert f"needs {needed:.1f} dB" in reason
    assert (rounded_db in (None, math.inf)) == ("rounding the weights alone" not in reason)


def test_without_a_floor_the_rounded_weights_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOLERANCES, "open", Tolerance(below_rounded_db=10.0))
    assert needed_sqnr_db("open") is None
    assert needed_sqnr_db("open", 25.0) == 15.0


def test_float_is_not_measured_by_rounded_weights() -> None:
    assert needed_sqnr_db("float", 30.0) is None


def test_correct_files_with_much_noise_are_warned_of(measured: str) -> None:
    assert warn(parity(sqnr_db=20.0), measured) is None
    sentence = warn(parity(sqnr_db=19.9), measured)
    assert sentence is not None
    assert "19.9 dB" in sentence


def test_what_has_no_limit_is_not_warned_of() -> None:
    assert warn(parity(sqnr_db=-3.0), "float") is None


@pytest.mark.parametrize("kind", [kind for kind in TOLERANCES if kind != "float"])
def test_warnings_begin_above_failures(kind: str) -> None:
    limits = TOLERANCES[kind]
    assert limits.min_sqnr_db is not None
    assert limits.warn_sqnr_db is not None
    assert limits.min_sqnr_db < limits.warn_sqnr_db


def test_every_scheme_has_a_tolerance() -> None:
    schemes = [scheme for target in TARGETS.values() for scheme in target.schemes.values()]
    assert {scheme.tolerance for scheme in schemes} == set(TOLERANCES)


def test_fewer_bits_may_lose_more() -> None:
    floors = [TOLERANCES[f"palette{bits}"].min_sqnr_db or 0.0 for bits in (8, 6, 4)]
    assert floors == sorted(floors, reverse=True)


@pytest.fixture
def capped(monkeypatch: pytest.MonkeyPatch) -> str:
    limits = Tolerance(min_sqnr_db=2.0, below_rounded_db=20.0, below_ideal_db=8.0)
    monkeypatch.setitem(TOLERANCES, "capped", limits)
    return "capped"


@pytest.mark.parametrize(
    ("rounded_db", "ideal_db", "needed"),
    [
        (129.0, 39.0, 31.0),  # weights that lie on the grid of 8 bits
        (math.inf, 39.0, 31.0),  # no weights at all
        (math.inf, 140.0, 41.9),  # 8 bits can give no more than 49.9
        (45.0, 39.0, 25.0),  # rounded weights demand less
        (math.inf, 9.0, 2.0),  # the limit for every network
    ],
)
def test_no_file_needs_more_than_an_ideal_one_gives(
    capped: str, rounded_db: float, ideal_db: float, needed: float
) -> None:
    yardstick = Yardstick({"": rounded_db}, measured={"8 bits": {"": ideal_db}})
    assert needed_sqnr_db(capped, rounded_db, ideal_db) == pytest.approx(needed)
    assert judge(parity(sqnr_db=needed + 0.01), capped, yardstick) is None
    reason = judge(parity(sqnr_db=needed - 0.1), capped, yardstick)
    assert reason is not None
    assert f"where 8 bits can give {ideal_db:.1f} dB" in reason


def test_the_ideal_file_is_not_asked_about_a_file_that_passes_without(capped: str) -> None:
    def measure(bits: str) -> dict[str, float]:
        raise AssertionError(bits)

    yardstick = Yardstick({"": 45.0}, measure)
    assert judge(parity(sqnr_db=25.0), capped, yardstick) is None
    with pytest.raises(AssertionError, match="8 bits"):
        judge(parity(sqnr_db=24.0), capped, yardstick)


def part(name: str, sqnr_db: float, agreement: float | None = None) -> PartParity:
    return PartParity(name, 0.0, 0.0, sqnr_db, agreement, partial=True)


def of_parts(*parts: PartParity) -> Parity:
    return Parity(0.0, 0.0, min(one.sqnr_db for one in parts), None, parts)


def test_each_part_has_a_need_of_its_own(capped: str) -> None:
    yardstick = Yardstick({"boxes": 60.0, "scores": 30.0})
    assert judge(of_parts(part("boxes", 41.0), part("scores", 11.0)), capped, yardstick) is None
    failure = find_failure(of_parts(part("boxes", 39.0), part("scores", 11.0)), capped, yardstick)
    assert failure is not None
    assert (failure.needed_db, failure.in_joined) == (40.0, True)
    assert failure.sentence.startswith("The SQNR of boxes is 39.0 dB; capped needs 40.0 dB")


@pytest.mark.parametrize(
    ("ideal", "agreement", "passes"),
    [(0.97, 0.89, True), (0.97, 0.87, False), (0.1, 0.026, True), (0.1, 0.024, False)],
)
def test_integers_may_disagree_where_the_ideal_file_does(
    capped: str, ideal: float, agreement: float, passes: bool
) -> None:
    measured = {"y": -10 * math.log10(1 - ideal)}
    yardstick = Yardstick({}, measured={"8 bits": measured})
    found = of_parts(part("y", 9.0, agreement), part("z", math.inf))
    assert (judge(found, capped, yardstick) is None) == passes


@pytest.mark.parametrize(("sqnr_db", "passes"), [(39.0, True), (33.0, False)])
def test_an_element_on_the_other_side_of_a_comparison_passes_where_the_ideal_file_has_such(
    sqnr_db: float, passes: bool
) -> None:
    found = Parity(0.3, 0.3, sqnr_db, None, (PartParity("y", 0.3, 0.3, sqnr_db),))
    yardstick = Yardstick({"y": 20.0}, measured={"float16": {"y": 40.0}})
    assert (judge(found, "fp16", yardstick) is None) == passes
    assert judge(found, "fp16") is not None


@pytest.mark.parametrize(
    ("ideal_db", "sqnr_db", "passes"),
    [(14.0, 8.1, True), (14.0, 7.9, False), (3.0, 6.1, True), (3.0, 5.9, False)],
)
def test_rows_picked_by_nearly_equal_scores_may_change_places_as_in_the_ideal_file(
    ideal_db: float, sqnr_db: float, passes: bool
) -> None:
    yardstick = Yardstick({"y": 40.0}, measured={"float16": {"y": ideal_db}})
    for chosen in (True, False):
        row = PartParity("y", 0.05, 0.05, sqnr_db, chosen=chosen)
        found = Parity(0.05, 0.05, sqnr_db, None, (row,))
        assert (judge(found, "fp16", yardstick) is None) == (chosen and passes)
