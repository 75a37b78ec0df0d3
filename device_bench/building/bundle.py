"""The files that the native runner needs on a device: itself, LiteRT and the C library.

They come with their own loader, so they run wherever there is a Linux kernel for their ABI; a
device needs no glibc, and Android has none.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _edgeship.device_bench.building.litert_library import copy_library, host_abi, litert_version
from _edgeship.device_bench.building.once import (
    FLAGS,
    SOURCES,
    Built,
    build_once,
    compile_c,
    library_of,
)
from _edgeship.errors import DeviceError

#: Names in the bundle of what is started: LOADER --library-path FOLDER RUNNER.
LOADER = "loader"
RUNNER = "runner"

# What libLiteRt.so and the runner link to. The last three have been empty since glibc 2.34, but the
# loader still looks for them.
_LIBRARIES = (
    "libc.so.6",
    "libm.so.6",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
)

# How the versions begin whose C API litert.h declares; LiteRT promises nothing for later ones.
_DECLARED = "2.3."

# The clock is part of the emulator, not of the runner.
_OTHER_SOURCES = frozenset({"clock.c"})


@dataclass(frozen=True)
class _Target:
    """What it takes to build for an ABI.

    Attributes:
        loader: File name of its glibc's dynamic loader.
        cross_compiler: The program that compiles for it on other machines.
        cross_packages: The Debian packages with that program and the libraries.
    """

    loader: str
    cross_compiler: str
    cross_packages: str


_TARGETS = {
    "arm64-v8a": _Target(
        "ld-linux-aarch64.so.1",
        "aarch64-linux-gnu-gcc",
        "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    ),
    "x86_64": _Target(
        "ld-linux-x86-64.so.2", "x86_64-linux-gnu-gcc", "gcc-x86-64-linux-gnu libc6-dev-amd64-cross"
    ),
}

#: What a bundle can be made for, by Android's names.
ABIS = tuple(_TARGETS)


def bundle(abi: str) -> Built:
    """Return the bundle for an ABI, from the cache if it is there.

    It is made anew when the runner's sources, the compiler's flags or the version of LiteRT change.

    Args:
        abi: One of `ABIS`.

    Raises:
        DeviceError: There is no bundle for the ABI; or a compiler, library or wheel is missing.
    """
    target = _TARGETS.get(abi)
    if target is None:
        raise DeviceError(
            f"The native runner cannot run on a device with the ABI {abi or 'unknown'}.",
            why=f"It is built for {' and '.join(ABIS)}.",
            todo="Use --runner benchmark_model:FILE with a binary for that device.",
        )
    version = litert_version()
    paths = sorted(path for path in SOURCES.glob("*.[ch]") if path.name not in _OTHER_SOURCES)
    parts = [part for path in paths for part in (path.name.encode(), path.read_bytes())]
    made_of = [*parts, " ".join((abi, version, *FLAGS, *_LIBRARIES)).encode()]
    sources = [path for path in paths if path.suffix == ".c"]
    return build_once(
        f"bundle-{abi}-{version}", made_of, lambda folder: _make(abi, target, sources, folder)
    )


def _make(abi: str, target: _Target, sources: Sequence[Path], folder: Path) -> list[str]:
    """Fill an empty folder with the files of a bundle, and return notes on them."""
    if abi == host_abi():
        compiler, packages = "cc", "gcc libc6-dev"
    else:
        compiler, packages = target.cross_compiler, target.cross_packages
    compile_c(compiler, packages, sources, folder / RUNNER, "-ldl")
    for name in _LIBRARIES:
        shutil.copyfile(library_of(compiler, packages, name), folder / name)
    shutil.copyfile(library_of(compiler, packages, target.loader), folder / LOADER)
    notes = [copy_library(abi, folder / "libLiteRt.so")]
    version = litert_version()
    if not version.startswith(_DECLARED):
        notes.append(f"The runner was written for LiteRT {_DECLARED}x, and this is {version}.")
    for name in (LOADER, RUNNER):
        (folder / name).chmod(0o755)
    return notes
