"""`python -m tests.conformance`: every case of ONNX through every target, and what came of it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from fnmatch import fnmatchcase

from tests.conformance.page import PAGE, page
from tests.conformance.report import show
from tests.conformance.running import Run, run, stale_patterns
from tests.conformance.sources import MISSING, Source, all_sources, libonnx_testdata
from tests.conformance.targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print the report.

    Returns:
        1 if a case failed or a table names what is not refused, 2 if there are no cases, 0 else.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="only cases of such names")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only these targets")
    parser.add_argument("--page", action="store_true", help="write the page of the manual as well")
    options = parser.parse_args(arguments)
    every_case = options.pattern == "*" and libonnx_testdata() is not None
    whole = every_case and options.target is None
    if libonnx_testdata() is None:
        print(f"{MISSING}\n")
    if options.page and not whole:
        print("The page needs all cases of all sources, through all targets.")
        return 2
    sources = [_only(source, options.pattern) for source in all_sources()]
    if not any(source.cases for source in sources):
        print(f"No case's name matches {options.pattern!r}.")
        return 2
    runs: list[Run] = []
    stale: list[str] = []
    for name in options.target or TARGETS:
        target = TARGETS[name]()
        found = run(target, sources)
        runs += found
        if every_case:
            stale += [f"{target.name}, {each}" for each in stale_patterns(target.refusals, found)]
    show(runs)
    for each in stale:
        print(f"\nSTALE {each} is not refused; take it out of tests/conformance/refusals")
    if options.page:
        PAGE.write_text(page(runs))
        print(f"\nWrote {PAGE}")
    return int(bool(stale) or any(each.failures for each in runs))


def _only(source: Source, pattern: str) -> Source:
    cases = tuple(case for case in source.cases if fnmatchcase(case.name, pattern))
    return dataclasses.replace(source, cases=cases)


if __name__ == "__main__":
    raise SystemExit(main())
