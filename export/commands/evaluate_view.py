"""What `evaluate` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from _edgeship.export.evaluation.results import Comparison, Evaluation, FileResult
from _edgeship.export.evaluation.statistics import CONFIDENCE, Share
from _edgeship.terminal.console import add_row, console, printable, table

if TYPE_CHECKING:
    from rich.table import Table

_INTERVAL = f"{CONFIDENCE:.0%} interval"


def show(found: Evaluation) -> None:
    """Print an evaluation as tables."""
    output = console()
    output.print(printable(found.source), soft_wrap=True)
    if found.classes:
        output.print(printable(f"classes: {found.classes}"), soft_wrap=True)
    for note in found.notes:
        output.print(printable(f"note: {note}"), soft_wrap=True)
    for name, why in found.failed.items():
        output.print(printable(f"NOT EVALUATED: {name}: {why}"), soft_wrap=True)
    output.print()
    output.print(_files(found.files))
    if not found.comparisons:
        return
    output.print()
    output.print(printable(f"beside {found.comparisons[0].reference}, on the same pictures"))
    if any(one.agreement is not None for one in found.comparisons):
        output.print(_classes(found.comparisons))
    if not found.classes:
        output.print()
        output.print(_outputs(found.comparisons))


def _files(files: Sequence[FileResult]) -> Table:
    """Return how good each file is, and how fast it ran."""
    columns = ["file"]
    numbers = ["pictures/s"]
    if any(one.top1 is not None for one in files):
        columns += ["top-1", _INTERVAL]
        numbers += ["top-1"]
    if any(one.top5 is not None for one in files):
        columns += ["top-5", f"{_INTERVAL} "]
        numbers += ["top-5"]
    shown = table(*columns, "pictures/s", numbers=tuple(numbers))
    for one in files:
        shares = [share for share in (one.top1, one.top5) if share is not None]
        cells = [cell for share in shares for cell in _share(share)]
        add_row(shown, one.name, *cells, f"{one.pictures_per_second:.0f}")
    return shown


def _classes(comparisons: Sequence[Comparison]) -> Table:
    """Return how the classes compare."""
    labelled = any(one.difference is not None for one in comparisons)
    columns = ["file", "same class", _INTERVAL]
    if labelled:
        columns += ["top-1 by", f"{_INTERVAL} ", "p", "only it right", "only reference right"]
    shown = table(*columns, numbers=tuple(columns[:2] + columns[3:4] + columns[5:])[1:])
    for one in comparisons:
        cells = [*_share(one.agreement)] if one.agreement is not None else ["", ""]
        if one.difference is not None:
            paired = one.difference
            cells += [
                f"{100 * paired.difference:+.2f} points",
                f"{100 * paired.low:+.2f} to {100 * paired.high:+.2f}",
                f"{paired.p_value:.2g}",
                f"{paired.only_file:,}",
                f"{paired.only_reference:,}",
            ]
        add_row(shown, one.name, *cells)
    return shown


def _outputs(comparisons: Sequence[Comparison]) -> Table:
    """Return how far each output is from the reference's."""
    mapped = any(one.mean_iou is not None for each in comparisons for one in each.outputs)
    numbers = ("output", "SQNR", "cosine", "of the worst picture", *(("mean IoU",) * mapped))
    shown = table("file", *numbers, numbers=numbers)
    for comparison in comparisons:
        for one in comparison.outputs:
            iou = () if not mapped else ("" if one.mean_iou is None else f"{one.mean_iou:.4f}",)
            figures = f"{one.sqnr_db:.1f} dB", f"{one.cosine:.6f}", f"{one.least_cosine:.6f}"
            add_row(shown, comparison.name, str(one.output), *figures, *iou)
    return shown


def _share(share: Share) -> tuple[str, str]:
    return f"{100 * share.share:.2f} %", f"{100 * share.low:.2f} to {100 * share.high:.2f}"
