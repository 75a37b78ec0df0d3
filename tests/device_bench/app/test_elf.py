"""Reading shared libraries: real ones, and ones that are damaged in every byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from _edgeship.device_bench.app.elf import NotAnElfError, SharedLibrary, read_library
from _edgeship.device_bench.processes.running import run_process
from tests.device_bench.app.libraries import ARM64, X86_64, library, library_32


def test_a_small_library_is_read() -> None:
    found = read_library(library(symbols=["f"]))
    names = b"\0libc.so\0libdl.so\0f\0"
    assert found == SharedLibrary("arm64-v8a", ("libc.so", "libdl.so"), 16384, names)
    assert found.may_offer("f") and not found.may_offer("g")
    other = read_library(library(X86_64, (), align=4096, symbols=[]))
    assert other == SharedLibrary("x86_64", (), 4096, b"\0")


def test_of_a_32_bit_library_only_the_machine_is_asked() -> None:
    assert read_library(library_32()) == SharedLibrary("armeabi-v7a", (), 0)


def test_a_machine_without_a_name_is_its_number() -> None:
    assert read_library(library(258)).abi == "machine 258"


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs the Debian package binutils")
def test_real_libraries_need_what_readelf_says() -> None:
    import _ctypes
    import _ssl

    for module in (_ctypes, _ssl):
        path = Path(module.__file__ or "")
        told = run_process(["readelf", "-d", str(path)], timeout=30).out
        names = [line.split("[")[1].rstrip("]") for line in told.splitlines() if "(NEEDED)" in line]
        assert names
        assert list(read_library(path.read_bytes()).needed) == names


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin"),
        (b"PK\3\4" + bytes(200), "does not begin"),
        (b"\x7fELF", "little-endian"),
        (b"\x7fELF\x02\x02\x01" + bytes(100), "little-endian"),
        (library()[:63], "cut off"),
        (library()[:150], "cut off"),
        (library()[:-1], "cut off"),
        (library(kind=2), "no shared library"),
    ],
    ids=["empty", "zip", "magic only", "big-endian", "header", "segments", "names", "program"],
)
def test_what_is_none_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(NotAnElfError, match=why):
        read_library(data)


def test_no_damage_gives_another_error_or_another_type() -> None:
    """Each byte in turn becomes 0, 255 and something else: an answer, or the one error."""
    good = library(ARM64)
    refused = 0
    for at in range(len(good)):
        for value in (0, 255, good[at] ^ 0x40):
            data = bytearray(good)
            data[at] = value
            try:
                found = read_library(bytes(data))
            except NotAnElfError:
                refused += 1
            else:
                assert all(0 < len(name) <= 255 for name in found.needed)
    assert refused > 50


def test_every_truncation_is_refused() -> None:
    good = library()
    for length in range(len(good)):
        with pytest.raises(NotAnElfError):
            read_library(good[:length])
