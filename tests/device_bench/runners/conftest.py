"""Fixtures of the tests of runners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from _edgeship.device_bench.devices.workspace import Workspace
from tests.device_bench.runners.app_bench import At
from tests.device_bench.runners.scripted_phone import ScriptedPhone, apk


@pytest.fixture
def at(tmp_path: Path) -> Iterator[At]:
    """The app runner on a phone; in the end nothing lies in the phone's folder for files."""
    phone = ScriptedPhone()
    with Workspace(phone) as workspace:
        yield At(phone, workspace, apk(tmp_path / "app's.apk", arm64v8a=b"a library"))
    assert phone.files == {}
