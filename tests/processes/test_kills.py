"""A few of the kills and interrupts of `kills`, at fixed moments; one export is begun for each."""

from __future__ import annotations

import signal

import pytest

from tests.processes.kills import Trial, table
from tests.processes.work import exporting

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("kills"), exporting)


@pytest.mark.parametrize(
    ("number", "part"), [(signal.SIGKILL, 0.8), (signal.SIGTERM, 0.7)], ids=["kill", "terminate"]
)
def test_nothing_is_lost_and_nothing_is_left(
    trial: Trial, number: signal.Signals, part: float
) -> None:
    found = trial.end(number, part)
    assert not found.wrong
    assert found.work in table([found])
