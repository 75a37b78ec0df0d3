"""ONNX's cases through the target coreai: right, or refused for a reason in the table."""

from __future__ import annotations

import pytest

from tests.conformance import every_case
from tests.conformance.running import Run

pytest.importorskip("coreai", reason="coreai-core is not installed; it needs Python 3.11")

pytestmark = pytest.mark.slow

TARGET = "coreai"


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return every_case.run_all(TARGET)


def test_every_case_is_right_or_refused_as_expected(runs: list[Run]) -> None:
    every_case.no_case_fails(runs)


def test_the_table_names_only_what_is_refused(runs: list[Run]) -> None:
    every_case.the_table_names_only_what_is_refused(TARGET, runs)


def test_the_page_says_what_was_counted(runs: list[Run]) -> None:
    every_case.the_page_says_what_was_counted(runs)
