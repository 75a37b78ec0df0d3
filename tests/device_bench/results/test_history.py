from typing import Any

import pytest

from _edgeship.device_bench.reports import history as report
from _edgeship.device_bench.results.history import Series, all_series, choose_baseline, series_name
from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.results.rows import rows
from _edgeship.errors import InputError
from tests.device_bench.synthetic import PHONE, VIRTUAL, session

DAYS = ("20261120-090000-aaaa", "20261121-090000-bbbb", "20261122-090000-cccc")


def _series(sessions: list[Session], baselines: dict[str, str], **options: Any) -> list[Series]:
    return all_series(rows(sessions), baselines, **options)


def _days(*medians: float) -> list[Session]:
    """Return a session per day of one file, with these medians."""
    return [
        session(day, medians=(median,), labels=("net_int8",), seed=seed, rounds=8)
        for seed, (day, median) in enumerate(zip(DAYS, medians, strict=False))
    ]


def _verdicts(sessions: list[Session], **options: float) -> list[str]:
    (series,) = _series(sessions, {}, **options)
    return [entry.verdict for entry in series.entries]


def test_a_slower_session_is_a_regression() -> None:
    sessions = _days(2e6, 2e6, 2.4e6)
    (series,) = _series(sessions, {})
    assert [entry.verdict for entry in series.entries] == [
        "baseline",
        "no difference shown",
        "REGRESSION",
    ]
    assert series.regressed
    ratio = series.entries[2].comparison
    assert ratio is not None
    assert ratio.low < 1.2 < ratio.high


def test_what_is_within_the_tolerance_is_only_slower() -> None:
    sessions = _days(2e6, 2.4e6)
    assert _verdicts(sessions, tolerance=0.05)[1] == "REGRESSION"
    assert _verdicts(sessions, tolerance=0.5)[1] == "slower"


def test_a_faster_session_is_none() -> None:
    (series,) = _series(_days(2e6, 1.6e6), {})
    assert series.entries[1].verdict == "faster"
    assert not series.regressed


def test_only_the_newest_session_counts_as_regressed() -> None:
    (series,) = _series(_days(2e6, 2.4e6, 2e6), {})
    assert series.entries[1].verdict == "REGRESSION"
    assert not series.regressed


def test_a_stored_baseline_replaces_the_oldest() -> None:
    sessions = _days(2e6, 2.4e6, 2.4e6)
    (series,) = _series(sessions, {})
    assert choose_baseline([series], DAYS[1]) == [series.name]
    (again,) = _series(sessions, {series.name: DAYS[1]})
    assert again.baseline == DAYS[1]
    assert [entry.verdict for entry in again.entries] == [
        "faster",
        "baseline",
        "no difference shown",
    ]


def test_a_baseline_that_is_not_there_is_not_used() -> None:
    (series,) = _series(_days(2e6, 2e6), {})
    (again,) = _series(_days(2e6, 2e6), {series.name: "20260101-000000-0000"})
    assert again.baseline == DAYS[0]


def test_a_session_without_this_file_is_no_baseline() -> None:
    with pytest.raises(InputError, match="nothing of this"):
        choose_baseline(_series(_days(2e6), {}), "20260101-000000-0000")


def test_instructions_are_compared_exactly() -> None:
    sessions = [
        session(day, VIRTUAL, (value,), labels=("net_int8",), rounds=2, runs=1)
        for day, value in zip(DAYS, (41e6, 41e6, 41.5e6), strict=True)
    ]
    assert _verdicts(sessions, tolerance=0.0) == [
        "baseline",
        "no difference shown",
        "REGRESSION",
    ]
    assert _verdicts(sessions, tolerance=0.05)[2] == "slower"


def test_what_differs_in_device_file_settings_or_input_is_another_series() -> None:
    first = session(DAYS[0], rounds=2)
    other_phone = PHONE.model_copy(update={"selector": "adb:OTHER"})
    threads = _changed(session(DAYS[1], rounds=2), "settings", threads=4)
    smaller = _changed(session(DAYS[2], rounds=2), "subject", mult_adds=18_000_000)
    others = [session("20261119-090000-dddd", other_phone, rounds=2), threads, smaller]
    series = _series([first, *others], {})
    assert len(series) == 4 * 3
    assert all(len(one.entries) == 1 for one in series)
    assert len(_series([first, session(DAYS[1], seed=5, rounds=2)], {})) == 3
    assert len(_series([first, *others], {}, subject="net_fp16")) == 4


def _changed(whole: Session, part: str, **values: int) -> Session:
    return whole.model_copy(
        update={
            "measurements": tuple(
                one.model_copy(update={part: getattr(one, part).model_copy(update=values)})
                for one in whole.measurements
            )
        }
    )


def test_a_session_without_rounds_is_neither_baseline_nor_compared() -> None:
    cut, whole, _ = _days(2e6, 2e6, 2e6)
    bare = tuple(one.model_copy(update={"rounds": ()}) for one in cut.measurements)
    assert _verdicts([cut.model_copy(update={"measurements": bare}), whole]) == [
        "nothing measured",
        "baseline",
    ]


def test_a_section_is_made_of_series_with_several_sessions() -> None:
    assert report.section(_series(_days(2e6), {})) is None
    section = report.section(_series(_days(2e6, 2e6, 2.4e6), {}))
    assert section is not None
    (group,) = section.groups
    assert [row[-1].text for row in group.table.rows] == [
        "baseline",
        "no difference shown",
        "REGRESSION",
    ]
    assert group.newest == "20261122"
    assert group.labels == {
        "device": "adb:R5CT1234 (Pixel 9 Pro)",
        "file": "net int8 (145.0 M mult-adds)",
    }
    assert group.plot is not None
    assert group.plot.svg.count("-change") == 1
    assert "the newest is a regression" in section.warnings[0]


def test_turns_are_where_the_verdict_became_another() -> None:
    days = [f"202611{day:02d}-090000-aaaa" for day in range(1, 8)]
    medians = (2e6, 2e6, 2.4e6, 2.4e6, 1.6e6, 2e6, 2e6)
    sessions = [
        session(day, medians=(median,), labels=("net_int8",), rounds=12, seed=1)
        for day, median in zip(days, medians, strict=True)
    ]
    (series,) = _series(sessions, {})
    assert series.turns == (2, 4, 5)
    (series,) = _series(sessions[:2], {})
    assert series.turns == ()


def test_a_baseline_that_is_too_old_to_be_shown_is_compared_with() -> None:
    sessions = _days(2e6, 2.4e6, 2.4e6)
    name = series_name(rows(sessions)[0])
    (series,) = _series(sessions[1:], {name: DAYS[0]}, older=rows(sessions[:1]))
    assert series.baseline == DAYS[0]
    assert [entry.verdict for entry in series.entries] == ["REGRESSION", "REGRESSION"]
    (series,) = _series(sessions[1:], {name: DAYS[0]})
    assert series.baseline == DAYS[1]


def test_bars_show_no_mountains_of_noise() -> None:
    assert report.spark([1.0, 1.0]) == "▁▁"
    assert report.spark([1.0, 2.0, 1.5]) == "▁█▅"
    assert report.spark([100.0, 101.0]) == "▁▂"
