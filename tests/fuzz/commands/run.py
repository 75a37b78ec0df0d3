"""Tries cases one after the other, counts what became of them, and keeps findings."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from tests.fuzz.commands.batches import try_cases
from tests.fuzz.commands.case import Case, laid_out
from tests.fuzz.commands.cases import KINDS
from tests.fuzz.commands.endings import FINDINGS, Verdict
from tests.fuzz.commands.seeds import pictures

#: How often it is said how many files ended in each way.
_SHOWN_EVERY = 100


def try_all(
    kind: str, numbers: range, seconds: float, until: float, keep: Path | None
) -> Counter[str]:
    """Try cases of a kind, print findings, and return how many ended in which way.

    Args:
        kind: A key of `KINDS`.
        numbers: Of the cases.
        seconds: The limit for each.
        until: When to stop, by `time.monotonic`.
        keep: Folder for the files of findings.
    """
    counts: Counter[str] = Counter()
    depths: Counter[tuple[str, str]] = Counter()
    roots: Counter[tuple[str, str]] = Counter()
    for number, depth, verdict in try_cases(kind, numbers, seconds):
        if time.monotonic() > until:
            break
        counts[verdict.kind.value] += 1
        depths[depth, verdict.kind.value] += 1
        if sum(counts.values()) % _SHOWN_EVERY == 0:
            print(f"{kind} {numbers.start} to {number}: {dict(counts)}", flush=True)
        if verdict.kind not in FINDINGS:
            continue
        case = KINDS[kind](number)
        root = (verdict.kind.value, verdict.root)
        roots[root] += 1
        print(f"{kind} {number}: {verdict.kind.value}: {verdict.root or verdict.detail[-300:]}")
        print(f"    {' '.join(case.words)}", flush=True)
        if keep is not None:
            _keep(keep, kind, number, case, verdict)
    _show(kind, depths, roots)
    return counts


def _keep(folder: Path, kind: str, number: int, case: Case, verdict: Verdict) -> None:
    """Keep the files of a case in a folder of its own, in which its command can be given again."""
    place = folder / f"{kind}_{number}_{verdict.kind.name.lower()}"
    place.mkdir(parents=True, exist_ok=True)
    said = f"{verdict.root}\n{verdict.detail}"
    (place / "found.txt").write_text(said, errors="backslashreplace")
    if not (place / "command.txt").exists():
        words = laid_out(case, place, pictures())
        (place / "command.txt").write_text(" ".join(words), errors="backslashreplace")


def _show(kind: str, depths: Counter[tuple[str, str]], roots: Counter[tuple[str, str]]) -> None:
    """Print how many files ended in which way, by how far their commands go with sound ones."""
    print(f"\n{sum(depths.values())} {kind} files, each through a real command")
    for depth in sorted({depth for depth, _ in depths}):
        inner = Counter({words: n for (other, words), n in depths.items() if other == depth})
        print(f"{sum(inner.values()):8d}  to be {depth}:")
        for words, count in inner.most_common():
            print(f"{count:16d}  {words}")
    for (words, root), count in roots.most_common():
        print(f"{count:8d}  {words}: {root}", flush=True)
