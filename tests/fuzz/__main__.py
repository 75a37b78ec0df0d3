"""`python -m tests.fuzz`: many damaged files and random graphs, and what became of them."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.files import graph_file, judge_graph, judge_mutated, mutated_file
from tests.fuzz.judging import FINDINGS, Outcome, Verdict
from tests.fuzz.workers import Judge, Maker, run, tally

#: How often it is said how many files ended in each way.
_SHOWN_EVERY = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both kinds, print counts and findings; 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--mutations", type=int, default=0, help="how many damaged files")
    parser.add_argument("--graphs", type=int, default=0, help="how many random graphs")
    parser.add_argument("--onnx", type=int, default=0, help="ONNX files through the commands")
    parser.add_argument("--read", type=int, default=0, help="ONNX files, read or run only")
    parser.add_argument("--stages", type=int, default=0, help="ONNX files, not run")
    parser.add_argument("--tflite", type=int, default=0, help=".tflite files, likewise")
    parser.add_argument("--package", type=int, default=0, help=".mlpackage and .aimodel folders")
    parser.add_argument("--data", type=int, default=0, help="pictures, arrays, weights, texts, ...")
    parser.add_argument("--minutes", type=float, help="files through the commands for so long")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of each")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=60.0, help="the limit for each file")
    parser.add_argument("--keep", type=Path, help="folder for the files that are findings")
    parser.add_argument("--seeds", type=Path, help="folder to keep sound files in, to begin faster")
    options = parser.parse_args(arguments)
    found = _stages(options) + _commands(options)
    for kind, count, make, judge in (
        ("mutations", options.mutations, mutated_file, judge_mutated),
        ("graphs", options.graphs, graph_file, judge_graph),
    ):
        if count:
            jobs = range(options.first, options.first + count)
            found += _run(kind, jobs, make, judge, options)
    return int(found > 0)


def _stages(options: argparse.Namespace) -> int:
    """Try files through the stages, and return the number of findings."""
    import tempfile

    from tests.fuzz.commands.endings import FINDINGS
    from tests.fuzz.commands.stages import show, try_stages

    if not options.stages:
        return 0
    import tests.fuzz.warm  # noqa: F401  (what all forks would import)

    with tempfile.TemporaryDirectory(prefix="edgeship-fuzz-") as name:
        found = try_stages(options.first, options.stages, Path(name))
    show(found)
    return sum(verdict.kind in FINDINGS for verdict in found.values())


def _commands(options: argparse.Namespace) -> int:
    """Try files through the commands, and return the number of findings."""
    from tests.fuzz.commands.cases import KINDS
    from tests.fuzz.commands.endings import FINDINGS
    from tests.fuzz.commands.run import try_all
    from tests.fuzz.commands.seeds import keep_in

    counts = {kind: getattr(options, kind) for kind in KINDS}
    wanted = {kind: count for kind, count in counts.items() if count or options.minutes}
    if not wanted:
        return 0
    import tests.fuzz.warm  # noqa: F401  (what all forks would import)

    if options.seeds:
        keep_in(options.seeds)
    found = 0
    for kind, count in wanted.items():
        until = float("inf")
        if options.minutes:
            until = time.monotonic() + options.minutes * 60 / len(wanted)
        numbers = range(options.first, options.first + (count or 10**9))
        ended = try_all(kind, numbers, options.seconds, until, options.keep)
        found += sum(ended[bad.value] for bad in FINDINGS)
    return found


def _run(kind: str, jobs: range, make: Maker, judge: Judge, options: argparse.Namespace) -> int:
    """Run one kind, print what became of it, and return the number of findings."""
    begun = time.perf_counter()
    verdicts: dict[int, Verdict] = {}
    for job, verdict in run(make, judge, jobs, workers=options.workers, seconds=options.seconds):
        verdicts[job] = verdict
        if is_finding(kind, verdict):
            print(f"\n{kind} {job}: {verdict.outcome.value}\n{verdict.detail}", flush=True)
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{kind}_{job}.onnx").write_bytes(make(job))
        if len(verdicts) % _SHOWN_EVERY == 0 or len(verdicts) == len(jobs):
            print(f"\n{len(verdicts)} {kind} in {time.perf_counter() - begun:.0f} s")
            for outcome, count in tally(list(verdicts.values())).items():
                print(f"{count:8d}  {outcome.value}", flush=True)
    return sum(is_finding(kind, verdict) for verdict in verdicts.values())


def is_finding(kind: str, verdict: Verdict) -> bool:
    """Whether a file should not have ended like this: what is valid must run, too."""
    return verdict.outcome in FINDINGS or (kind == "graphs" and verdict.outcome is Outcome.UNKNOWN)


if __name__ == "__main__":
    raise SystemExit(main())
