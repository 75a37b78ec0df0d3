"""What `--litert` takes, and which hostile, damaged or wrong files it refuses."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.app import litert_files
from _edgeship.device_bench.app.elf import read_library
from _edgeship.device_bench.app.litert_files import functions, library_notes, litert_libraries
from _edgeship.device_bench.building.litert_library import host_abi
from _edgeship.errors import InputError
from tests.device_bench.app.libraries import ARM, ARM64, X86_64, aar, archive, library, library_32

RUNTIME = "jni/arm64-v8a/libLiteRt.so"
GPU = "libLiteRtClGlAccelerator.so"


def refused(*files: Path) -> InputError:
    """Return the error that the files are refused with."""
    with pytest.raises(InputError) as caught:
        litert_libraries(files)
    return caught.value


class TestTaken:
    def test_no_file_is_no_library(self) -> None:
        assert litert_libraries([]) == {}

    def test_an_aar_gives_the_library_for_both_abis(self, tmp_path: Path) -> None:
        """Not those for 32-bit machines, nor the library behind LiteRT's Java."""
        found = litert_libraries([aar(tmp_path / "litert.aar")])
        assert found == {
            "arm64-v8a/libLiteRt.so": library(ARM64),
            "x86_64/libLiteRt.so": library(X86_64),
        }

    def test_accelerators_come_along(self, tmp_path: Path) -> None:
        more = {f"jni/arm64-v8a/{GPU}": library(content=b"gpu")}
        found = litert_libraries([aar(tmp_path / "litert.aar", **more)])
        assert found[f"arm64-v8a/{GPU}"] == library(content=b"gpu")

    def test_accelerators_may_be_in_a_file_of_their_own(self, tmp_path: Path) -> None:
        gpu = archive(tmp_path / "gpu.aar", {f"jni/arm64-v8a/{GPU}": library(content=b"gpu")})
        found = litert_libraries([gpu, aar(tmp_path / "litert.aar")])
        assert len(found) == 3

    def test_the_machine_is_read_from_the_library_not_from_its_path(self, tmp_path: Path) -> None:
        file = archive(tmp_path / "a.zip", {"jni/x86_64/libLiteRt.so": library(ARM64)})
        assert set(litert_libraries([file])) == {"arm64-v8a/libLiteRt.so"}

    def test_libraries_for_linux_in_an_archive_are_left_out(self, tmp_path: Path) -> None:
        linux = library(ARM64, ("libc.so.6",))
        files = {"linux_arm64/libLiteRt.so": linux, "android_arm64/libLiteRt.so": library()}
        found = litert_libraries([archive(tmp_path / "prebuilts.zip", files)])
        assert found == {"arm64-v8a/libLiteRt.so": library()}

    def test_a_single_library(self, tmp_path: Path) -> None:
        file = tmp_path / "libLiteRt.so"
        file.write_bytes(library(X86_64))
        assert litert_libraries([file]) == {"x86_64/libLiteRt.so": library(X86_64)}

    def test_the_same_library_twice_is_no_contradiction(self, tmp_path: Path) -> None:
        file = aar(tmp_path / "litert.aar")
        assert litert_libraries([file, file]) == litert_libraries([file])


class TestRefused:
    @pytest.mark.parametrize(
        "name",
        [
            "../../lib/libLiteRt.so",
            "jni/../../x",
            "/etc/libLiteRt.so",
            "..\\libLiteRt.so",
            "\\libLiteRt.so",
            "C:\\libLiteRt.so",
            "jni/arm64-v8a/..",
        ],
    )
    def test_names_that_lead_out_of_the_archive(self, name: str, tmp_path: Path) -> None:
        file = archive(tmp_path / "evil.aar", {RUNTIME: library(), name: library()})
        error = refused(file)
        assert "leads outside" in error.why
        assert [path.name for path in tmp_path.iterdir()] == ["evil.aar"]

    def test_a_link_in_an_archive(self, tmp_path: Path) -> None:
        path = tmp_path / "link.aar"
        with zipfile.ZipFile(path, "w") as opened:
            link = zipfile.ZipInfo(RUNTIME)
            link.create_system, link.external_attr = 3, 0o120777 << 16
            opened.writestr(link, "/etc/passwd")
        assert "does not begin as an ELF file" in refused(path).why

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "does not begin"),
            (b"MZ" + bytes(500), "does not begin"),
            (library()[:-1], "cut off"),
            (library()[:70], "cut off"),
            (library(kind=2), "no shared library"),
        ],
        ids=["empty", "windows", "truncated", "header only", "program"],
    )
    def test_what_is_no_library(self, data: bytes, why: str, tmp_path: Path) -> None:
        error = refused(archive(tmp_path / "a.aar", {RUNTIME: data}))
        assert why in error.why
        assert "libLiteRt.so" in error.what

    def test_only_libraries_for_other_machines(self, tmp_path: Path) -> None:
        files = {"jni/armeabi-v7a/libLiteRt.so": library_32(ARM), "x/libLiteRt.so": library(243)}
        error = refused(archive(tmp_path / "a.aar", files))
        assert "no libLiteRt.so for Android on arm64-v8a or x86_64" in error.what
        assert "com.google.ai.edge.litert:litert" in error.todo

    def test_a_single_library_for_another_machine(self, tmp_path: Path) -> None:
        file = tmp_path / "libLiteRt.so"
        file.write_bytes(library_32(ARM))
        assert "armeabi-v7a" in refused(file).what

    @pytest.mark.skipif(not host_abi(), reason="needs Linux on x86-64 or arm64")
    def test_the_library_of_this_computers_litert(self, tmp_path: Path) -> None:
        """It has the right name and machine, but is for glibc."""
        import ai_edge_litert

        file = Path(next(iter(ai_edge_litert.__path__))) / "libLiteRt.so"
        error = refused(file)
        assert "is for Linux, not for Android" in error.what
        assert ".so." in error.why

    def test_an_accelerator_without_the_library(self, tmp_path: Path) -> None:
        files = {f"jni/x86_64/{GPU}": library(X86_64)}
        error = refused(archive(tmp_path / "a.aar", files))
        assert "there is no libLiteRt.so" in error.what
        assert error.why == f"There is only x86_64/{GPU}."

    def test_a_library_of_another_version(self, tmp_path: Path) -> None:
        """The app would find out on the phone only."""
        old = [name for name in functions() if name != "LiteRtRunCompiledModel"]
        error = refused(archive(tmp_path / "a.aar", {RUNTIME: library(symbols=old)}))
        assert "lacks functions that the app needs" in error.what
        assert error.why == "Missing: LiteRtRunCompiledModel."
        assert "2.3.0" in error.todo

    def test_two_different_libraries(self, tmp_path: Path) -> None:
        other = archive(tmp_path / "b.zip", {RUNTIME: library(content=b"2")})
        error = refused(aar(tmp_path / "a.aar"), other)
        assert "two different libraries arm64-v8a/libLiteRt.so" in error.what
        assert "a.aar" in error.where and "b.zip" in error.where

    def test_a_library_with_another_name(self, tmp_path: Path) -> None:
        file = tmp_path / "runtime.so"
        file.write_bytes(library())
        assert "must be named libLiteRt.so" in refused(file).what

    @pytest.mark.parametrize("content", [b"", b"hello", b"PK\3\4 and no more"])
    def test_neither_archive_nor_library(self, content: bytes, tmp_path: Path) -> None:
        file = tmp_path / "a.aar"
        file.write_bytes(content)
        assert "neither a zip archive nor a library" in refused(file).what

    def test_a_missing_file_and_a_folder(self, tmp_path: Path) -> None:
        assert "cannot be read" in refused(tmp_path / "absent.aar").what
        assert "cannot be read" in refused(tmp_path).what


class TestDamaged:
    def test_every_truncation_of_an_archive(self, tmp_path: Path) -> None:
        whole = aar(tmp_path / "litert.aar").read_bytes()
        file = tmp_path / "cut.aar"
        for length in range(0, len(whole), 7):
            file.write_bytes(whole[:length])
            refused(file)

    def test_damaged_bytes_are_refused_or_change_nothing(self, tmp_path: Path) -> None:
        """The archive's checksums guard its files; our checks guard its list of them."""
        path = aar(tmp_path / "litert.aar")
        good, whole = litert_libraries([path]), path.read_bytes()
        refusals = 0
        for at in range(0, len(whole), 3):
            data = bytearray(whole)
            data[at] ^= 0x21
            path.write_bytes(data)
            try:
                found = litert_libraries([path])
            except InputError:
                refusals += 1
            else:
                assert found.items() <= good.items()
        assert refusals > 20

    def test_an_encrypted_file(self, tmp_path: Path) -> None:
        path = archive(tmp_path / "a.aar", {RUNTIME: library()})
        data = bytearray(path.read_bytes())
        for magic, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            data[data.index(magic) + flags] |= 1
        path.write_bytes(data)
        assert "is encrypted" in refused(path).what

    def test_a_name_that_is_no_utf_8(self, tmp_path: Path) -> None:
        path = archive(tmp_path / "a.aar", {RUNTIME: library(), "é": b""})
        path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))
        assert "is damaged" in refused(path).what

    def test_another_way_of_packing(self, tmp_path: Path) -> None:
        path = tmp_path / "a.aar"
        with zipfile.ZipFile(path, "w") as opened:
            opened.writestr(zipfile.ZipInfo(RUNTIME), library(), zipfile.ZIP_LZMA)
        assert "packed in an unknown way" in refused(path).what

    def test_too_large_a_library(self, tmp_path: Path, monkeypatch) -> None:
        """A zip bomb: little in the archive, and more than is read."""
        monkeypatch.setattr(litert_files, "_MAX_LIBRARY_BYTES", 1 << 20)
        path = archive(tmp_path / "a.aar", {RUNTIME: library(content=bytes(2 << 20))})
        assert path.stat().st_size < 20_000
        assert "implausibly large" in refused(path).what
        single = tmp_path / "libLiteRt.so"
        single.write_bytes(library(content=bytes(2 << 20)))
        assert "implausibly large" in refused(single).what

    def test_a_bomb_that_lies_about_its_size(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr(litert_files, "_MAX_LIBRARY_BYTES", 1 << 20)
        path = archive(tmp_path / "a.aar", {RUNTIME: library(content=bytes(2 << 20))})
        data = bytearray(path.read_bytes())
        small = (1000).to_bytes(4, "little")
        for magic, size in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
            at = data.index(magic) + size
            data[at : at + 4] = small
        path.write_bytes(data)
        refused(path)

    def test_too_large_an_archive_and_too_many_files(self, tmp_path: Path, monkeypatch) -> None:
        path = aar(tmp_path / "a.aar")
        monkeypatch.setattr(litert_files, "_MAX_ENTRIES", 3)
        assert "implausibly many files" in refused(path).what
        monkeypatch.setattr(litert_files, "_MAX_ARCHIVE_BYTES", 10)
        assert "implausibly large" in refused(path).what


@pytest.mark.skipif(not host_abi(), reason="needs Linux on x86-64 or arm64")
def test_the_litert_of_this_computer_has_what_the_app_needs() -> None:
    import ai_edge_litert

    data = (Path(next(iter(ai_edge_litert.__path__))) / "libLiteRt.so").read_bytes()
    about = read_library(data)
    assert len(functions()) > 30
    assert [name for name in functions() if not about.may_offer(name)] == []
    assert not about.may_offer("LiteRtNoSuchFunction")


def test_a_library_for_small_pages_is_noted() -> None:
    old = {"arm64-v8a/libLiteRt.so": library(align=4096), "x86_64/libLiteRt.so": library()}
    (note,) = library_notes(old)
    assert note.startswith("arm64-v8a/libLiteRt.so cannot be loaded on phones with pages of 16 KiB")


def test_an_abi_that_is_left_without_is_noted() -> None:
    (note,) = library_notes({"arm64-v8a/libLiteRt.so": library()})
    assert note.startswith("There is no libLiteRt.so for x86_64")
    assert library_notes({}) == []
