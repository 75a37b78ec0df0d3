"""The architectures of residual.py, through the targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architectures.exporting import export
from tests.architectures.residual import ARCHITECTURES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_file_is_written_and_right(name: str, tmp_path: Path) -> None:
    assert export(ARCHITECTURES[name], tmp_path).problems == []
