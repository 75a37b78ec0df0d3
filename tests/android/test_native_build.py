"""The library of the app as a file: what Android's loader will see, and how it is built."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.app import native_build
from _edgeship.device_bench.app.elf import read_library
from _edgeship.device_bench.app.project import ABIS, MAIN, PROJECT
from _edgeship.device_bench.building.once import SOURCES
from _edgeship.errors import DeviceError
from tests.android.native_parts import runner_sources

PAGE = 16 << 10
NATIVE_JAVA = MAIN / "java/dev/edgeship/bench/Native.java"
WHOLE = native_build.missing() == []

needs_tools = pytest.mark.skipif(
    not WHOLE,
    reason="needs the Debian packages "
    + " ".join(package for _, package in native_build.missing()),
)
needs_binutils = pytest.mark.skipif(
    shutil.which("readelf") is None, reason="needs the Debian package binutils"
)


def native_methods() -> set[str]:
    """Names of the methods that Java expects of the library."""
    return set(re.findall(r"static native [\w\[\]]+ (\w+)\(", NATIVE_JAVA.read_text()))


@pytest.fixture(scope="module")
def libraries(tmp_path_factory) -> dict[str, Path]:
    """ABI -> the library."""
    return {abi: native_build.build_library(abi, tmp_path_factory.mktemp(abi)) for abi in ABIS}


def readelf(path: Path, *words: str) -> list[list[str]]:
    argv = ["readelf", "-W", *words, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
    return [line.split() for line in done.stdout.splitlines()]


def symbols(path: Path) -> tuple[set[str], set[str]]:
    """Names that a library needs, and those that it offers."""
    rows = [row for row in readelf(path, "--dyn-syms") if len(row) == 8 and row[0][:-1].isdigit()]
    return {row[7] for row in rows if row[6] == "UND"}, {row[7] for row in rows if row[6] != "UND"}


@needs_tools
@needs_binutils
@pytest.mark.slow
@pytest.mark.parametrize("abi", ABIS)
class TestFile:
    def test_it_is_for_the_machine_and_needs_android_s_libraries_only(self, libraries, abi) -> None:
        read = read_library(libraries[abi].read_bytes())
        assert (read.abi, set(read.needed)) == (abi, {"libc.so", "libdl.so"})

    def test_it_offers_the_methods_of_the_java_class_and_nothing_else(self, libraries, abi) -> None:
        _, offered = symbols(libraries[abi])
        assert len(native_methods()) >= 9
        assert offered == {f"Java_dev_edgeship_bench_Native_{name}" for name in native_methods()}

    def test_the_lists_of_symbols_name_what_is_used_and_nothing_else(self, libraries, abi) -> None:
        listed = {path.stem: path.read_text().split() for path in native_build.symbol_lists()}
        assert set(listed) == {"libc", "libdl"}
        names = [name for names in listed.values() for name in names]
        assert names == [name for names in listed.values() for name in sorted(set(names))]
        needed = {path: symbols(library)[0] for path, library in libraries.items()}
        assert set(names) == set().union(*needed.values())
        assert needed[abi] <= set(names)

    def test_pages_of_16_kib_have_one_protection_each(self, libraries, abi) -> None:
        rows = [row for row in readelf(libraries[abi], "-l") if row and row[0] == "LOAD"]
        assert len(rows) >= 3
        pages: dict[int, str] = {}
        for _, offset, address, _, _, size, *flags, alignment in rows:
            protection = "".join(flags)
            assert int(alignment, 16) == PAGE
            assert (int(address, 16) - int(offset, 16)) % PAGE == 0
            assert protection in {"R", "RE", "RW"}
            first, last = int(address, 16) // PAGE, (int(address, 16) + int(size, 16) - 1) // PAGE
            for page in range(first, last + 1):
                assert page not in pages
                pages[page] = protection

    def test_what_the_loader_has_filled_in_is_made_read_only_and_the_rest_is_not(
        self, libraries, abi
    ) -> None:
        """Android rounds the protected part up to whole pages."""
        rows = {row[0]: row for row in readelf(libraries[abi], "-l") if row}
        _, _, start, _, _, size, *_ = rows["GNU_RELRO"]
        end = -(-(int(start, 16) + int(size, 16)) // PAGE) * PAGE
        writable = [
            int(row[2], 16)
            for row in readelf(libraries[abi], "-l")
            if row and row[0] == "LOAD" and row[6] == "RW" and row[2] != start
        ]
        assert writable
        assert min(writable) >= end

    def test_nothing_has_to_be_changed_in_its_code_and_its_stack_executes_nothing(
        self, libraries, abi
    ) -> None:
        dynamic = " ".join(word for row in readelf(libraries[abi], "-d") for word in row)
        assert "TEXTREL" not in dynamic
        assert "BIND_NOW" in dynamic
        assert "(SONAME) Library soname: [libedgebench.so]" in dynamic
        (stack,) = (row for row in readelf(libraries[abi], "-l") if row and row[0] == "GNU_STACK")
        assert stack[6] == "RW"

    def test_no_path_of_this_machine_is_in_it(self, libraries, abi) -> None:
        data = libraries[abi].read_bytes()
        for path in (PROJECT, SOURCES, Path.cwd(), Path.home(), libraries[abi].parent):
            assert str(path.resolve()).encode() not in data
            assert str(path).encode() not in data
        assert b".c\0" not in data


@needs_tools
@pytest.mark.slow
class TestBuild:
    @pytest.mark.parametrize("abi", ABIS)
    def test_another_checkout_gives_the_same_bytes(
        self, libraries, abi: str, tmp_path: Path, monkeypatch
    ) -> None:
        for name, folder in (("PROJECT", PROJECT), ("SOURCES", SOURCES)):
            copy = tmp_path / f"elsewhere with a longer name {name}"
            shutil.copytree(folder, copy)
            monkeypatch.setattr(native_build, name, copy)
        moved = tmp_path / "elsewhere with a longer name PROJECT"
        monkeypatch.setattr(native_build, "_JNI", moved / MAIN.relative_to(PROJECT) / "cpp")
        monkeypatch.setattr(native_build, "_BIONIC", moved / "bionic")
        assert all(str(tmp_path) in str(path) for path in native_build.sources())
        again = native_build.build_library(abi, tmp_path)
        assert again.read_bytes() == libraries[abi].read_bytes()

    @pytest.mark.parametrize("abi", ABIS)
    def test_the_apk_has_the_library_that_these_tests_look_at(
        self, libraries, abi: str, apk: Path
    ) -> None:
        with zipfile.ZipFile(apk) as archive:
            packed = archive.read(f"lib/{abi}/{native_build.LIBRARY}")
        assert packed == libraries[abi].read_bytes()

    def test_a_refused_source_is_quoted(self, tmp_path: Path, monkeypatch) -> None:
        shutil.copytree(SOURCES, tmp_path / "native")
        with (tmp_path / "native/system.c").open("a") as file:
            file.write("static int unused;\n")
        monkeypatch.setattr(native_build, "SOURCES", tmp_path / "native")
        with pytest.raises(DeviceError, match=r"libedgebench\.so cannot be compiled") as caught:
            native_build.build_library("x86_64", tmp_path)
        assert "unused" in caught.value.why
        assert "x86_64" in caught.value.where

    def test_a_function_that_the_lists_lack_is_refused(self, tmp_path: Path, monkeypatch) -> None:
        shutil.copytree(PROJECT / "bionic", tmp_path / "bionic")
        names = tmp_path / "bionic/symbols/libdl.txt"
        names.write_text(names.read_text().replace("dlclose\n", ""))
        monkeypatch.setattr(native_build, "_BIONIC", tmp_path / "bionic")
        with pytest.raises(DeviceError, match="cannot be compiled") as caught:
            native_build.build_library("arm64-v8a", tmp_path)
        assert "dlclose" in caught.value.why


def test_without_tools_all_are_named_with_their_packages(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [package for _, package in native_build.missing()] == [
        "clang lld",
        "openjdk-17-jdk-headless",
    ]
    with pytest.raises(DeviceError, match="cannot be compiled") as caught:
        native_build.build_library("arm64-v8a", tmp_path)
    assert "apt install clang lld openjdk-17-jdk-headless" in caught.value.todo
    assert "clang and its linker lld" in caught.value.why


@pytest.mark.parametrize(
    ("programs", "lacks"),
    [
        (("clang-14", "ld.lld-14"), False),
        (("clang-14", "ld.lld-15", "clang-15"), False),
        (("clang", "ld.lld"), False),
        (("clang-14", "ld.lld-15"), True),
        (("clang-14", "ld.lld"), True),
        (("clang-13", "ld.lld-13"), True),
    ],
)
def test_compiler_and_linker_are_of_one_version(
    tmp_path: Path, monkeypatch, programs: tuple[str, ...], lacks: bool
) -> None:
    for name in programs:
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ("clang lld" in [package for _, package in native_build.missing()]) == lacks


def test_a_java_without_its_headers_is_no_jdk(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/javac").write_text("")
    (tmp_path / "bin/javac").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    lacks = [package for _, package in native_build.missing()]
    assert "openjdk-17-jdk-headless" in lacks


def test_the_build_depends_on_every_file_that_is_included() -> None:
    files = native_build.sources()
    assert len(set(files)) == len(files)
    known = {path.name for path in files}
    assert not {"main.c", "clock.c"} & known
    for path in files:
        if path.suffix in {".c", ".h"} and "bionic" not in path.parts:
            for name in re.findall(r'#include "([^"]+)"', path.read_text()):
                assert name in known, f"{path.name} includes {name}"


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\b(\w+\.c)\b", text))


def cmake_sources(path: Path) -> set[str]:
    return names_in(re.sub(r"#.*", "", path.read_text()))


def test_cmake_has_the_same_sources() -> None:
    cpp = MAIN / "cpp"
    runner = {path.name for path in runner_sources()}
    assert cmake_sources(cpp / "CMakeLists.txt") == runner | {p.name for p in cpp.glob("*.c")}
    assert cmake_sources(SOURCES / "CMakeLists.txt") == runner | {"main.c", "clock.c"}
    command = re.search(r"/\*.*?\*/", (SOURCES / "main.c").read_text(), re.DOTALL)
    assert command is not None
    assert names_in(command[0].partition("-Werror")[2]) == runner | {"main.c"}


@needs_tools
@needs_binutils
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs the Debian package cmake")
def test_cmake_builds_the_library_as_well(tmp_path: Path) -> None:
    """With this computer's compiler and C library: the NDK is not to be had here."""
    java = native_build._found_jni()
    flags = f"-I{java} -I{java}/linux"
    for argv in (
        ["-S", str(MAIN / "cpp"), "-B", str(tmp_path), f"-DCMAKE_C_FLAGS={flags}"],
        ["--build", str(tmp_path)],
    ):
        done = subprocess.run(["cmake", *argv], capture_output=True, text=True, timeout=120)  # noqa: S603, S607
        assert done.returncode == 0, done.stdout + done.stderr
    library = tmp_path / "libedgebench.so"
    _, offered = symbols(library)
    assert {name for name in offered if name.startswith("Java_")} == {
        f"Java_dev_edgeship_bench_Native_{name}" for name in native_methods()
    }
    assert read_library(library.read_bytes()).alignment == PAGE


@needs_tools
@pytest.mark.slow
def test_the_c_functions_have_the_types_that_java_declares(tmp_path: Path) -> None:
    """A compiler sees both: javac's header from the Java class, and the definitions."""
    headers = tmp_path / "headers"
    argv = ["javac", "-h", headers, "-d", tmp_path, NATIVE_JAVA]
    subprocess.run(argv, check=True, timeout=60)  # noqa: S603
    (header,) = headers.glob("*.h")
    java = native_build._found_jni()
    declared = set(re.findall(r"Java_dev_edgeship_bench_Native_(\w+)", header.read_text()))
    assert declared == native_methods()
    for source in sorted((MAIN / "cpp").glob("jni_*.c")):
        words = ["-std=c11", f"-I{java}", f"-I{java / 'linux'}"]
        native_build.compile_for_android(
            "arm64-v8a",
            [
                *(*words, f"-I{SOURCES}", "-include", str(header), "-c", str(source)),
                *("-o", str(tmp_path / "checked.o")),
            ],
        )
