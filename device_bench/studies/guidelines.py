"""Tables 1 to 4 of the ShuffleNet V2 paper, measured again, and what they say on a device.

arXiv 1807.11164, section 2. A column of a table is a set of networks with about equal mult-adds
that differ in one thing; a guideline says which is faster. Rows are compared in time, as the paper
compares them in speed: a ratio of 1.32 is a row that takes 1.32 times as long.

A column's rows have not quite equal mult-adds, since channels are whole numbers: at c2 = 12 c1 and
scale 1 on ARM there are 5 % fewer. A row counts as slower than another if its time exceeds what
its mult-adds explain, so both ends of the interval are compared with the ratio of mult-adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from _edgeship.device_bench.results.comparing import RESOLUTION, compare
from _edgeship.device_bench.results.hardware import SOFTWARE_MARK, accelerator_text
from _edgeship.device_bench.results.records import Measurement, Session
from _edgeship.device_bench.results.statistics import summarize
from _edgeship.models.catalog.registry import CATALOG

Channels = Literal["arm", "gpu"]
Verdict = Literal["holds", "does not hold", "no difference shown", "too few rounds"]

#: What each guideline says.
STATEMENTS = {
    "G1": "equal channel width minimizes memory access cost",
    "G2": "excessive group convolution increases memory access cost",
    "G3": "network fragmentation reduces the degree of parallelism",
    "G4": "element-wise operations are not negligible",
}

#: The factors on the channels in a table's columns.
SCALES = (1, 2, 4)

#: Channels of the first column of Tables 3 and 4; in Tables 1 and 2 the catalog's names have them.
_FIRST_CHANNELS: dict[str, dict[Channels, int]] = {
    "G3": {"arm": 64, "gpu": 128},
    "G4": {"arm": 32, "gpu": 32},
}

# Label of each row -> its part of the name in the catalog, in the order of the table.
_ROWS = {
    "G1": {f"1:{ratio}": f"1to{ratio}" for ratio in (1, 2, 6, 12)},
    "G2": {
        "1 group": "1groups",
        "2 groups": "2groups",
        "4 groups": "4groups",
        "8 groups": "8groups",
    },
    "G3": {
        "1 fragment": "1_fragment",
        "2 fragments in series": "2_fragments_series",
        "4 fragments in series": "4_fragments_series",
        "2 fragments in parallel": "2_fragments_parallel",
        "4 fragments in parallel": "4_fragments_parallel",
    },
    "G4": {
        "ReLU and shortcut": "relu_shortcut",
        "ReLU": "relu",
        "shortcut": "shortcut",
        "neither": "plain",
    },
}

#: The row that a guideline recommends, and the one that it warns of most.
_RECOMMENDED = {"G1": "1:1", "G2": "1 group", "G3": "1 fragment", "G4": "neither"}
_WARNED_OF = {
    "G1": "1:12",
    "G2": "8 groups",
    "G3": "4 fragments in parallel",
    "G4": "ReLU and shortcut",
}


@dataclass(frozen=True)
class Column:
    """One column of a table, in one quantization scheme.

    Attributes:
        guideline: "G1" to "G4".
        channels: The paper's sets of channels for "arm" or for "gpu".
        scale: Factor on the channels, one of `SCALES`.
        scheme: Quantization scheme of the files.
        rows: Label of each row -> name of its network in the catalog.
        side: Height and width of the input, where it is not the paper's.
    """

    guideline: str
    channels: Channels
    scale: int
    scheme: str
    rows: dict[str, str]
    side: int | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The networks in the order of the rows."""
        return tuple(self.rows.values())

    def paper_speed(self, label: str) -> float:
        """Return what the paper measured for a row, in float32.

        Batches of 8 per second on a GTX 1080 Ti, or images per second on one thread of a
        Snapdragon 810.
        """
        return CATALOG[self.rows[label]].published_speed[self.channels]


@dataclass(frozen=True)
class RowResult:
    """One row as it was measured.

    Attributes:
        label: Label of the row.
        model: Name of the network in the catalog.
        time: Median of the runs, in the unit of the device.
        mult_adds: Mult-adds of one run.
        to_best: Its time over that of the fastest row.
        paper_to_best: The same in the paper.
        ratio: Its time over that of the recommended row.
        low: Lower end of the interval of `ratio`.
        high: Upper end.
        paper_ratio: The ratio in the paper.
        mult_adds_ratio: Its mult-adds over those of the recommended row.
        verdict: "holds" if it takes longer than its mult-adds explain, "does not hold" if less.
    """

    label: str
    model: str
    time: float
    mult_adds: int
    to_best: float
    paper_to_best: float
    ratio: float
    low: float
    high: float
    paper_ratio: float
    mult_adds_ratio: float
    verdict: Verdict


@dataclass(frozen=True)
class ColumnResult:
    """A column as it was measured.

    Attributes:
        column: What was measured.
        session: Id of the session in the store.
        unit: Unit of the times: "ns" or "instructions".
        hardware: What ran the rows: "cpu", "gpu", or "gpu (software)".
        rows: In the order of the table.
        recommended: The row that the guideline recommends.
        warned_of: The row that it warns of most; its verdict is the guideline's.
        warnings: What a reader of the figures must know, each once.
    """

    column: Column
    session: str
    unit: str
    hardware: str
    rows: tuple[RowResult, ...]
    recommended: RowResult
    warned_of: RowResult
    warnings: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the guideline holds on this device."""
        return self.warned_of.verdict

    @property
    def on_software(self) -> bool:
        """Whether a program on the CPU stood in for the accelerator: its verdict is no GPU's."""
        return self.hardware.endswith(SOFTWARE_MARK)


def column(
    guideline: str, channels: Channels, scale: int, scheme: str, side: int | None = None
) -> Column:
    """Return a column of a guideline's table.

    Args:
        guideline: "G1" to "G4".
        channels: The paper's sets of channels for "arm" or for "gpu".
        scale: One of `SCALES`.
        scheme: Quantization scheme.
        side: Height and width of the input; None for those of the paper.
    """
    prefix = f"probe_{guideline.lower()}"
    if guideline in _FIRST_CHANNELS:
        suffix = f"_c{_FIRST_CHANNELS[guideline][channels] * scale}"
    else:
        prefix += f"_{channels}"
        suffix = "" if scale == 1 else f"_x{scale}"
    rows = {label: f"{prefix}_{part}{suffix}" for label, part in _ROWS[guideline].items()}
    return Column(guideline, channels, scale, scheme, rows, side)


def evaluate(measured: Column, session: Session) -> ColumnResult:
    """Return what the session of a column shows.

    Args:
        measured: The column.
        session: A session whose measurements are the column's rows, in order.

    Raises:
        ValueError: A row was not measured, or its mult-adds are not known.
    """
    measurements = dict(zip(measured.rows, session.measurements, strict=True))
    recommended = _RECOMMENDED[measured.guideline]
    base = measurements[recommended]
    compared = {
        label: compare(base.rounds, one.rounds)
        for label, one in measurements.items()
        if label != recommended
    }
    best = min(1.0, *(found.ratio for found in compared.values()))
    speeds = {label: measured.paper_speed(label) for label in measured.rows}
    rows = {}
    for label, one in measurements.items():
        # The recommended row against itself is 1 by definition, not by measurement.
        found = compared.get(label)
        ratio, low, high = (found.ratio, found.low, found.high) if found else (1.0, 1.0, 1.0)
        work = _mult_adds(one) / _mult_adds(base)
        rows[label] = RowResult(
            label=label,
            model=measured.rows[label],
            time=summarize(one.rounds).median,
            mult_adds=_mult_adds(one),
            to_best=ratio / best,
            paper_to_best=max(speeds.values()) / speeds[label],
            ratio=ratio,
            low=low,
            high=high,
            paper_ratio=speeds[recommended] / speeds[label],
            mult_adds_ratio=work,
            verdict=judge(low, high, work),
        )
    return ColumnResult(
        column=measured,
        session=session.id,
        unit=session.device.unit,
        hardware=accelerator_text(session.measurements[0]),
        rows=tuple(rows.values()),
        recommended=rows[recommended],
        warned_of=rows[_WARNED_OF[measured.guideline]],
        warnings=tuple(
            dict.fromkeys(text for one in session.measurements for text in one.warnings)
        ),
    )


def paper_side(measured: Column) -> int:
    """Return the height and width of the input in the paper."""
    return CATALOG[next(iter(measured.rows.values()))].input_size[1]


def judge(low: float, high: float, mult_adds_ratio: float) -> Verdict:
    """Return what the interval of a ratio of times shows, given the ratio of mult-adds.

    Args:
        low: Lower end of the interval; 0 where the rounds were too few for one.
        high: Upper end.
        mult_adds_ratio: The ratio of times that would be no difference.
    """
    if not low:
        return "too few rounds"
    if low > mult_adds_ratio * (1 + RESOLUTION):
        return "holds"
    if high < mult_adds_ratio * (1 - RESOLUTION):
        return "does not hold"
    return "no difference shown"


def _mult_adds(measurement: Measurement) -> int:
    if measurement.subject.mult_adds is None:
        raise ValueError(f"the mult-adds of {measurement.subject.path} are not known")
    return measurement.subject.mult_adds


def columns(
    guidelines: Sequence[str],
    channels: Channels,
    scales: Sequence[int],
    schemes: Sequence[str],
    side: int | None = None,
) -> list[Column]:
    """Return the columns for all combinations, table by table."""
    return [
        column(guideline, channels, scale, scheme, side)
        for guideline in guidelines
        for scale in scales
        for scheme in schemes
    ]
