"""Runs one file on samples, in a process of its own: a damaged file may end it.

``run_program.py ROOT JOB``: ROOT is the folder that holds our packages, JOB a folder with job.json.
What came of it is written there: outputs.npz and result.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(root: str, folder: Path) -> None:
    """Answer the job in a folder."""
    # In place of the folder of this file, whose modules are not to be found by short names.
    sys.path[0] = root
    import numpy as np

    from _edgeship.errors import EdgeshipError
    from _edgeship.export.differences.sampled import run_samples
    from _edgeship.export.runtimes import apart_starter

    apart_starter.stay_here()  # nothing but this file runs in this process
    job = json.loads((folder / "job.json").read_text())
    try:
        found = run_samples(Path(job["path"]), job["source"])
    except EdgeshipError as error:
        result: dict[str, Any] = {
            "what": error.what,
            "where": error.where,
            "why": error.why,
            "todo": error.todo,
        }
        result["error"] = type(error).__name__
    else:
        arrays: dict[str, Any] = {
            f"{sample}.{output}": array
            for sample, row in enumerate(found.outputs)
            for output, array in enumerate(row)
        }
        np.savez(folder / "outputs.npz", **arrays)
        result = {
            "error": "",
            "names": found.names,
            "samples": len(found.outputs),
            "source": found.source,
            "notes": found.notes,
        }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
