"""The app's arm64 library on bionic's own C library, in an emulator.

LiteRT for Android is not to be had here: a fake one computes next to nothing, and the C code is
what is tested.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from _edgeship.device_bench.app import native_build
from _edgeship.device_bench.building.once import FLAGS, SOURCES
from _edgeship.device_bench.runners.native_report import RunnerError, parse_report
from tests.android.bionic import FetchError, emulator
from tests.android.native_parts import NATIVE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(native_build.missing()),
        reason="needs the Debian packages "
        + " ".join(package for _, package in native_build.missing()),
    ),
]


@pytest.fixture(scope="module")
def packages() -> Path:
    try:
        return emulator()
    except FetchError as error:
        pytest.skip(f"the emulator is not there: {error}")


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    return native_build.build_library("arm64-v8a", tmp_path_factory.mktemp("arm64"))


def fake_for_android(folder: Path) -> Path:
    """Make a folder with the fake LiteRT for Android, compiled as the app's library is."""
    native_build.compile_for_android(
        "arm64-v8a",
        [
            *(*FLAGS, "-fPIC", "-fvisibility=hidden", f"-I{SOURCES}"),
            *("-shared", "-nostdlib", "-Wl,-soname,libLiteRt.so"),
            *(str(NATIVE / "fake_litert.c"), "-o", str(folder / "libLiteRt.so")),
        ],
    )
    return folder


def on_bionic(packages: Path, library: Path, litert: Path) -> dict[str, Any]:
    argv = [sys.executable, "-I", NATIVE / "on_bionic.py", packages, library, litert]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def found(packages: Path, library: Path, tmp_path_factory) -> dict[str, Any]:
    return on_bionic(packages, library, fake_for_android(tmp_path_factory.mktemp("fake")))


def test_all_that_it_links_to_is_in_bionic(found) -> None:
    assert found["modules"][0] == "libedgebench.so"
    assert {"libc.so", "libdl.so"} <= set(found["modules"])
    assert found["unresolved"] == []


def test_it_runs_fails_and_runs_again_in_one_process(found) -> None:
    assert found["codes"] == [0, 1, 0]
    lines = found["report"].splitlines(keepends=True)
    failed = next(number for number, line in enumerate(lines) if '"error"' in line)
    first, second = "".join(lines[:failed]), "".join(lines[failed + 1 :])
    assert len(parse_report(first, "").process.runs) == 3
    with pytest.raises(RunnerError, match="cannot be read as a TFLite model"):
        parse_report(lines[failed], "")
    profile = parse_report(second, "").profile
    assert profile is not None
    assert [op.name for op in profile.ops] == ["", 'FAKE "OP"', 'FAKE "OP"']
    assert found["outputs"] == struct.pack("<10f", *[1.0] * 10).hex()


def test_the_demo_opens_runs_and_closes(found) -> None:
    assert found["missing"] == [0, "The file cannot be read as a TFLite model (LiteRT 77)."]
    assert (found["why"], found["shape"], found["type"]) == ("", [1, 10], 1)
    assert found["ns"] > 0
    assert found["taken"] == struct.pack("<10f", *[2.0] * 10).hex()
    assert (found["wrong"], found["closed"]) == (-2, -1)
