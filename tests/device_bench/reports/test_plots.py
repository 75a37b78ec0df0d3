import re
from datetime import datetime, timezone
from xml.etree import ElementTree

import pytest

from _edgeship.device_bench.reports import plots
from _edgeship.device_bench.reports.plots import Bar, Moment, Point
from tests.device_bench.synthetic import session

SVG = "{http://www.w3.org/2000/svg}"

# A file's name: no mathematics, no mark-up, no hidden line.
EVIL = '_$x^2$</text><script>alert("1")</script>&'


def _texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    return ["".join(one.itertext()).strip() for one in root.iter(f"{SVG}text")]


def _tags(svg: str) -> set[str]:
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    return {one.tag.removeprefix(SVG) for one in root.iter()}


def _moment(day: int, median: float, note: str = "") -> Moment:
    at = datetime(2026, 11, day, 9, tzinfo=timezone.utc)
    return Moment(at, median, 0.99 * median, 1.01 * median, flagged=bool(note), note=note)


def _all(label: str) -> list[str]:
    rounds = session().measurements[0].rounds
    bar = Bar(label, 2e6, 1.9e6, 2.2e6)
    return [
        plots.medians([bar, Bar("b", 3e6, 3e6, 3e6)], "ns"),
        plots.trend([_moment(20, 2e6), _moment(22, 3e6, label)], "ns", (1.9e6, 2.1e6)),
        plots.course({label: rounds, "b": rounds}, "ns"),
        plots.distribution({label: [1e6, 2e6, 3e6], "b": [1e6]}, "ns"),
        plots.scatter([Point(label, "g", 1, 2), Point("p", label, 2, 3)], "x", "y"),
    ]


def test_names_of_files_are_shown_as_they_are() -> None:
    for svg in _all(EVIL):
        assert EVIL in _texts(svg)
        assert "script" not in _tags(svg)


def test_axes_have_the_unit() -> None:
    bars = [Bar("a", 41e6, 41e6, 41e6)]
    assert "M instructions" in _texts(plots.medians(bars, "instructions"))
    assert "ms" in _texts(plots.medians(bars, "ns"))


@pytest.fixture(scope="module")
def every() -> list[str]:
    return _all("a")


def test_drawings_can_stand_in_one_page(every: list[str]) -> None:
    ids = [name for svg in every for name in set(re.findall(r'\sid="([^"]+)"', svg))]
    assert len(ids) == len(set(ids))
    for svg in every:
        used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
        assert used <= set(re.findall(r'\sid="([^"]+)"', svg))
        assert svg.startswith("<svg")


def test_lines_take_the_colour_of_the_page(every: list[str]) -> None:
    for svg in every:
        assert "currentColor" in svg
        assert "#010203" not in svg


def test_equal_values_give_equal_drawings(every: list[str]) -> None:
    assert _all("a") == every


@pytest.mark.parametrize("hot", [True, False])
def test_throttled_rounds_are_hollow(hot: bool) -> None:
    rounds = [
        one.model_copy(update={"throttled": (hot,) * len(one.throttled)})
        for one in session().measurements[0].rounds
    ]
    svg = plots.course({"a": rounds}, "ns")
    filled = re.search(r'<use [^>]*style="fill: #0072b2', svg)
    assert (filled is None) == hot
