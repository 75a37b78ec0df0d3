"""The example notebooks, run from top to bottom.

``python -m tests.docs.notebooks`` keeps in them what they print.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: Seconds that a cell may take on a busy machine.
_TIMEOUT = 300


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook with what its cells print when they run in a folder.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell raised.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_TIMEOUT,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # The line that shows the stage that is running is empty when all are done.
            cell.outputs = [one for one in cell.outputs if one.output_type != "display_data"]
    return notebook


def printed(notebook: nbformat.NotebookNode) -> str:
    """Return all that the cells print."""
    return "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )


def main() -> None:
    """Run all notebooks and keep their outputs."""
    for path in NOTEBOOKS:
        nbformat.write(executed(path, FOLDER), path)


if __name__ == "__main__":
    main()
