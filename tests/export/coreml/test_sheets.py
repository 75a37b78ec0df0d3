from __future__ import annotations

import io

from rich.console import Console

from _edgeship.export.coreml.inspection import inspect_program
from _edgeship.export.coreml.sheets import sheets
from _edgeship.sheets import Sheet
from _edgeship.terminal.console import sheet_table
from tests.export.coreml.programs import classifier


def test_the_tables_show_names_as_they_are() -> None:
    file = io.StringIO()
    console = Console(width=120, file=file)
    for sheet in sheets(inspect_program(classifier(), {"a/model.mlmodel": 30})):
        console.print(sheet_table(sheet) if isinstance(sheet, Sheet) else sheet)
    shown = " ".join(file.getvalue().split())
    assert "iOS 17 and later (specification version 8)" in shown
    assert "RGB image │ 8 x 8 pixels │ a face" in shown
    assert "2 labels in label" in shown
    assert "yes, 1 tensors;" in shown
    assert "[bold]Ann\\x1b" in shown
    assert "No operator here is known to leave the Neural Engine." in shown
