"""Full and read-only disks: one sentence, an exit code, and nothing is lost."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from _edgeship.device_bench.store.store import Store
from _edgeship.errors import InputError
from _edgeship.export.runtimes import apart_starter
from tests.device_bench.store.saving import save
from tests.device_bench.synthetic import session
from tests.export.command_line import run, write_network
from tests.export.evaluation.colours import GREEN, RED, write_classes, write_scores
from tests.processes.disks import NoDisksError, on_disk

FULL = "no space is left on the device"
READ_ONLY = "Read-only file system"

#: A disk that is full as soon as something of the size of a file is written.
_SMALL = 8192


def _refused(
    folder: Path, size: int, words: list[Any], code: int = 2, *, read_only: bool = False
) -> str:
    """Return what a command says whose output folder is such a disk; it must change nothing there.

    Temporary files are elsewhere.
    """
    before = _names(folder)

    def work() -> tuple[str, list[str]]:
        apart_starter.stay_here()
        _, said = run(*words, code=code)
        return said, _names(folder)

    try:
        said, after = on_disk(folder, size, work, read_only=read_only)
    except NoDisksError as error:
        pytest.skip(f"this system gives processes no disks of their own: {error}")
    # A sweep keeps what it has made so far.
    assert [name for name in after if not re.match(r"out(/(artifacts|work))?$", name)] == before
    assert "error: " in said
    assert "internal error" not in said
    return " ".join(str(said).split())


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an export."""
    place = tmp_path_factory.mktemp("exported")
    run("-q", write_network(place / "net.onnx"), "--out", place / "out")
    return place / "out"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that becomes a disk, with something of the user's in it."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "mine.txt").write_text("mine")
    return tmp_path / "disk"


@pytest.mark.parametrize(("read_only", "why"), [(False, FULL), (True, READ_ONLY)])
class TestDisks:
    """The same for all commands that write."""

    def test_export(self, folder: Path, tmp_path: Path, read_only: bool, why: str) -> None:
        words = [write_network(tmp_path / "net.onnx"), "--out", folder]
        said = _refused(folder, _SMALL, words, read_only=read_only)
        assert why in said
        assert "choose another" in said

    @pytest.mark.slow
    def test_bundle(self, folder: Path, exported: Path, read_only: bool, why: str) -> None:
        said = _refused(
            folder, 4 * _SMALL, ["bundle", exported, "--out", folder], read_only=read_only
        )
        assert why in said

    def test_disagreements(self, folder: Path, tmp_path: Path, read_only: bool, why: str) -> None:
        files = [
            write_scores(tmp_path / "all.onnx"),
            write_scores(tmp_path / "other.onnx", (1, 0.05, 1)),
        ]
        data = write_classes(tmp_path / "data", {"red": [RED] * 2, "green": [GREEN] * 40})
        plain = ("--mean", "0,0,0", "--std", "1,1,1", "--crop", "1")
        words = ["evaluate", *files, "--data", data, "--ignore-labels", *plain]
        words += ["--save-disagreements", folder / "differ"]
        assert why in _refused(folder, _SMALL, words, read_only=read_only)

    @pytest.mark.slow
    def test_sweep(self, folder: Path, tmp_path: Path, read_only: bool, why: str) -> None:
        network = write_network(tmp_path / "net.onnx")
        (tmp_path / "sweep.toml").write_text(f'networks = ["{network}"]\n')
        words = ["sweep", tmp_path / "sweep.toml", "--out", folder / "out", "--jobs", "1"]
        assert why in _refused(folder, _SMALL, words, read_only=read_only)

    def test_store(self, folder: Path, read_only: bool, why: str) -> None:
        """What was measured before stays; what is measured on a full disk is one sentence."""
        path = folder / "store.sqlite"
        with Store(path) as store:
            save(store, session())

        def work() -> tuple[str, int]:
            said = ""
            try:
                with Store(path) as store:
                    for number in range(100):
                        store.begin(session(f"20261122-100000-{number:04}"))
            except InputError as error:
                said = str(error)
            if read_only:  # SQLite cannot open it there: it makes files beside it
                return said, 1
            with Store(path, create=False) as store:
                return said, store.count()

        size = 0 if read_only else path.stat().st_size + (64 << 10)
        try:
            said, count = on_disk(folder, size, work, read_only=read_only)
        except NoDisksError as error:
            pytest.skip(f"this system gives processes no disks of their own: {error}")
        assert said
        assert count >= 1
