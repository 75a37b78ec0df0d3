from dataclasses import replace
from pathlib import Path

import pytest

from _edgeship.device_bench.reports import zoo as report
from _edgeship.device_bench.results.records import Properties, Session
from _edgeship.device_bench.results.rows import rows
from _edgeship.device_bench.studies.zoo import Accuracy, Entry
from tests.device_bench.synthetic import PHONE, VIRTUAL, session

PAPER = Accuracy(69.4, "published in a paper")


def _entries() -> list[Entry]:
    return [
        Entry("net_x0_5", "net", "x0_5", "none", Path("build/a.tflite"), 41_000_000, PAPER, 57.0),
        Entry("net_x1_0", "net", "x1_0", "none", Path("build/b.tflite"), 146_000_000, None, 24.4),
        Entry("net_x0_5", "net", "x0_5", "int8", Path("build/c.tflite"), 41_000_000, PAPER, 57.0),
    ]


def _session(device: Properties = PHONE) -> Session:
    return session(device=device, labels=("c", "b", "a"), rounds=2)


def test_files_are_joined_with_their_measurements_by_path() -> None:
    measured = report.join(_entries(), rows([_session()]))
    assert [one.row.measurement.subject.label for one in measured] == ["a", "b", "c"]
    assert [one.entry.model for one in measured] == ["net_x0_5", "net_x1_0", "net_x0_5"]


def test_what_was_not_measured_is_left_out() -> None:
    whole = _session()
    bare = whole.measurements[1].model_copy(update={"rounds": ()})
    cut = whole.model_copy(update={"measurements": (whole.measurements[0], bare)})
    assert [one.entry.path.stem for one in report.join(_entries(), rows([cut]))] == ["c"]


def test_the_table_holds_what_is_known() -> None:
    table = report.table(report.join(_entries(), rows([_session()])))
    assert table.columns == (
        "model",
        "scheme",
        "mult-adds",
        "top-1",
        "median",
        "interval",
        "paper, ARM",
    )
    first, second, _ = ([cell.text for cell in row] for row in table.rows)
    assert first[:4] == ["net_x0_5", "none", "41.0 M", "69.4 %"]
    assert first[4].endswith(" ms")
    assert (second[3], second[6]) == ("", "24.4 images/s")


def test_the_papers_column_is_left_out_where_it_would_be_empty() -> None:
    entries = [replace(entry, paper_speed=None) for entry in _entries()]
    table = report.table(report.join(entries, rows([_session()])))
    assert table.columns[-1] == "interval"
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_each_scheme_and_the_paper_have_two_drawings() -> None:
    section = report.section(report.join(_entries(), rows([_session()])))
    assert [plot.caption for plot in section.plots[:4]] == [
        "Scheme none: top-1 accuracy.",
        "Scheme none: mult-adds.",
        "Scheme int8: top-1 accuracy.",
        "Scheme int8: mult-adds.",
    ]
    assert len(section.plots) == 6
    assert "Snapdragon 810" in section.plots[4].caption


@pytest.mark.parametrize(("device", "axis"), [(PHONE, "median, ms"), (VIRTUAL, "M instructions")])
def test_drawings_say_the_unit(device: Properties, axis: str) -> None:
    section = report.section(report.join(_entries(), rows([_session(device)])))
    assert all(axis in plot.svg for plot in section.plots[:4])


def test_it_is_said_whose_accuracy_it_is() -> None:
    measured = report.join(_entries(), rows([_session()]))
    notes = report.notes(measured)
    assert any("network in float" in note for note in notes)
    assert notes.count("Accuracy: published in a paper.") == 1
    own = [
        replace(entry, accuracy=Accuracy(60.0, "evaluated here", of_file=True))
        for entry in _entries()
    ]
    assert report.notes(report.join(own, rows([_session()]))) == ("Accuracy: evaluated here.",)


def test_instructions_are_no_time() -> None:
    measured = report.join(_entries(), rows([_session(VIRTUAL)]))
    assert "not time" in report.notes(measured)[0]
    assert "median, instructions" in report.table(measured).columns
