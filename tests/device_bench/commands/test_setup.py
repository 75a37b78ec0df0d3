"""`setup`: what it builds and shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.device_bench.building import bundle
from _edgeship.device_bench.building.litert_library import host_abi
from _edgeship.device_bench.commands.setup import setup
from _edgeship.errors import InputError
from tests.device_bench.small_files import needs_native


@needs_native
def test_setup_shows_files_and_digests(
    cache: Path, light, capsys: pytest.CaptureFixture[str]
) -> None:
    setup(abi=[host_abi()])
    shown = capsys.readouterr().out
    built = bundle.bundle(host_abi())
    assert built.files["runner"].sha256 in shown
    assert str(built.folder) in shown
    assert "note: from nowhere" in shown


def test_setup_refuses_an_unknown_abi() -> None:
    with pytest.raises(InputError, match="'mips'"):
        setup(abi=["mips"])
