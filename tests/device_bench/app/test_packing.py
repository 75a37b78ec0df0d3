"""The archive: alignment of every stored file, equal bytes, names and contents kept."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.app.packing import PAGE_BYTES, data_offset, pack
from _edgeship.device_bench.processes.running import run_process


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """What aapt2 makes: a packed manifest, a stored table of resources."""
    path = tmp_path / "linked.apk"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("AndroidManifest.xml", b"<m/>" * 50, zipfile.ZIP_DEFLATED)
        archive.writestr("resources.arsc", b"table", zipfile.ZIP_STORED)
        archive.writestr("res/a.png", b"picture", zipfile.ZIP_STORED)
    return path


@pytest.fixture
def dex(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "classes.dex", tmp_path / "classes2.dex"]
    for path in paths:
        path.write_bytes(path.name.encode() * 30)
    return paths


def packed(linked: Path, dex: list[Path], extra: int = 0) -> bytes:
    libraries = {"x86_64/libb.so": b"b" * 5000, "arm64-v8a/liba.so": b"a" * (3 + extra)}
    return pack(linked, dex, {"n.json": b"{}"}, libraries)


def test_all_is_in_it_in_a_fixed_order(linked: Path, dex: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(packed(linked, dex))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "AndroidManifest.xml",
            "resources.arsc",
            "res/a.png",
            "classes.dex",
            "classes2.dex",
            "assets/n.json",
            "lib/arm64-v8a/liba.so",
            "lib/x86_64/libb.so",
        ]
        assert archive.read("lib/arm64-v8a/liba.so") == b"aaa"
        assert archive.getinfo("classes.dex").compress_type == zipfile.ZIP_DEFLATED


@pytest.mark.parametrize("extra", [0, 1, 2, 3, 4, 5, 16379, 16381, 16384])
def test_stored_files_are_aligned_whatever_comes_before(
    extra: int, linked: Path, dex: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(packed(linked, dex, extra))
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.compress_type == zipfile.ZIP_STORED:
                align = PAGE_BYTES if entry.filename.startswith("lib/") else 4
                start = data_offset(file, entry)
                assert start % align == 0
                file.seek(start)
                assert file.read(entry.file_size) == archive.read(entry)
    if shutil.which("zipalign"):
        done = run_process(["zipalign", "-c", "-p", "4", str(path)], timeout=30)
        assert done.code == 0, done.out


def test_equal_content_gives_equal_bytes(linked: Path, dex: list[Path], monkeypatch) -> None:
    first = packed(linked, dex)
    monkeypatch.setattr("sys.platform", "win32")
    for path in [*dex, linked]:
        path.touch()
    assert packed(linked, dex) == first
