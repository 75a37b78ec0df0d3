"""ONNX's cases through the target tflite: right, or refused for a reason in the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from _edgeship.export.runtimes import running
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Outputs, Sample
from tests.conformance import every_case
from tests.conformance.delegate_verdicts import chosen, disagreements, groundless
from tests.conformance.running import Run
from tests.export.delegates.gpu_here import accelerator

pytestmark = pytest.mark.slow

TARGET = "tflite"


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """The files that the cases became, once they ran."""
    return []


@pytest.fixture(scope="module")
def runs(files: list[bytes]) -> Iterator[list[Run]]:
    run_tflite = running.run_tflite

    def kept(data: bytes, samples: Sequence[Sample], io: FileIO) -> Outputs:
        files.append(data)
        return run_tflite(data, samples, io)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "run_tflite", kept)
        yield every_case.run_all(TARGET)


def test_every_case_is_right_or_refused_as_expected(runs: list[Run]) -> None:
    every_case.no_case_fails(runs)


def test_the_table_names_only_what_is_refused(runs: list[Run]) -> None:
    every_case.the_table_names_only_what_is_refused(TARGET, runs)


def test_the_page_says_what_was_counted(runs: list[Run]) -> None:
    every_case.the_page_says_what_was_counted(runs)


def test_xnnpack_takes_nothing_that_there_is_a_reason_against(
    runs: list[Run], files: list[bytes]
) -> None:
    singles = chosen(files)
    assert len(singles) > 150
    assert groundless(singles) == []


def test_the_gpu_takes_what_the_rules_say(runs: list[Run], files: list[bytes]) -> None:
    found = accelerator()
    singles = chosen(files)
    assert len(singles) > 150
    wrong = disagreements(found, singles)
    assert not wrong, "\n".join(wrong)
