"""What the columns of the guidelines' tables show, in words and as one table of all columns."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.results.units import INSTRUCTIONS
from _edgeship.device_bench.studies.guidelines import ColumnResult, RowResult


def interval(row: RowResult) -> str:
    """Return the ratio of a row with its interval: "1.41 [1.38, 1.44]", or "1.4107" if exact."""
    if row.low == row.high:
        return f"{row.ratio:.4f}"
    if row.low == 0:
        return f"{row.ratio:.2f} [unknown, too few rounds]"
    return f"{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]"


def sentence(result: ColumnResult) -> str:
    """Return a column's verdict and its figures as a sentence.

    For example "G1 holds here: 1:12 takes 1.41 [1.38, 1.44] times as long as 1:1 (paper 1.32)".
    """
    row, base = result.warned_of, result.recommended
    compared = "as many instructions as" if result.unit == INSTRUCTIONS else "as long as"
    words = f"{row.label} takes {interval(row)} times {compared} {base.label}"
    words += f" (paper {row.paper_ratio:.2f})"
    if abs(row.mult_adds_ratio - 1) > 0.005:
        words += f", with {row.mult_adds_ratio:.2f} times the mult-adds"
    name = result.column.guideline
    if result.verdict in ("no difference shown", "too few rounds"):
        return f"{name}: {result.verdict}: {words}"
    where = "on this software driver, which is no GPU" if result.on_software else "here"
    return f"{name} {result.verdict} {where}: {words}"


def overview(results: Sequence[ColumnResult]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return one table of all columns: a line per guideline and scheme, the scales beside it.

    Args:
        results: Columns of one set of channels.

    Returns:
        The headings, and the lines: "G1 1:12 / 1:1", the scheme, and for each scale the ratio with
        its interval and what it shows, then that of the paper.
    """
    scales = sorted({result.column.scale for result in results})
    found = {
        (result.column.guideline, result.column.scheme, result.column.scale): result
        for result in results
    }
    lines = []
    for guideline, scheme in dict.fromkeys((key[0], key[1]) for key in found):
        cells: list[str] = []
        rows = ""
        for scale in scales:
            result = found.get((guideline, scheme, scale))
            if result is None:
                cells += ["", ""]
                continue
            row = result.warned_of
            rows = f"{guideline}: {row.label} / {result.recommended.label}"
            cells += [f"{interval(row)} {_MARKS[row.verdict]}", f"{row.paper_ratio:.2f}"]
        lines.append((rows, scheme, *cells))
    headings = [text for scale in scales for text in (f"x{scale}", f"paper x{scale}")]
    return ["ratio", "scheme", *headings], lines


#: How the table writes verdicts.
_MARKS = {
    "holds": "holds",
    "does not hold": "no",
    "no difference shown": "?",
    "too few rounds": "-",
}
