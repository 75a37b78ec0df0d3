"""What the tests demand of a target: no case fails, and neither tables nor page say too much."""

from __future__ import annotations

import pytest

from tests.conformance.page import MADE_WITH, PAGE, row, section
from tests.conformance.running import Run, run, stale_patterns
from tests.conformance.sources import MISSING, all_sources, libonnx_testdata
from tests.conformance.targets import TARGETS


def run_all(target: str) -> list[Run]:
    """Every case of every source through a target."""
    return run(TARGETS[target](), all_sources())


def no_case_fails(runs: list[Run]) -> None:
    assert all(each.results for each in runs)
    failures = [
        f"{each.source}: {result.case}: {result.message}"
        for each in runs
        for result in each.failures
    ]
    assert not failures, "\n".join(failures)


def the_table_names_only_what_is_refused(target: str, runs: list[Run]) -> None:
    if libonnx_testdata() is None:
        pytest.skip(MISSING)
    assert stale_patterns(TARGETS[target]().refusals, runs) == []


def the_page_says_what_was_counted(runs: list[Run]) -> None:
    if libonnx_testdata() is None:
        pytest.skip(MISSING)
    text = PAGE.read_text()
    if MADE_WITH not in text:
        pytest.skip(f"the page was not made with this version of onnx: {MADE_WITH}")
    stale = [part for part in (*map(row, runs), section(runs)) if part not in text]
    assert not stale, "the page is out of date: python -m tests.conformance --page"
