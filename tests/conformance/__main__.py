"""`python -m tests.conformance`: every case of ONNX through every target, and what came of it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from fnmatch import fnmatchcase

from tests.conformance.page import PAGE, page
from tests.conformance.report import show
from tests.conformance.running import run
from tests.conformance.sources import MISSING, Source, all_sources, libonnx_testdata
from tests.conformance.targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases and print the report; 1 if any failed, 2 if there are none."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="only cases of such names")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only these targets")
    parser.add_argument("--page", action="store_true", help="write the page of the manual as well")
    options = parser.parse_args(arguments)
    whole = options.pattern == "*" and options.target is None and libonnx_testdata() is not None
    if libonnx_testdata() is None:
        print(f"{MISSING}\n")
    if options.page and not whole:
        print("The page needs all cases of all sources, through all targets.")
        return 2
    sources = [_only(source, options.pattern) for source in all_sources()]
    if not any(source.cases for source in sources):
        print(f"No case's name matches {options.pattern!r}.")
        return 2
    runs = [each for name in options.target or TARGETS for each in run(TARGETS[name](), sources)]
    show(runs)
    if options.page:
        PAGE.write_text(page(runs))
        print(f"\nWrote {PAGE}")
    return int(any(each.failures for each in runs))


def _only(source: Source, pattern: str) -> Source:
    cases = tuple(case for case in source.cases if fnmatchcase(case.name, pattern))
    return dataclasses.replace(source, cases=cases)


if __name__ == "__main__":
    raise SystemExit(main())
