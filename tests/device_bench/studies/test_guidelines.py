"""The tables of the ShuffleNet V2 paper, and verdicts on measurements of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.studies.guideline_words import interval, overview, sentence
from _edgeship.device_bench.studies.guidelines import (
    SCALES,
    STATEMENTS,
    Column,
    ColumnResult,
    column,
    columns,
    evaluate,
    judge,
)
from _edgeship.models.catalog.probes import probes
from _edgeship.models.catalog.registry import CATALOG
from tests.device_bench.synthetic import PHONE, VIRTUAL, session

G1 = column("G1", "arm", 1, "none")
# 10 blocks of two convolutions at 56 x 56 places.
G1_MULT_ADDS = [20 * 56 * 56 * c1 * c2 for c1, c2 in [(32, 32), (22, 44), (13, 78), (9, 108)]]


def test_the_columns_are_all_the_probes_of_the_catalog() -> None:
    wanted = {
        model
        for guideline in STATEMENTS
        for channels in ("arm", "gpu")
        for scale in SCALES
        for model in column(guideline, channels, scale, "none").models  # type: ignore[arg-type]
    }
    assert wanted == {entry.name for entry in probes()}


@pytest.mark.parametrize(
    ("guideline", "channels", "scale", "speeds"),
    [
        ("G1", "arm", 1, [76.2, 72.9, 69.1, 57.6]),
        ("G1", "arm", 2, [21.7, 20.5, 17.9, 15.1]),
        ("G1", "arm", 4, [5.3, 5.1, 4.6, 4.4]),
        ("G1", "gpu", 1, [1480, 1296, 876, 748]),
        ("G1", "gpu", 2, [723, 586, 489, 392]),
        ("G1", "gpu", 4, [232, 206, 189, 163]),
        ("G2", "arm", 1, [40.0, 35.0, 32.9, 27.8]),
        ("G2", "arm", 2, [10.2, 9.5, 8.7, 7.5]),
        ("G2", "arm", 4, [2.3, 2.2, 2.1, 1.8]),
        ("G2", "gpu", 1, [2451, 1725, 1026, 634]),
        ("G2", "gpu", 2, [1289, 873, 644, 445]),
        ("G2", "gpu", 4, [437, 341, 338, 230]),
        ("G3", "arm", 1, [40.2, 38.6, 38.4, 33.4, 35.0]),
        ("G3", "arm", 2, [10.1, 10.1, 10.1, 9.1, 8.4]),
        ("G3", "arm", 4, [2.3, 2.2, 2.3, 2.2, 2.1]),
        ("G3", "gpu", 1, [2446, 1790, 752, 1537, 691]),
        ("G3", "gpu", 2, [1274, 909, 745, 803, 572]),
        ("G3", "gpu", 4, [434, 336, 349, 320, 292]),
        ("G4", "arm", 1, [56.7, 61.9, 57.3, 66.3]),
        ("G4", "arm", 2, [16.9, 18.8, 18.2, 20.2]),
        ("G4", "arm", 4, [5.0, 5.2, 5.1, 5.4]),
        ("G4", "gpu", 1, [2427, 2647, 2672, 2842]),
        ("G4", "gpu", 2, [2066, 2256, 2121, 2376]),
        ("G4", "gpu", 4, [1436, 1735, 1458, 1782]),
    ],
)
def test_a_column_has_the_papers_speeds_in_its_order(
    guideline: str, channels: str, scale: int, speeds: list[float]
) -> None:
    found = column(guideline, channels, scale, "int8")  # type: ignore[arg-type]
    assert [found.paper_speed(label) for label in found.rows] == speeds


@pytest.mark.parametrize(
    ("guideline", "channels", "widths"),
    [
        # c1 of Table 1, channels of Tables 2 to 4.
        ("G1", "arm", [32, 22, 13, 9]),
        ("G1", "gpu", [128, 90, 52, 36]),
        ("G2", "arm", [64, 90, 128, 180]),
        ("G2", "gpu", [128, 180, 256, 360]),
        ("G3", "arm", [64, 45, 32, 45, 32]),
        ("G3", "gpu", [128, 90, 64, 90, 64]),
        ("G4", "arm", [32] * 4),
        ("G4", "gpu", [32] * 4),
    ],
)
def test_a_column_has_the_papers_channels(guideline: str, channels: str, widths: list[int]) -> None:
    for scale in SCALES:
        found = [
            CATALOG[model].input_size[0]
            for model in column(guideline, channels, scale, "none").models  # type: ignore[arg-type]
        ]
        # What 8 groups, or the mult-adds of several fragments, round differs by a few.
        assert found == pytest.approx([scale * width for width in widths], abs=8)


def test_all_columns_are_one_table() -> None:
    g2 = [column("G2", "arm", scale, "none") for scale in (1, 4)]
    results = [
        evaluate(one, _measured(one, [4e6, 4e6, 5e6, last], [10**8] * 4, rounds=20))
        for one, last in zip(g2, (8e6, 4e6), strict=True)
    ]
    headings, [line] = overview(results)
    assert headings == ["ratio", "scheme", "x1", "paper x1", "x4", "paper x4"]
    assert line[:2] == ("G2: 8 groups / 1 group", "none")
    assert line[2] == f"{interval(results[0].warned_of)} holds"
    assert line[3::2] == ("1.44", "1.28")  # 40.0 / 27.8 and 2.3 / 1.8
    assert line[4].endswith(" ?")


def test_a_software_driver_is_never_called_here() -> None:
    found = Acceleration(driver="SwiftShader", software=True)
    made = _measured(G1, [4.0e6, 4.1e6, 4.6e6, 6.0e6], G1_MULT_ADDS, rounds=20)
    on_gpu = tuple(
        one.model_copy(
            update={
                "acceleration": found,
                "settings": one.settings.model_copy(update={"accelerator": "gpu"}),
            }
        )
        for one in made.measurements
    )
    result = evaluate(G1, made.model_copy(update={"measurements": on_gpu}))
    assert (result.hardware, result.on_software) == ("gpu (software)", True)
    assert sentence(result).startswith("G1 holds on this software driver, which is no GPU: 1:12")


def test_columns_go_table_by_table() -> None:
    found = columns(["G1", "G4"], "arm", [1, 4], ["none", "int8"])
    assert [(one.guideline, one.scale, one.scheme) for one in found] == [
        ("G1", 1, "none"), ("G1", 1, "int8"), ("G1", 4, "none"), ("G1", 4, "int8"),
        ("G4", 1, "none"), ("G4", 1, "int8"), ("G4", 4, "none"), ("G4", 4, "int8"),
    ]  # fmt: skip


def _measured(of: Column, medians: list[float], mult_adds: list[int], **options: object) -> Session:
    made = session(medians=medians, labels=of.models, **options)  # type: ignore[arg-type]
    return made.model_copy(
        update={
            "measurements": tuple(
                one.model_copy(update={"subject": one.subject.model_copy(update={"mult_adds": n})})
                for one, n in zip(made.measurements, mult_adds, strict=True)
            )
        }
    )


def test_a_guideline_that_holds_is_said_with_its_figures() -> None:
    result = evaluate(G1, _measured(G1, [4.0e6, 4.1e6, 4.6e6, 6.0e6], G1_MULT_ADDS, rounds=20))
    assert result.verdict == "holds"
    assert (result.recommended.label, result.warned_of.label) == ("1:1", "1:12")
    rows = {row.label: row for row in result.rows}
    assert rows["1:12"].ratio == pytest.approx(1.5, rel=0.02)
    assert rows["1:12"].low < 1.5 < rows["1:12"].high
    assert rows["1:12"].paper_ratio == pytest.approx(76.2 / 57.6)
    assert rows["1:12"].mult_adds_ratio == pytest.approx(972 / 1024)
    assert (rows["1:1"].ratio, rows["1:1"].to_best, rows["1:1"].paper_to_best) == (1, 1, 1)
    words = sentence(result)
    assert words.startswith(f"G1 holds here: 1:12 takes {interval(rows['1:12'])} times as long as")
    assert words.endswith("1:1 (paper 1.32), with 0.95 times the mult-adds")


def test_ratios_are_to_the_fastest_row_whichever_that_is() -> None:
    medians = [4.0e6, 2.0e6, 5.0e6, 3.0e6]
    result = evaluate(G1, _measured(G1, medians, G1_MULT_ADDS, device=VIRTUAL))
    assert [row.to_best for row in result.rows] == pytest.approx([2, 1, 2.5, 1.5])
    assert [row.ratio for row in result.rows] == pytest.approx([1, 0.5, 1.25, 0.75])
    assert result.verdict == "does not hold"
    assert sentence(result).startswith(
        "G1 does not hold here: 1:12 takes 0.7500 times as many instructions as 1:1"
    )


def test_g4_recommends_what_its_table_has_last() -> None:
    g4 = column("G4", "arm", 2, "int8")
    result = evaluate(g4, _measured(g4, [5e6, 4.5e6, 4.4e6, 4e6], [10**7] * 4, device=VIRTUAL))
    assert (result.recommended.label, result.warned_of.label) == ("neither", "ReLU and shortcut")
    assert result.warned_of.ratio == pytest.approx(1.25)
    assert result.warned_of.paper_ratio == pytest.approx(20.2 / 16.9)
    assert sentence(result).endswith("as neither (paper 1.20)")


def test_equal_times_show_no_difference() -> None:
    g2 = column("G2", "arm", 1, "none")
    result = evaluate(g2, _measured(g2, [4e6] * 4, [10**8] * 4, rounds=20))
    assert {row.verdict for row in result.rows} == {"no difference shown"}
    assert sentence(result).startswith("G2: no difference shown: 8 groups takes ")


def test_too_few_rounds_show_nothing() -> None:
    result = evaluate(G1, _measured(G1, [4e6, 5e6, 6e6, 8e6], G1_MULT_ADDS, rounds=3, device=PHONE))
    assert result.verdict == "too few rounds"
    assert sentence(result).startswith("G1: too few rounds: 1:12 takes ")


def test_a_ratio_is_judged_against_that_of_the_mult_adds() -> None:
    assert judge(0.96, 0.99, 0.95) == "holds"  # faster, and yet slower than its mult-adds
    assert judge(1.01, 1.02, 1.034) == "does not hold"
    assert judge(0.99, 1.02, 1.0) == "no difference shown"
    assert judge(1.0, 1.0, 1.0) == "no difference shown"
    assert judge(1.00001, 1.00001, 1.0) == "no difference shown"  # exact, and next to nothing


def test_rows_without_mult_adds_are_refused() -> None:
    made = session(medians=[1e6] * 4, labels=G1.models)
    [first, *others] = made.measurements
    nameless = first.model_copy(
        update={"subject": first.subject.model_copy(update={"mult_adds": None})}
    )
    with pytest.raises(ValueError, match="mult-adds"):
        evaluate(G1, made.model_copy(update={"measurements": (nameless, *others)}))


def test_an_unfinished_session_is_refused() -> None:
    made = session(medians=[1e6] * 3, labels=G1.models[:3])
    with pytest.raises(ValueError, match="shorter"):
        evaluate(G1, made)


def test_an_interval_is_left_out_where_figures_are_exact() -> None:
    result: ColumnResult = evaluate(
        G1, _measured(G1, [4e6, 5e6, 6e6, 8e6], G1_MULT_ADDS, device=VIRTUAL)
    )
    row = result.warned_of
    assert interval(row) == "2.0000"
    assert interval(replace(row, low=1.9, high=2.1)) == "2.00 [1.90, 2.10]"


def test_every_probe_is_in_the_catalog() -> None:
    for guideline in STATEMENTS:
        assert set(column(guideline, "gpu", 2, "none").models) <= set(CATALOG)
