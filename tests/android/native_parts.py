"""What the tests of the app's C code are built from: the runner as a function, a fake LiteRT."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path

from _edgeship.device_bench.building.once import SOURCES

NATIVE = Path(__file__).parent / "native"

#: Crashes on the first wrong access, undefined operation or leak.
CHECKED = (
    *("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "-fno-omit-frame-pointer",
)
_WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")


def runner_sources() -> list[Path]:
    """The C files of the runner, without its program."""
    return sorted(path for path in SOURCES.glob("*.c") if path.name not in {"main.c", "clock.c"})


def compile_host(sources: Sequence[Path], output: Path, *flags: str) -> Path:
    """Compile for this computer."""
    argv = ["cc", *_WARNINGS, *flags, f"-I{SOURCES}", *map(str, sources), "-ldl", "-o", str(output)]
    subprocess.run(argv, check=True, timeout=120)  # noqa: S603  our own words
    return output


def fake_litert(folder: Path, *flags: str) -> Path:
    """Make a folder with the fake libLiteRt.so for this computer."""
    words = ("-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-soname,libLiteRt.so")
    compile_host([NATIVE / "fake_litert.c"], folder / "libLiteRt.so", *words, *flags)
    return folder


def real_litert() -> Path:
    """The folder of the installed wheel with libLiteRt.so."""
    spec = importlib.util.find_spec("ai_edge_litert")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))
