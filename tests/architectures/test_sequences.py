"""The architectures of sequences.py, through the targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architectures.exporting import export
from tests.architectures.sequences import ARCHITECTURES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_file_is_written_and_right(name: str, tmp_path: Path) -> None:
    assert export(ARCHITECTURES[name], tmp_path).problems == []
