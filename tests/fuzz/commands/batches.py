"""Many cases in one fork; what ends badly is tried again alone, through the real command line."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from _edgeship.export.runtimes.apart import SECONDS_VARIABLE
from tests.fuzz.commands.case import Case, judge_export, laid_out, left_behind
from tests.fuzz.commands.cases import KINDS
from tests.fuzz.commands.endings import FINDINGS, Kind, Verdict, judge_ending
from tests.fuzz.commands.forks import EXPORT, Ending, run_command, run_fork
from tests.fuzz.commands.seeds import pictures

#: How many cases a fork tries. Forking and late imports take as long as several cases.
BATCH = 100

#: So long a case may compute in the fork of its batch; it is tried again alone then.
_AMONG_OTHERS_S = 15.0

#: Whose memory is looked at: this process's, and that of all that it waited for.
_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def try_cases(kind: str, numbers: range, seconds: float) -> Iterator[tuple[int, str, Verdict]]:
    """Yield the number of each case, how deep its command goes, and what became of it.

    Args:
        kind: A key of `KINDS`.
        numbers: Of the cases.
        seconds: So long each may compute.
    """
    os.environ.setdefault(SECONDS_VARIABLE, f"{2 * seconds:g}")  # for processes of files alone
    KINDS[kind](numbers.start)  # what all forks would make of their own: the seeds
    pictures()
    command_line()
    done = numbers.start
    while done < numbers.stop:
        last = min(done + BATCH, numbers.stop)
        with tempfile.TemporaryDirectory(prefix="edgeship-fuzz-") as name:
            folder = Path(name)
            run_fork(_batch(kind, range(done, last), folder), folder, seconds + 4 * BATCH)
            log = folder / "verdicts.jsonl"
            lines = log.read_text().splitlines() if log.is_file() else []
        before = done
        for line in lines:
            depth, word, root, detail = json.loads(line)
            verdict = Verdict(Kind[word], root, detail)
            if verdict.kind in FINDINGS:
                verdict = try_alone(KINDS[kind](done), seconds)
            yield done, depth, verdict
            done += 1
        if done == before:  # the first of them ended the fork
            case = KINDS[kind](done)
            yield done, case.depth, try_alone(case, seconds)
            done += 1


def try_alone(case: Case, seconds: float) -> Verdict:
    """Try a case in a fork of its own, as a shell would start it."""
    with tempfile.TemporaryDirectory(prefix="edgeship-fuzz-") as name:
        folder = Path(name)
        words = laid_out(case, folder, pictures())
        ending = run_command(EXPORT, [*words, "--debug"], folder, seconds)
        verdict = judge_ending(ending)
        if ending.code is not None and ending.code >= 0 and left_behind(folder):
            return Verdict(Kind.LITTER, left_behind(folder), ending.errors)
        source = _source(words)
        if verdict.kind is not Kind.DONE or not source:
            return verdict

        def judge() -> None:
            verdict = judge_export(folder / source, folder / "build" / Path(source).stem)
            (folder / "found.json").write_text(json.dumps(_plain(verdict)))

        ending = run_fork(judge, folder, seconds)
        if ending.code != 0:
            return Verdict(Kind.OUTSIDE, f"judging ended with {ending.code}", ending.errors)
        word, root, detail = json.loads((folder / "found.json").read_text())
        return Verdict(Kind[word], root, detail)


def _batch(kind: str, numbers: range, folder: Path) -> Callable[[], None]:
    """Return what tries cases one after the other, in one process, and notes what they did."""

    def work() -> None:
        with (folder / "verdicts.jsonl").open("a") as log:
            for number in numbers:
                with tempfile.TemporaryDirectory(prefix="edgeship-fuzz-") as name:
                    signal.setitimer(signal.ITIMER_VIRTUAL, _AMONG_OTHERS_S)
                    case = KINDS[kind](number)
                    verdict = _here(case, Path(name))
                    os.chdir(folder)
                print(json.dumps([case.depth, *_plain(verdict)]), file=log, flush=True)
                if verdict.kind in FINDINGS:
                    return  # whatever state it has left

    return work


def _plain(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.kind.name, verdict.root, verdict.detail


def _here(case: Case, folder: Path) -> Verdict:
    """Try a case in this process."""
    words = laid_out(case, folder, pictures())
    os.chdir(folder)
    ending = _called(words, folder)
    verdict = judge_ending(ending)
    if left_behind(folder):
        return replace(verdict, kind=Kind.LITTER)
    source = _source(words)
    if verdict.kind is Kind.DONE and source:
        return judge_export(folder / source, folder / "build" / Path(source).stem)
    return verdict


def _source(words: Sequence[str]) -> str:
    """Return the ONNX file that a command exports; "" where it does something else."""
    return words[0] if "--to" in words and words[0].endswith(".onnx") else ""


@cache
def command_line() -> Any:
    """Return the command line, which is made of its functions once and not for each case."""
    import typer

    from _edgeship.export.commands.cli import app

    return typer.main.get_command(app)


def _called(words: list[str], folder: Path) -> Ending:
    """Call the command line, and return how it would have ended."""
    from _edgeship.export.commands.cli import PROGRAM

    paths = [folder / ".printed", folder / ".errors"]
    for number, path in enumerate(paths, start=1):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    begun, code = time.process_time(), 0
    try:
        command_line()(words, prog_name=PROGRAM)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    return Ending(
        code=code,
        seconds=time.process_time() - begun,
        peak_bytes=1024 * max(resource.getrusage(who).ru_maxrss for who in _WHO),
        printed=paths[0].read_text(errors="replace")[-4000:],
        errors=paths[1].read_text(errors="replace")[-4000:],
    )
