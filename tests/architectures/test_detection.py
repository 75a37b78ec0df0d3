"""The architectures of detection.py, through the targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architectures.detection import ARCHITECTURES
from tests.architectures.exporting import export

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_file_is_written_and_right(name: str, tmp_path: Path) -> None:
    assert export(ARCHITECTURES[name], tmp_path).problems == []
