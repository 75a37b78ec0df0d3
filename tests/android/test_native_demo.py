"""The demo's C code and its texts, without Java around them."""

from __future__ import annotations

import ctypes
import json
import random
import subprocess
from pathlib import Path

import pytest

from _edgeship.device_bench.app.project import MAIN
from tests.android.native_parts import (
    CHECKED,
    NATIVE,
    compile_host,
    fake_litert,
    runner_sources,
)
from tests.device_bench.small_files import needs_native

CPP = MAIN / "cpp"

pytestmark = [needs_native, pytest.mark.slow]


def test_whichever_call_of_litert_fails_the_demo_keeps_nothing(tmp_path: Path) -> None:
    sources = [NATIVE / "demo_driver.c", CPP / "demo.c", CPP / "app_litert.c", *runner_sources()]
    program = compile_host(sources, tmp_path / "driver", *CHECKED, f"-I{CPP}")
    fake_litert(tmp_path, *CHECKED)
    done = subprocess.run(  # noqa: S603  our own program
        [program, "/proc/version"],
        capture_output=True,
        text=True,
        timeout=120,
        env={"LD_LIBRARY_PATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *failed, complete = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(failed) >= 25
    # First the calls that open a model fail, each with a reason; then those that run it.
    closed = [each for each in failed if not each["open"]]
    assert failed[: len(closed)] == closed
    assert all((each["known"], each["ns"], each["last"]) == (False, -1, 0) for each in closed)
    assert all(each["why"].endswith(("77.", "(LiteRT 77).")) for each in closed)
    opened = failed[len(closed) :]
    assert len(opened) == 5
    assert all((each["known"], each["ns"]) == (True, -3) for each in opened)
    assert {each["alive"] for each in failed} == {0}
    assert complete["ns"] >= 0
    assert (complete["open"], complete["last"], complete["alive"]) == (True, 11, 0)


class Texts:
    """utf.c, called with Python's strings."""

    def __init__(self, folder: Path) -> None:
        flags = ("-O2", "-shared", "-fPIC", f"-I{CPP}")
        library = ctypes.CDLL(str(compile_host([CPP / "utf.c"], folder / "utf.so", *flags)))
        self.to_c = library.utf8_from_utf16
        self.to_c.restype = ctypes.c_bool
        self.from_c = library.utf16_from_utf8
        self.from_c.restype = ctypes.c_size_t

    def utf8(self, text: str) -> bytes | None:
        """What C gets of a text of Java; None if it is refused."""
        units = text.encode("utf-16-le", "surrogatepass")
        out = ctypes.create_string_buffer(3 * len(units) // 2 + 1)
        taken = self.to_c(units, ctypes.c_size_t(len(units) // 2), out)
        return out.value if taken else None

    def utf16(self, data: bytes) -> str:
        """What Java gets of a text of C."""
        out = ctypes.create_string_buffer(2 * len(data) + 2)
        count = self.from_c(data, out)
        assert count <= len(data)
        return out.raw[: 2 * count].decode("utf-16-le")


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> Texts:
    return Texts(tmp_path_factory.mktemp("utf"))


def test_every_character_goes_to_c_and_back(texts: Texts) -> None:
    codes = [code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    for start in range(0, len(codes), 10_000):
        text = "".join(map(chr, codes[start : start + 10_000]))
        assert texts.utf8(text) == text.encode()
        assert texts.utf16(text.encode()) == text


@pytest.mark.parametrize(
    "text", ["a\0b", "\0", "\ud83d", "\ude42", "a\ud83d", "\ud83db", "\ude42\ud83d", "\ud83d\ud83d"]
)
def test_a_zero_and_half_a_pair_are_refused(texts: Texts, text: str) -> None:
    assert texts.utf8(text) is None


@pytest.mark.parametrize(
    "data",
    [
        *(b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80"),
        *(b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x82", b"\xf0\x9f\x99", b"\xc3"),
    ],
)
def test_what_is_no_utf_8_is_replaced_byte_by_byte(texts: Texts, data: bytes) -> None:
    assert texts.utf16(b"a" + data + b"z") == "a" + "\ufffd" * len(data) + "z"
    assert texts.utf16(b"a" + data) == "a" + "\ufffd" * len(data)


def test_any_bytes_become_some_text(texts: Texts) -> None:
    rng = random.Random(0)  # noqa: S311
    for _ in range(3000):
        data = rng.randbytes(rng.randrange(40)).replace(b"\0", b"")
        found = texts.utf16(data)
        assert found.replace("\ufffd", "") == data.decode(errors="ignore").replace("\ufffd", "")
