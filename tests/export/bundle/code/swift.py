"""Generated Swift, checked against doubles of Apple's modules, and run with the real LiteRT.

It needs swiftc, of which Debian 13 has a package of 2 GB: it is not installed for the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.android.native_parts import real_litert, runner_sources

_HERE = Path(__file__).parent / "doubles"

needs_swift = pytest.mark.skipif(
    shutil.which("swiftc") is None, reason="needs swiftc (package swiftlang of Debian 13, 2 GB)"
)


def apple_modules(folder: Path) -> Path:
    """Make doubles of Apple's modules in a folder, which is returned."""
    for name in ("CoreGraphics", "CoreVideo", "CoreML"):
        source = _HERE / "swift" / name / f"{name}.swift"
        words = ["-emit-module", "-module-name", name, "-I", str(folder)]
        _swiftc([*words, "-o", str(folder / f"{name}.swiftmodule"), str(source)])
    return folder


def type_check(sources: Sequence[Path], modules: Path) -> str:
    """Return what the compiler says to sources; it warns of nothing if it is "".

    Raises:
        AssertionError: It refuses them.
    """
    places = ["-I", str(modules), "-I", str(_HERE / "swift/TensorFlowLiteC")]
    return _swiftc(["-typecheck", "-swift-version", "5", *places, *map(str, sources)])


def program(sources: Sequence[Path], folder: Path) -> Path:
    """Compile sources, of which one is main.swift, with the double of TensorFlow Lite."""
    double = _HERE / "swift/TensorFlowLiteC"
    c_files = [*runner_sources(), _HERE / "native/interpreter.c", double / "tensorflow_lite.c"]
    objects = []
    for path in c_files:
        output = folder / f"{path.stem}.o"
        places = (f"-I{path.parent}", f"-I{_HERE / 'native'}", f"-I{runner_sources()[0].parent}")
        argv = ["cc", "-std=c11", "-fPIC", "-O1", *places, "-c", str(path), "-o", str(output)]
        subprocess.run(argv, check=True, timeout=120)  # noqa: S603
        objects.append(str(output))
    binary = folder / "program"
    words = ["-O", "-I", str(double), *map(str, sources), *objects, "-o", str(binary)]
    _swiftc(words)
    return binary


def run(binary: Path, words: Sequence[str]) -> str:
    """Return what a program prints."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(real_litert())}
    done = subprocess.run(  # noqa: S603
        [str(binary), *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _swiftc(words: Sequence[str]) -> str:
    # Expressions of many operators can keep its type checker busy for hours.
    done = subprocess.run(  # noqa: S603
        ["swiftc", *words],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
