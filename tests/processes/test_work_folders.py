"""Folders of processes that have ended are removed, and no others."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from _edgeship import work_folders
from _edgeship.work_folders import held, new_temporary_folder, temporary_folder, work_folder

ROOT = Path(__file__).parents[2]

_HOLDER = """
import sys
from pathlib import Path
from _edgeship.work_folders import WorkFolder
folder = WorkFolder(Path(sys.argv[1]), ".work-")
(folder.path / "file").write_text("x")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that works in a folder, and the folder."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", _HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.communicate()


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(
    tmp_path: Path, holder: tuple[subprocess.Popen[str], Path]
) -> None:
    process, folder = holder
    with work_folder(tmp_path, ".work-"):
        assert (folder / "file").exists()
    process.kill()
    process.wait()
    assert (folder / "file").exists()
    with work_folder(tmp_path, ".work-") as own:
        assert list(tmp_path.iterdir()) == [own]
    assert list(tmp_path.iterdir()) == []


def test_only_our_own_folders_are_removed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    kept = [tmp_path / name for name in (".work-short", ".work-UPPERCAS", ".other-abcdefgh")]
    for path in kept:
        path.mkdir()
    file = tmp_path / ".work-thisfile"
    file.touch()
    link = tmp_path / ".work-abcdefgh"
    link.symlink_to(precious)
    (tmp_path / ".work-leftover").mkdir()
    with work_folder(tmp_path, ".work-"):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([*kept, precious, file, link])


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to somebody else")
def test_a_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    other = tmp_path / ".work-leftover"
    other.mkdir()
    os.chown(other, 12345, 12345)
    with work_folder(tmp_path, ".work-"):
        assert other.exists()


def test_a_process_keeps_its_own_folders_apart(tmp_path: Path) -> None:
    with work_folder(tmp_path, ".work-") as first, work_folder(tmp_path, ".work-") as second:
        assert first.exists()
        assert second.exists()


def test_where_there_are_no_locks_nothing_is_removed_but_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(number: int, operation: int) -> None:
        raise OSError("no locks here")

    other = tmp_path / ".work-leftover"
    other.mkdir()
    monkeypatch.setattr(work_folders.fcntl, "flock", none)
    with work_folder(tmp_path, ".work-") as own, held(tmp_path):
        assert own.exists()
    assert list(tmp_path.iterdir()) == [other]


def test_temporary_folders_are_swept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "edgeship-work-leftover"
    left.mkdir()
    with temporary_folder() as folder:
        assert list(tmp_path.iterdir()) == [folder]
    kept = new_temporary_folder()
    kept.remove()
    assert list(tmp_path.iterdir()) == []
