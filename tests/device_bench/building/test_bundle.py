"""Bundles: what is in them, when they are made anew, and what is said when they cannot be made."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from _edgeship.device_bench.building import bundle
from _edgeship.device_bench.building.litert_library import host_abi
from _edgeship.device_bench.building.once import SOURCES
from _edgeship.device_bench.processes.running import run_process
from _edgeship.errors import DeviceError
from tests.device_bench.building.left import left_in
from tests.device_bench.small_files import needs_native, needs_virtual

pytestmark = pytest.mark.slow


def copied_sources(folder: Path, monkeypatch) -> Path:
    shutil.copytree(SOURCES, folder)
    monkeypatch.setattr(bundle, "SOURCES", folder)
    return folder


class TestBundle:
    pytestmark = needs_native

    def test_it_holds_everything_that_runs_and_nothing_changes_the_second_time(self, cache) -> None:
        built = bundle.bundle(host_abi())
        assert {"runner", "loader", "libLiteRt.so", "libc.so.6"} <= built.files.keys()
        for name, file in built.files.items():
            data = (built.folder / name).read_bytes()
            assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        made = (built.folder / "runner").stat().st_mtime_ns
        assert bundle.bundle(host_abi()) == built
        assert (built.folder / "runner").stat().st_mtime_ns == made

    def test_the_runner_needs_no_library_of_the_system(self, cache) -> None:
        folder = bundle.bundle(host_abi()).folder
        argv = [folder / "loader", "--library-path", folder, "--list", folder / "libLiteRt.so"]
        listed = run_process([str(word) for word in argv], timeout=30).out
        found = [line.split("=>")[1].split()[0] for line in listed.splitlines() if "=>" in line]
        libraries = [path for path in found if "ld-linux" not in path]
        assert len(libraries) >= 4
        assert all(path.startswith(str(folder)) for path in libraries)

    def test_a_damaged_file_is_made_anew(self, cache, light) -> None:
        built = bundle.bundle(host_abi())
        (built.folder / "runner").write_bytes(b"damaged")
        (built.folder / "libm.so.6").unlink()
        assert bundle.bundle(host_abi()).files == built.files
        assert hashlib.sha256((built.folder / "runner").read_bytes()).hexdigest() == (
            built.files["runner"].sha256
        )
        assert left_in(cache) == [built.folder.name]

    def test_a_changed_source_makes_another_bundle(
        self, cache, light, tmp_path, monkeypatch
    ) -> None:
        sources = copied_sources(tmp_path / "native", monkeypatch)
        before = bundle.bundle(host_abi()).folder
        # The clock belongs to the emulator.
        (sources / "clock.c").write_text("")
        assert bundle.bundle(host_abi()).folder == before
        with (sources / "system.c").open("a") as file:
            file.write("/* changed */\n")
        assert bundle.bundle(host_abi()).folder != before

    def test_a_version_with_perhaps_another_interface_is_noted(self, cache, light, monkeypatch):
        assert bundle.bundle(host_abi()).notes == ("from nowhere",)
        monkeypatch.setattr(bundle, "litert_version", lambda: "2.9.0")
        assert "written for LiteRT 2.3.x, and this is 2.9.0" in bundle.bundle(host_abi()).notes[1]

    def test_a_warning_is_an_error_that_is_quoted_and_leaves_nothing(
        self, cache, tmp_path, monkeypatch
    ) -> None:
        sources = copied_sources(tmp_path / "native", monkeypatch)
        with (sources / "system.c").open("a") as file:
            file.write("static int unused;\n")
        with pytest.raises(DeviceError, match="runner cannot be compiled") as caught:
            bundle.bundle(host_abi())
        assert "unused" in caught.value.why
        assert left_in(cache) == []

    def test_without_a_compiler_it_names_the_package(self, cache, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DeviceError, match="program cc is missing") as caught:
            bundle.bundle(host_abi())
        assert "apt install gcc libc6-dev" in caught.value.todo
        other = next(abi for abi in bundle.ABIS if abi != host_abi())
        with pytest.raises(DeviceError, match="-linux-gnu-gcc is missing") as caught:
            bundle.bundle(other)
        assert "-cross" in caught.value.todo

    def test_a_missing_library_is_named(self, cache, monkeypatch) -> None:
        monkeypatch.setattr(bundle, "_LIBRARIES", ("libnonesuch.so.1",))
        with pytest.raises(DeviceError, match=r"library libnonesuch\.so\.1"):
            bundle.bundle(host_abi())

    def test_a_cache_that_cannot_be_written_is_named(self, tmp_path, monkeypatch) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "file"))
        with pytest.raises(DeviceError, match="cannot be built") as caught:
            bundle.bundle(host_abi())
        assert "EDGESHIP_CACHE" in caught.value.todo


@pytest.mark.parametrize("abi", ["armeabi-v7a", "", "../x"])
def test_an_abi_without_a_bundle_is_refused(abi: str) -> None:
    with pytest.raises(DeviceError, match=r"armeabi-v7a|unknown|\.\./x") as caught:
        bundle.bundle(abi)
    assert "arm64-v8a and x86_64" in caught.value.why


@needs_virtual
def test_the_arm64_bundle_is_for_arm64() -> None:
    built = bundle.bundle("arm64-v8a")
    for name in built.files:
        head = (built.folder / name).read_bytes()[:20]
        assert head[:4] == b"\x7fELF"
        assert int.from_bytes(head[18:20], "little") == 183, name
    assert "published" in built.notes[0] or host_abi() == "arm64-v8a"


@needs_native
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs the Debian package cmake")
def test_cmake_builds_the_same_program(tmp_path: Path) -> None:
    source = str(SOURCES)
    for argv in (["-S", source, "-B", str(tmp_path)], ["--build", str(tmp_path)]):
        done = run_process(["cmake", *argv], timeout=60)
        assert done.code == 0, done.out + done.err
    done = run_process([str(tmp_path / "runner")], timeout=30)
    assert done.out == '{"event":"error","what":"No file is named with --model."}\n'
