"""How much of a file a delegate runs, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _edgeship.terminal.console import add_row, console, printable, table

if TYPE_CHECKING:
    from _edgeship.export.delegates.report import DelegateReport


def show_delegate(report: DelegateReport) -> None:
    """Print how much of a file a delegate runs, and why it runs no more."""
    output = console()
    output.print(printable(report.in_words), soft_wrap=True)
    if not report.left:
        return
    shown = table("left", "operator", "computes", "ONNX node", "because", numbers=("left",))
    for one, count in report.alike():
        add_row(shown, str(count), one.kind, one.tensor, one.node, one.reason or "it does not say")
    output.print(shown)
