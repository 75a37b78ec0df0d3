"""What an old and a new file give on the same samples, and how far apart that is."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from _edgeship import errors
from _edgeship.errors import EdgeshipError, VerificationError
from _edgeship.export.differences.delivery import Shipped
from _edgeship.export.differences.results import OutputDistance, OutputsComparison
from _edgeship.export.differences.sampled import Sampled
from _edgeship.export.runtimes.child import run_program
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.metrics import compare
from _edgeship.terminal.entry import ROOT
from _edgeship.work_folders import temporary_folder

_PROGRAM = Path(__file__).with_name("run_program.py")

#: Seconds that a file may take for all samples; packages are evaluated slowly.
LIMIT_S = 900


def compare_outputs(
    before: Shipped, after: Shipped, pairs: Sequence[tuple[str, str]], source: str | None
) -> OutputsComparison:
    """Run both files, and compare their outputs.

    Args:
        before: The old file.
        after: The new one.
        pairs: Names of the outputs that belong together, the old one's first.
        source: Samples, as for `load_samples`; each file prepares them in its own way.
    """
    found = []
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(run_apart, file.path, source) for file in (before, after)]
        for file, each in zip((before, after), running, strict=True):
            try:
                found.append(each.result())
            except EdgeshipError as error:
                problem = " ".join(f"{file.name}: {error.what} {error.why}".split())
                return OutputsComparison("", 0, (), problem=problem)
    old, new = found
    if len(old.outputs) != len(new.outputs):
        problem = (
            f"there are {len(old.outputs)} samples for the one and {len(new.outputs)} for "
            "the other, whose inputs have other shapes"
        )
        return OutputsComparison(old.source, 0, (), problem=problem)
    distances = tuple(
        _distance(old, new, *pair)
        for pair in pairs
        if pair[0] in old.names and pair[1] in new.names
    )
    notes = tuple(dict.fromkeys((*old.notes, *new.notes)))
    return OutputsComparison(old.source, len(old.outputs), distances, notes)


def run_apart(path: Path, source: str | None, limit_s: float = LIMIT_S) -> Sampled:
    """Run a file in a process of its own.

    Args:
        path: The file.
        source: As for `run_samples`.
        limit_s: Seconds until it is ended.

    Raises:
        EdgeshipError: As `run_samples`; or its process crashed or took too long.
    """
    with temporary_folder() as folder:
        job = {"path": str(path.resolve()), "source": source}
        (folder / "job.json").write_text(json.dumps(job))
        arguments = [str(ROOT), str(folder)]
        problem = run_program(_PROGRAM, arguments, folder / "log", limit_s, os.environ)
        if problem:
            raise VerificationError(f"{path.name} does not run.", why=problem)
        result = json.loads((folder / "result.json").read_text())
        kind = result.pop("error")
        if kind:
            raise _error(kind)(
                result["what"], where=result["where"], why=result["why"], todo=result["todo"]
            )
        names = tuple(result["names"])
        with np.load(folder / "outputs.npz", allow_pickle=False) as arrays:
            outputs = [
                [arrays[f"{sample}.{output}"] for output in range(len(names))]
                for sample in range(result["samples"])
            ]
        return Sampled(names, outputs, result["source"], tuple(result["notes"]))


def _error(kind: str) -> type[EdgeshipError]:
    found: type[EdgeshipError] = getattr(errors, kind, EdgeshipError)
    return found


def _distance(old: Sampled, new: Sampled, before: str, after: str) -> OutputDistance:
    """Return how far one output is from what it was."""
    left, right = _only(old, before), _only(new, after)
    try:
        parity = compare(left, right)
    except VerificationError as error:
        return OutputDistance(before, after, problem=error.what)
    [part] = parity.parts
    return OutputDistance(
        before=before,
        after=after,
        # The largest of truth values and counts says nothing; how many are equal does.
        top1_agreement=parity.top1_agreement if part.agreement is None else None,
        agreement=part.agreement,
        sqnr_db=part.sqnr_db,
        max_abs=part.max_abs,
        max_rel=part.max_rel,
    )


def _only(sampled: Sampled, name: str) -> Outputs:
    place = sampled.names.index(name)
    return [[row[place]] for row in sampled.outputs]
