"""Drawings as <svg> elements: text stays text, and lines take the colour of the page's text.

matplotlib draws them without its global state. Each function draws times of one unit.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from _edgeship.device_bench.results import units
from _edgeship.device_bench.results.records import Profile, Round

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which suit all kinds of colour vision, without those that are hard to see
# on white or black.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_MARKS = ("o", "s", "^", "D", "v", "P")
# Stands for the colour of the page's text; nothing else has this colour.
_INK = "#010203"
_WIDTH = 7.2
# Where axes of runs end, as a multiple of the largest median: on a busy device single runs take ten
# times as long, and would squeeze everything else into a line.
_REACH = 2.0
# Points of a distribution's line: more would not be visible, and would make the page large.
_STEPS = 200
# Operators that a drawing names.
_NAMED = 5


@dataclass(frozen=True)
class Bar:
    """A median with its interval, in the unit of the plot."""

    label: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Moment:
    """A session in a trend.

    Attributes:
        at: When it began.
        median: In the unit of the plot.
        low: Lower end of its interval.
        high: Upper end.
        flagged: Whether it has another colour.
        note: What changed with it; "" for nothing.
    """

    at: datetime
    median: float
    low: float
    high: float
    flagged: bool
    note: str


@dataclass(frozen=True)
class Point:
    """A point of a scatter plot.

    Attributes:
        label: Text beside it.
        group: What its colour and mark stand for.
        x: Horizontal position.
        y: Vertical position.
    """

    label: str
    group: str
    x: float
    y: float


def medians(bars: Sequence[Bar], unit: str) -> str:
    """Draw medians as bars from zero with their intervals, the first at the top."""
    figure, axes = _figure(0.9 + 0.32 * len(bars))
    divisor, label = units.axis(max(bar.high for bar in bars), unit)
    places = range(len(bars))
    centres = [bar.median / divisor for bar in bars]
    reach = [
        [max(0.0, bar.median - bar.low) / divisor for bar in bars],
        [max(0.0, bar.high - bar.median) / divisor for bar in bars],
    ]
    axes.barh(places, centres, color=_COLOURS[0], alpha=0.75, height=0.6)
    axes.errorbar(centres, places, xerr=reach, fmt="none", ecolor=_INK, capsize=4, lw=1.2)
    axes.set_yticks(places, [bar.label for bar in bars])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
    axes.grid(axis="y", visible=False)
    return _svg(figure)


def trend(moments: Sequence[Moment], unit: str, band: tuple[float, float] | None) -> str:
    """Draw medians with their intervals over dates, and write where something changed.

    Args:
        moments: At least one, oldest first.
        unit: Of the medians.
        band: What is drawn as a grey band: times that are as good as each other.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _figure(3.2)
    divisor, label = units.axis(max(one.high for one in moments), unit)
    if band is not None:
        axes.axhspan(band[0] / divisor, band[1] / divisor, color=_INK, alpha=0.08, lw=0)
    # matplotlib counts days since 1970.
    places = [one.at.timestamp() / 86400 for one in moments]
    for index, (one, place) in enumerate(zip(moments, places, strict=True)):
        colour, mark = _style(1 if one.flagged else 0)
        day = f"at-{one.at:%Y%m%d}-{index}"
        if index:
            ends = [moments[index - 1].median / divisor, one.median / divisor]
            line = axes.plot([places[index - 1], place], ends, color=_INK, alpha=0.3, lw=1)
            line[0].set_gid(f"{day}-line")
        reach = axes.vlines(place, one.low / divisor, one.high / divisor, color=colour, lw=2)
        reach.set_gid(f"{day}-interval")
        axes.plot(place, one.median / divisor, mark, color=colour, ms=5)[0].set_gid(day)
        if one.note:
            axes.axvline(place, color=colour, lw=1, ls=":").set_gid(f"{day}-change")
            text = axes.annotate(
                one.note,
                (place, 1),
                (3, -2),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                fontsize=8,
                rotation=90,
                va="top",
            )
            text.set_color(_INK)
            text.set_parse_math(False)
            text.set_gid(f"{day}-note")
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.margins(x=0.04, y=0.15)
    axes.set_ylabel(label)
    return _svg(figure)


def course(rounds: Mapping[str, Sequence[Round]], unit: str) -> str:
    """Draw the median of each round over time, with a line between its quartiles.

    Rounds with throttled runs have a hollow mark. The axis ends at `_REACH`.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure(2.8)
    largest = max(float(np.median(one.process.runs)) for some in rounds.values() for one in some)
    divisor, label = units.axis(largest, unit)
    for index, (name, some) in enumerate(rounds.items()):
        colour, mark = _style(index)
        numbers = np.array([one.number for one in some]) + 0.06 * (index - (len(rounds) - 1) / 2)
        low, middle, high = (
            np.array([np.quantile(one.process.runs, q) for one in some]) / divisor
            for q in (0.25, 0.5, 0.75)
        )
        axes.vlines(numbers, low, high, color=colour, alpha=0.5, lw=2)
        axes.plot(numbers, middle, color=colour, lw=1, label=_named(name))
        hot = np.array([any(one.throttled) for one in some], dtype=bool)
        axes.plot(numbers[~hot], middle[~hot], mark, color=colour, ms=5)
        axes.plot(numbers[hot], middle[hot], mark, color=colour, ms=5, mfc="none")
    axes.set_ylim(top=min(axes.get_ylim()[1], _REACH * largest / divisor))
    axes.set_xlabel("round")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes, len(rounds))
    return _svg(figure)


def operators(profile: Profile, unit: str) -> str:
    """Draw the time of each operator from left to right, and name the slowest.

    Args:
        profile: At least one operator.
        unit: Of its times.
    """
    figure, axes = _figure(3.2)
    divisor, label = units.axis(max(op.time for op in profile.ops), unit)
    slowest = sorted(profile.ops, key=lambda op: -op.time)[:_NAMED]
    colours = [_COLOURS[1] if op in slowest else _COLOURS[0] for op in profile.ops]
    axes.bar(range(len(profile.ops)), [op.time / divisor for op in profile.ops], color=colours)
    for op in slowest:
        text = axes.annotate(
            op.layer or op.name,
            (profile.ops.index(op), op.time / divisor),
            (2, 2),
            textcoords="offset points",
            fontsize=7,
            rotation=30,
        )
        text.set_color(_INK)
        text.set_parse_math(False)
    axes.set_xlabel("operator")
    axes.set_ylabel(label)
    axes.margins(y=0.25)
    return _svg(figure)


def warmth(degrees: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """Draw degrees Celsius over rounds, a line for each file.

    Args:
        degrees: Name of a line -> number of a round and its temperature; some may be empty.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure(2.4)
    for index, (name, points) in enumerate(degrees.items()):
        colour, mark = _style(index)
        numbers, values = [number for number, _ in points], [value for _, value in points]
        axes.plot(numbers, values, mark, ls="-", lw=1, ms=4, color=colour, label=_named(name))
    axes.set_xlabel("round")
    axes.set_ylabel("°C")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes, len(degrees))
    return _svg(figure)


def distribution(runs: Mapping[str, Sequence[float]], unit: str) -> str:
    """Draw the share of the runs that took at most a time, against that time.

    The line ends at the 99th percentile, and the axis at `_REACH`.
    """
    figure, axes = _figure(2.8)
    largest = max(float(np.median(values)) for values in runs.values())
    divisor, label = units.axis(largest, unit)
    shares = np.linspace(0, 0.99, _STEPS)
    for index, (name, values) in enumerate(runs.items()):
        colour, _ = _style(index)
        axes.plot(
            np.quantile(values, shares) / divisor, 100 * shares, color=colour, label=_named(name)
        )
    slowest = max(float(np.quantile(values, shares[-1])) for values in runs.values())
    left = min(min(values) for values in runs.values())
    right = max(left, min(slowest, _REACH * largest))
    gap = 0.04 * (right - left) or 0.04 * right
    axes.set_xlim((left - gap) / divisor, (right + gap) / divisor)
    axes.set_xlabel(label)
    axes.set_ylabel("% of runs")
    _legend(axes, len(runs))
    return _svg(figure)


def scatter(points: Sequence[Point], x: str, y: str) -> str:
    """Draw labelled points; points of a group are joined from left to right.

    Args:
        points: At least one.
        x: Label of the horizontal axis.
        y: Label of the vertical axis.
    """
    figure, axes = _figure(4.0)
    groups = list(dict.fromkeys(point.group for point in points))
    for index, group in enumerate(groups):
        colour, mark = _style(index)
        own = sorted((one for one in points if one.group == group), key=lambda one: one.x)
        places = [one.x for one in own], [one.y for one in own]
        axes.plot(*places, mark, ls="-", lw=1, color=colour, label=_named(group))
        for one in own:
            text = axes.annotate(
                one.label, (one.x, one.y), (5, 5), textcoords="offset points", fontsize=8
            )
            text.set_color(_INK)
            text.set_parse_math(False)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.margins(0.12)
    _legend(axes, len(groups))
    return _svg(figure)


def _style(index: int) -> tuple[str, str]:
    """Return a colour and a mark; a pair is repeated after 36, a colour after six."""
    count = len(_COLOURS)
    return _COLOURS[index % count], _MARKS[(index + index // count) % count]


def _named(line: str) -> str:
    """Return the name of a line with a space before it, so that matplotlib hides no "_name"."""
    return f" {line}"


def _figure(height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    figure.patch.set_visible(False)
    axes = figure.add_subplot()
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(_INK)
    axes.tick_params(colors=_INK)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    axes.grid(color=_INK, alpha=0.15, lw=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _legend(axes: Axes, entries: int) -> None:
    """Put the names of lines to the right of the drawing, if there are several."""
    if entries > 1:
        legend = axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8, labelcolor=_INK
        )
        for text in legend.get_texts():
            text.set_parse_math(False)


def _svg(figure: Figure) -> str:
    """Return the figure as an <svg> element that can be in a page with others."""
    import matplotlib

    for axes in figure.axes:
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set_parse_math(False)
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "edgeship"}):
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    return _own_names(text)


def _own_names(svg: str) -> str:
    """Make the ids of a drawing unique, since all drawings of a page share one scope of ids."""
    prefix = "p" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(<[^<>]*\sid=")', rf"\1{prefix}-", svg)
    return re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", svg)
