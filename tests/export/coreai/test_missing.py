"""Without Apple's package: one sentence that says how to get it, before anything is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.contract.request import Request
from _edgeship.export.coreai.format import library
from _edgeship.export.pipeline import export


def test_an_export_without_the_package_says_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        export(Request("shufflenet_v2_x0_25", ("coreai",), out=tmp_path / "out"))
    assert str(caught.value).splitlines()[0] == "The package coreai-core is not installed."
    assert "pip install 'edgeship[coreai]'" in caught.value.todo
    assert not (tmp_path / "out").exists()


def test_an_older_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_OLDEST_PYTHON", (99, 0))
    with pytest.raises(InputError, match="needs Python"):
        library.demand_library()


def test_the_command_line_does_not_import_the_package() -> None:
    words = "import sys; import _edgeship.export.pipeline, _edgeship.export.commands.cli; "
    words += "print([name for name in sys.modules if name.split('.')[0] == 'coreai'])"
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
