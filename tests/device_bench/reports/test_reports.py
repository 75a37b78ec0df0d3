import csv as standard_csv
import io
import json as standard_json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from _edgeship.device_bench.reports import csv, html, json, markdown, matrix
from _edgeship.device_bench.reports.parts import Cell, Section, Table
from _edgeship.device_bench.reports.sessions import sections
from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.results.rows import rows
from _edgeship.device_bench.results.statistics import summarize
from tests.device_bench.synthetic import GRANTED, PHONE, VIRTUAL, session, two_runners

ROOT = Path(__file__).parents[3]

EVIL = "net_</td><script>alert(1)</script>|`x`$=\n_int8"


def _three() -> list[Session]:
    return [
        session("20261120-090000-aaaa", complete=False),
        session("20261121-142530-bbbb", VIRTUAL, (41e6, 52e6, 23.4e6), rounds=2, runs=1),
        session("20261122-142530-cccc", seed=1),
    ]


class _Page(HTMLParser):
    """Collects what a page would load, run and show in tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.outside: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.headings: list[str] = []
        self._cell: list[str] | None = None
        self._heading = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            loads = name in ("src", "data", "srcset") or (name.endswith("href") and tag != "a")
            if loads and not (value or "").startswith("#"):
                self.outside.append(f"{tag} {name}={value}")
            if name.startswith("on"):
                self.outside.append(f"{tag} {name}")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []
        self._heading = tag == "h2"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        elif self._heading:
            self.headings.append(data)
            self._heading = False


@pytest.fixture(scope="module")
def shown() -> list[Section]:
    return sections(rows(_three()))


@pytest.fixture(scope="module")
def page(shown: list[Section]) -> _Page:
    return _Page(html.render("Measurements", "Written today.", shown))


def test_the_page_loads_nothing_and_runs_one_script(page: _Page) -> None:
    assert page.outside == []
    assert page.scripts == 1


def test_the_page_is_ours_in_a_folder_with_a_device_bench_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "device_bench").mkdir()
    (tmp_path / "device_bench" / "__init__.py").write_text("raise SystemExit('not ours')")
    code = (
        f"import sys; sys.path.append({str(ROOT)!r});"
        "from _edgeship.device_bench.reports import html; print(html.render('x', 'y', []))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "<h1>x</h1>" in done.stdout


def test_the_page_shows_every_measurement_under_its_unit(page: _Page) -> None:
    times, instructions = page.tables[:2]
    assert [row[0] for row in times[1:]] == ["net_int8", "net_fp16", "net_fp32"] * 2
    assert [row[0] for row in instructions[1:]] == ["net_int8", "net_fp16", "net_fp32"]
    median = times[0].index("median")
    assert all(row[median].endswith(" ms") for row in times[1:])
    median = instructions[0].index("median, instructions")
    assert [row[median] for row in instructions[1:]] == ["23.40 M", "52.00 M", "41.00 M"]


def test_what_all_rows_share_is_said_once(page: _Page) -> None:
    times, instructions = page.tables[:2]
    assert "threads" not in times[0]
    assert "device" not in instructions[0]
    assert "scheme" in times[0]  # three of them
    table = Table(
        "", ("a", "b"), ((Cell("x"), Cell("y")),) * 2, said_once=("a", "b"), choices=("b",)
    )
    assert table.same() == {"a": "x", "b": "y"}
    assert table.shown().columns == table.shown().choices == ()
    single = replace(table, rows=table.rows[:1])
    assert single.shown().columns == ("a", "b")


def test_devices_stand_beside_one_another() -> None:
    assert matrix.section(rows([session()]), "ns") is None
    board = PHONE.model_copy(update={"model": "Board", "selector": "ssh:board"})
    later = session("20261123-090000-dddd", board, rounds=4)
    found = matrix.section(rows([session(), session(seed=1), later]), "ns")
    assert found is not None
    [table] = found.tables
    assert table.columns[2:] == (f"Pixel 9 Pro ({PHONE.selector})", "Board (ssh:board)")
    first, second, _ = table.rows
    assert first[0].text.startswith("net_fp32 ")
    assert first[2].text.endswith(" ms")  # what the others are compared with
    assert re.fullmatch(r"\d\.\d+ ms, 0\.6\d+ x \(0\.6\d+ to 0\.6\d+\)", second[2].text)
    assert second[3].text.endswith("x (too few rounds)")
    assert matrix.section(rows([session(), later]), "instructions") is None


def test_all_rows_of_a_table_are_as_long_as_its_heading(page: _Page) -> None:
    for heading, *lines in page.tables:
        assert {len(line) for line in lines} == {len(heading)}


def test_sessions_follow_newest_first(page: _Page) -> None:
    assert page.headings == [
        "Times",
        "Instructions",
        "20261122-142530-cccc: Pixel 9 Pro",
        "20261121-142530-bbbb: qemu-aarch64, cortex-a76",
        "20261120-090000-aaaa: Pixel 9 Pro",
    ]


def test_what_was_cut_short_or_slowed_down_says_so(shown: list[Section]) -> None:
    cut, _, whole = shown[2:][::-1]
    assert "cut short" in cut.warnings[0]
    assert not any("cut short" in text for text in whole.warnings)
    assert [text for text in whole.warnings if text.startswith("2 of 10 rounds")]


def test_a_measurement_without_rounds_is_shown_without_figures() -> None:
    whole = session()
    bare = whole.measurements[0].model_copy(update={"rounds": ()})
    cut = whole.model_copy(update={"measurements": (bare,), "complete": False})
    shown = sections(rows([cut]))
    page = _Page(html.render("x", "y", shown))
    assert page.tables[0][1][page.tables[0][0].index("median")] == ""
    assert any("No round was finished" in text for text in shown[1].warnings)
    assert csv.render([cut]).count("\n") == 2
    assert (
        standard_json.loads(json.render([cut]))["sessions"][0]["measurements"][0]["summary"] is None
    )


def test_texts_from_devices_and_files_are_no_markup() -> None:
    evil = PHONE.model_copy(update={"model": EVIL, "os": EVIL, "soc": EVIL})
    shown = sections(rows([session(device=evil, labels=(EVIL, "b", "c"), model=EVIL)]))
    page = _Page(html.render(EVIL, EVIL, shown))
    assert page.scripts == 1
    assert page.tables[0][3][0] == EVIL
    text = markdown.render(EVIL, EVIL, shown)
    assert "<script" not in text.replace("\\<", "")
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("| file |"))
    table = lines[start : start + 5]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_markdown_has_the_figures_of_the_page(page: _Page, shown: list[Section]) -> None:
    text = markdown.render("Measurements", "Written today.", shown)
    lines = text.splitlines()
    assert lines[0] == "# Measurements"
    for row in page.tables[0][1:]:
        assert f"| {' | '.join(row)} |".replace("_", "\\_") in lines


def test_csv_keeps_the_units_apart() -> None:
    lines = list(standard_csv.DictReader(io.StringIO(csv.render(_three()))))
    assert len(lines) == 9
    for line, unit in zip(lines, ["ns"] * 3 + ["instructions"] * 3 + ["ns"] * 3, strict=True):
        other = {"ns": "instructions", "instructions": "ns"}[unit]
        assert float(line[f"median_{unit}"]) > 1e6
        assert line[f"median_{other}"] == ""
    expected = summarize(_three()[2].measurements[0].rounds)
    assert float(lines[6]["median_ns"]) == expected.median
    assert int(lines[6]["throttled"]) == expected.throttled == 40


def test_csv_starts_no_formula_in_a_spreadsheet() -> None:
    text = csv.render([session(labels=("=1+1", "@x", "plain"))])
    assert [line["file"] for line in standard_csv.DictReader(io.StringIO(text))] == [
        "'=1+1",
        "'@x",
        "plain",
    ]


def test_csv_of_nothing_is_empty() -> None:
    assert csv.render([]).strip() == ""


def test_json_holds_the_sessions_and_their_figures() -> None:
    whole = [session(rounds=2), session("20261123-142530-cccc", VIRTUAL, rounds=2, runs=1)]
    found = standard_json.loads(json.render(whole))
    assert found["version"] == json.VERSION
    for values, expected in zip(found["sessions"], whole, strict=True):
        for one, measurement in zip(values["measurements"], expected.measurements, strict=True):
            assert one.pop("summary")["median"] == summarize(measurement.rounds).median
        assert Session.model_validate(values) == expected


def test_json_writes_numbers_that_json_does_not_know_as_strings() -> None:
    whole = session()
    first = whole.measurements[0]
    parity = first.parity
    assert parity is not None
    broken = parity.model_copy(update={"max_rel": float("inf")})
    first = first.model_copy(update={"parity": broken})
    found = standard_json.loads(json.render([whole.model_copy(update={"measurements": (first,)})]))
    assert found["sessions"][0]["measurements"][0]["parity"]["max_rel"] == "Infinity"


def test_where_several_runners_meet_each_is_named() -> None:
    page = _Page(html.render("Measurements", "Written today.", sections(rows([two_runners()]))))
    times, files, *operators = page.tables
    for table in (times, files):
        runner = table[0].index("run by")
        label = table[0].index("file")
        assert sorted((row[label], row[runner]) for row in table[1:]) == [
            *(("net_fp32", "app, cpu"), ("net_fp32", "native, cpu")),
            *(("net_int8", "app, cpu"), ("net_int8", "native, cpu")),
        ]
    assert len(operators) == 4
    assert [row["runner"] for row in _csv([two_runners()])] == ["native", "app"] * 2


def test_every_measurement_of_several_runners_is_drawn() -> None:
    [overview, one] = sections(rows([two_runners()]))
    del overview
    names = [f"{file} by {who}" for file in ("net_fp32", "net_int8") for who in ("native", "app")]
    for plot in one.plots[:3]:
        assert [name for name in names if name not in plot.svg] == []
    assert [table.title for table in one.tables[1:]] == [f"Operators of {name}" for name in names]
    profiles = [plot.caption for plot in one.plots if plot.caption.startswith("Where the time")]
    assert [name for name in names if f"of {name} goes" not in "".join(profiles)] == []
    [alone] = sections(rows([session()]))[1:]
    assert not any(" by " in table.title for table in alone.tables)


def test_what_android_granted_the_app_is_told() -> None:
    [_, one] = sections(rows([two_runners()]))
    assert one.facts is not None
    assert one.facts["app"] == (
        "version 0.2.0, in front, cores 0-7, sustained performance mode on, thermal status light, "
        "thermal headroom 0.62 at most (1 is severe throttling)"
    )
    [_, other] = sections(rows([session()]))
    assert other.facts is not None
    assert "app" not in other.facts
    native, app = _csv([two_runners()])[:2]
    names = ("version", "cores", "importance", "sustained_performance", "thermal_status")
    assert [app[f"app_{name}"] for name in names] == ["0.2.0", "0-7", "100", "True", "1"]
    assert app["app_thermal_headroom"] == "0.62"
    assert {value for name, value in native.items() if name.startswith("app_")} == {""}


def test_an_app_behind_others_is_told() -> None:
    made = two_runners(rounds=2, labels=("net",), medians=(1e6,))
    native, app = made.measurements
    first, second = app.rounds
    behind = GRANTED.model_copy(update={"importance": 200, "cores": "0-3"})
    changed = second.process.model_copy(update={"app": behind})
    rounds = (first, second.model_copy(update={"process": changed}))
    measurements = (native, app.model_copy(update={"rounds": rounds}))
    [_, one] = sections(rows([made.model_copy(update={"measurements": measurements})]))
    assert one.facts is not None
    assert "not always in front (importance 200), cores 0-7 and 0-3" in one.facts["app"]


def _csv(whole: list[Session]) -> list[dict[str, str]]:
    return list(standard_csv.DictReader(io.StringIO(csv.render(whole))))
