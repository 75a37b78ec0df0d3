"""Bundles: what is in them, when they are made anew, and what is said when they cannot be made."""

from __future__ import annotations

import hashlib
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.building import bundle, litert_library
from _edgeship.device_bench.building import once as building
from _edgeship.device_bench.building.litert_library import copy_library, host_abi, litert_version
from _edgeship.device_bench.building.once import build_once, compile_c
from _edgeship.device_bench.commands.setup import setup
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.running import run_process
from _edgeship.errors import DeviceError, InputError
from tests.device_bench.runners.small_files import needs_native, needs_virtual

MEMBER = "ai_edge_litert/libLiteRt.so"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def copied_sources(folder: Path, monkeypatch) -> Path:
    shutil.copytree(building.SOURCES, folder)
    monkeypatch.setattr(bundle, "SOURCES", folder)
    return folder


@pytest.fixture
def light(monkeypatch) -> None:
    """Bundles of a few small files, for tests of when they are made."""

    def touch(abi: str, target: Path) -> str:
        target.write_bytes(b"the library")
        return "from nowhere"

    monkeypatch.setattr(bundle, "copy_library", touch)
    monkeypatch.setattr(bundle, "_LIBRARIES", ("libm.so.6",))


def left_in(cache: Path) -> list[str]:
    """Names of what was built and of what was left behind."""
    return sorted(path.name for path in (cache / "built").iterdir() if path.suffix != ".lock")


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
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs the Debian package cmake")
def test_cmake_builds_the_same_program(tmp_path: Path) -> None:
    source = str(building.SOURCES)
    for argv in (["-S", source, "-B", str(tmp_path)], ["--build", str(tmp_path)]):
        done = run_process(["cmake", *argv], timeout=60)
        assert done.code == 0, done.out + done.err
    done = run_process([str(tmp_path / "runner")], timeout=30)
    assert done.out == '{"event":"error","what":"No file is named with --model."}\n'


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


class TestWheel:
    """libLiteRt.so for another machine than this one, with pip played by a function."""

    ABI = "arm64-v8a"

    @pytest.fixture(autouse=True)
    def elsewhere(self, monkeypatch, cache) -> None:
        monkeypatch.setattr(litert_library, "host_abi", lambda: "x86_64")
        self.downloads = 0

    def publish(self, monkeypatch, tmp_path, *, member: str = MEMBER, known: bool = True) -> bytes:
        source = tmp_path / "litert.whl"
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr(member, b"the library")
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        table = {(litert_version(), self.ABI): digest} if known else {}
        monkeypatch.setattr(litert_library, "_WHEELS", table)

        def pip(argv: list[str], package: str, *, seconds: float) -> Completed:
            self.downloads += 1
            folder = next(word for word in argv if word.startswith("--dest=")).partition("=")[2]
            shutil.copy(source, folder)
            return Completed(0, "", "")

        monkeypatch.setattr(litert_library, "run_tool", pip)
        return source.read_bytes()

    def test_it_is_fetched_once(self, monkeypatch, tmp_path) -> None:
        self.publish(monkeypatch, tmp_path)
        for _ in range(2):
            note = copy_library(self.ABI, tmp_path / "lib")
            assert (tmp_path / "lib").read_bytes() == b"the library"
            assert "SHA-256 is the published" in note
        assert self.downloads == 1

    def test_a_damaged_wheel_is_fetched_again(self, monkeypatch, tmp_path, cache) -> None:
        self.publish(monkeypatch, tmp_path)
        copy_library(self.ABI, tmp_path / "lib")
        (wheel,) = cache.glob("wheels/*/*.whl")
        wheel.write_bytes(b"damaged")
        copy_library(self.ABI, tmp_path / "lib")
        assert self.downloads == 2

    def test_another_wheel_than_the_published_is_refused(self, monkeypatch, tmp_path, cache):
        self.publish(monkeypatch, tmp_path)
        table = {(litert_version(), self.ABI): "0" * 64}
        monkeypatch.setattr(litert_library, "_WHEELS", table)
        with pytest.raises(DeviceError, match="not the published") as caught:
            copy_library(self.ABI, tmp_path / "lib")
        assert "0" * 64 in caught.value.why
        assert not list(cache.rglob("*.whl"))

    def test_a_version_without_a_known_digest_is_said(self, monkeypatch, tmp_path) -> None:
        self.publish(monkeypatch, tmp_path, known=False)
        assert "is not in our table" in copy_library(self.ABI, tmp_path / "lib")

    def test_a_wheel_without_the_library_is_refused(self, monkeypatch, tmp_path) -> None:
        self.publish(monkeypatch, tmp_path, member="other")
        with pytest.raises(DeviceError, match=r"no ai_edge_litert/libLiteRt\.so"):
            copy_library(self.ABI, tmp_path / "lib")

    def test_pip_s_failure_is_quoted(self, monkeypatch, tmp_path) -> None:
        failed = Completed(1, "", "ERROR: no matching distribution\x1b[0m\n")
        monkeypatch.setattr(litert_library, "run_tool", lambda *words, **rest: failed)
        with pytest.raises(DeviceError, match="cannot be downloaded") as caught:
            copy_library(self.ABI, tmp_path / "lib")
        assert "no matching distribution?[0m" in caught.value.why


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
