"""Folders that are made once: complete or not there, and made anew when they are damaged."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from _edgeship.device_bench.building.once import build_once, compile_c
from _edgeship.errors import DeviceError
from tests.device_bench.building.left import left_in
from tests.device_bench.small_files import needs_native


@needs_native
def test_a_compiler_s_words_are_cleaned(tmp_path: Path) -> None:
    source = tmp_path / "x.c"
    source.write_text('#error "\x1b[31m"\n')
    with pytest.raises(DeviceError) as caught:
        compile_c("cc", "gcc", [source], tmp_path / "x")
    assert "\x1b" not in str(caught.value)


def test_a_folder_is_complete_or_not_there(cache: Path) -> None:
    def fail(folder: Path) -> list[str]:
        (folder / "half").write_text("")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        build_once("thing", [b"a"], fail)
    assert left_in(cache) == []


def test_one_of_several_threads_makes_it(cache: Path) -> None:
    made, found = [], []
    together = threading.Barrier(4)

    def make(folder: Path) -> list[str]:
        made.append(folder)
        (folder / "file").write_text("text")
        return []

    def want() -> None:
        together.wait(10)
        found.append(build_once("thing", [], make))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1
    assert len(found) == 4
    assert all(built == found[0] for built in found)


def test_parts_are_kept_apart_in_the_folder_s_name(cache: Path) -> None:
    def make(folder: Path) -> list[str]:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("text")
        return ["a note"]

    first = build_once("thing", [b"ab", b"c"], make)
    assert build_once("thing", [b"a", b"bc"], make).folder != first.folder
    assert (list(first.files), first.notes) == (["sub/file"], ("a note",))


@pytest.mark.parametrize("index", ["", "{}", "[]", '{"files": {"a": 1}}', "null"])
def test_an_index_that_is_damaged_does_not_count(cache: Path, index: str) -> None:
    def make(folder: Path) -> list[str]:
        (folder / "file").write_text("text")
        return []

    built = build_once("thing", [], make)
    (built.folder / "files.json").write_text(index)
    assert build_once("thing", [], make) == built
