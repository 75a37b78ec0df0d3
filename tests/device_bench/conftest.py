"""Fixtures of the tests that build something."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.device_bench.building import bundle


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def light(monkeypatch) -> None:
    """Bundles of a few small files, for tests of when they are made."""

    def touch(abi: str, target: Path) -> str:
        target.write_bytes(b"the library")
        return "from nowhere"

    monkeypatch.setattr(bundle, "copy_library", touch)
    monkeypatch.setattr(bundle, "_LIBRARIES", ("libm.so.6",))
