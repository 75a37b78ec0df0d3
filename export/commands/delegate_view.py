"""How much of a file delegates run, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from _edgeship.export.delegates.report import PLAN, RULES
from _edgeship.terminal.console import add_row, console, printable, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _edgeship.export.contract.manifest import Artifact, Manifest
    from _edgeship.export.delegates.report import DelegateReport

_SILENT = "it does not say"


def show_delegate(report: DelegateReport) -> None:
    """Print how much of a file a delegate runs, and why it runs no more."""
    output = console()
    output.print(printable(report.in_words), soft_wrap=True)
    if not report.left:
        return
    shown = table("left", "operator", "computes", "ONNX node", "because", numbers=("left",))
    for one, count in report.alike():
        add_row(shown, str(count), one.kind, one.tensor, one.node, one.reason or _SILENT)
    output.print(shown)


def delegates(manifest: Manifest) -> list[RenderableType]:
    """Lay out what delegates take of the written files: a line each, and what they leave."""
    artifacts = [one for one in manifest.artifacts if one.delegates]
    names = dict.fromkeys(report.delegate for one in artifacts for report in one.delegates)
    if not names:
        return []
    shown = table("operators taken of", *(f"by {name}" for name in names))
    for one in artifacts:
        found = {report.delegate: in_short(report) for report in one.delegates}
        add_row(shown, one.file, *(found.get(name, "") for name in names))
    parts: list[RenderableType] = [shown, Text()]
    if any(report.left for one in artifacts for report in one.delegates):
        parts += [_left(artifacts), Text()]
    return parts


def in_short(report: DelegateReport) -> str:
    """Return how much of a file a delegate runs, and how that is known, for a cell of a table."""
    words = f"{report.taken} of {report.operators}"
    if report.left:
        words += f" in {report.partitions} partition{'' if report.partitions == 1 else 's'}"
    if report.source == PLAN:
        return words
    return f"{words}, {'by rules' if report.source == RULES else f'asked on {report.device}'}"


def _left(artifacts: Sequence[Artifact]) -> RenderableType:
    """Lay out what is left, one line for operators that are alike."""
    schemes: dict[tuple[str, ...], list[str]] = {}
    for artifact in artifacts:
        for report in artifact.delegates:
            for one, count in report.alike():
                line = str(count), one.kind, one.tensor, one.node, one.reason or _SILENT
                schemes.setdefault((report.delegate, *line), []).append(artifact.scheme)
    shown = table(
        *("left by", "in", "left", "operator", "computes", "ONNX node", "because"),
        numbers=("left",),
    )
    for cells, where in schemes.items():
        add_row(shown, cells[0], ", ".join(where), *cells[1:])
    return shown
