"""`python -m tests.architectures`: every architecture through the targets, as a table."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tests.architectures.catalog import ARCHITECTURES
from tests.architectures.exporting import SCHEMES, TARGETS, Exported, File, export


def main(arguments: Sequence[str] | None = None) -> int:
    """Export, and print a row each; 1 if a file could not be written, 2 if nothing was asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.architectures", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="only architectures of such names")
    options = parser.parse_args(arguments)
    names = [name for name in ARCHITECTURES if fnmatchcase(name, options.pattern)]
    if not names:
        print(f"No architecture's name matches {options.pattern!r}.")
        return 2
    print("Seconds that each file takes, beside those that all of them share. Behind a float file,")
    print("its largest error as a fraction of the range; behind an int8 one, its SQNR in dB.\n")
    files = [f"{target} {scheme}" for target in TARGETS for scheme in SCHEMES]
    print("| " + " | ".join(["architecture", "shared", *files, "in all"]) + " |")
    print("|---|" + "---:|" * (len(files) + 2))
    problems = []
    for name in names:
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = export(ARCHITECTURES[name], Path(folder), apart=True)
        print(_row(name, found, time.perf_counter() - begun), flush=True)
        problems += [f"{name}, {problem}" for problem in found.problems]
    print("\n" + "\n\n".join(problems) if problems else "\nAll files were written and verified.")
    return int(bool(problems))


def _row(name: str, found: Exported, seconds: float) -> str:
    cells = [name, f"{found.shared:.2f}"]
    for target in TARGETS:
        for scheme in SCHEMES:
            file = found.files.get((target, scheme), File(problem="refused by design"))
            figure = f"{file.error:.0e}" if scheme == "none" else f"{file.sqnr_db:.0f} dB"
            cells.append("none" if file.problem else f"{file.seconds:.2f} ({figure})")
    return "| " + " | ".join([*cells, f"{seconds:.1f}"]) + " |"


if __name__ == "__main__":
    raise SystemExit(main())
