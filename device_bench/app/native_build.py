"""libedgebench.so: the native runner as a library of the app, compiled without Google's NDK.

Clang compiles for Android out of the box; what the NDK adds are bionic's headers and libraries to
link to. `android_app/bionic` has the few that are needed. The same sources give the same bytes,
wherever the checkout lies.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from _edgeship.device_bench.app.project import MAIN, PROJECT, versions
from _edgeship.device_bench.building.once import FLAGS, SOURCES, run_tool
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.words import how_it_ended, last_lines, last_words
from _edgeship.errors import DeviceError
from _edgeship.work_folders import temporary_folder

#: Name of the library.
LIBRARY = "libedgebench.so"

_JNI = MAIN / "cpp"
_BIONIC = PROJECT / "bionic"

# The runner as a program, and the emulator's clock.
_NOT_OF_THE_LIBRARY = frozenset({"main.c", "clock.c"})

# ABI -> the machine by LLVM's name, and what is said for it alone. Without the option, atomics of
# arm64 may be calls into the compiler's own library.
_MACHINES = {
    "arm64-v8a": ("aarch64", ("-mno-outline-atomics",)),
    "x86_64": ("x86_64", ()),
}
_CLANG_VERSIONS = range(19, 13, -1)
_SECONDS = 120.0

# Phones may have pages of 16 KiB; 4 KiB ones take such a library as well.
_LINK = (
    *("-shared", "-nostdlib", "-Wl,--no-undefined", "-Wl,--gc-sections", "-Wl,--strip-all"),
    *("-Wl,-z,max-page-size=16384", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"),
    *("-Wl,--hash-style=both", "-Wl,--build-id=sha1", f"-Wl,-soname,{LIBRARY}"),
)
_COMPILE = (
    *("-fPIC", "-fvisibility=hidden", "-fstack-protector-strong"),
    *("-ffunction-sections", "-fno-ident"),
)


@dataclass(frozen=True)
class _Tools:
    """What compiles.

    Attributes:
        clang: The compiler's path.
        linker: The linker's path.
        packages: The Debian packages that they are in.
    """

    clang: str
    linker: str
    packages: str


def sources() -> list[Path]:
    """Return every file that the library is made from."""
    runner = [path for path in SOURCES.glob("*.[ch]") if path.name not in _NOT_OF_THE_LIBRARY]
    own = [*_JNI.glob("*.[ch]"), *_JNI.glob("*.map")]
    bionic = [*_BIONIC.glob("include/*.h"), *_BIONIC.glob("symbols/*.txt")]
    return sorted(runner) + sorted(own) + sorted(bionic)


def build_library(abi: str, folder: Path) -> Path:
    """Compile the library.

    Args:
        abi: "arm64-v8a" or "x86_64".
        folder: Where it is written, as libedgebench.so.

    Returns:
        The file.

    Raises:
        DeviceError: The compiler, the linker or a JDK is missing, or the sources are refused.
        InputError: The Android project is not there.
    """
    output = folder / LIBRARY
    java = _found_jni()
    with temporary_folder() as own:
        stubs = [_stub(abi, names, own) for names in symbol_lists()]
        paths = [str(path) for path in sources() if path.suffix == ".c"]
        words = [*FLAGS, *_COMPILE, f"-isystem{java}", f"-isystem{java / 'linux'}"]
        words += [f"-I{SOURCES}", *paths, *_LINK, f"-Wl,--version-script={_JNI / 'exports.map'}"]
        compile_for_android(abi, [*words, *stubs, "-o", str(output)])
    return output


def symbol_lists() -> list[Path]:
    """Return the files with the names of bionic's functions, a file for each of its libraries."""
    return sorted(_BIONIC.glob("symbols/*.txt"))


def missing() -> list[tuple[str, str]]:
    """Return what the build needs and does not find on PATH, each with its Debian package."""
    lowest, highest = _CLANG_VERSIONS[-1], _CLANG_VERSIONS[0]
    lacks = []
    if _find_tools() is None:
        what = f"clang and its linker lld of the same version, {lowest} to {highest}"
        lacks.append((what, "clang lld"))
    if _find_jni() is None:
        lacks.append(("a JDK with its header jni.h beside javac", "openjdk-17-jdk-headless"))
    return lacks


def _refuse_what_is_missing() -> NoReturn:
    lacks = missing()
    raise DeviceError(
        "The app's native library cannot be compiled.",
        why="On PATH there is not: " + "; ".join(what for what, _ in lacks) + ".",
        todo="Install it; on Debian or Ubuntu: apt install "
        + " ".join(package for _, package in lacks),
    )


def _found_tools() -> _Tools:
    return _find_tools() or _refuse_what_is_missing()


def _found_jni() -> Path:
    return _find_jni() or _refuse_what_is_missing()


def _find_tools() -> _Tools | None:
    """Return the newest pair of compiler and linker on PATH."""
    for suffix in (*(f"-{version}" for version in _CLANG_VERSIONS), ""):
        clang, linker = shutil.which(f"clang{suffix}"), shutil.which(f"ld.lld{suffix}")
        if clang and linker:
            return _Tools(clang, linker, f"clang{suffix} lld{suffix}")
    return None


def _find_jni() -> Path | None:
    """Return the JDK's folder with jni.h."""
    javac = shutil.which("javac")
    if javac is None:
        return None
    folder = Path(javac).resolve().parents[1] / "include"
    whole = (folder / "jni.h").is_file() and (folder / "linux" / "jni_md.h").is_file()
    return folder if whole else None


def _stub(abi: str, names: Path, folder: Path) -> str:
    """Make an empty library with some names, and return its path."""
    source, output = folder / f"{names.stem}.c", folder / f"{names.stem}.so"
    lines = names.read_text(encoding="ascii").split()
    source.write_text("".join(f"void {name}(void) {{}}\n" for name in lines))
    words = ["-w", "-fno-builtin", "-shared", "-nostdlib", f"-Wl,-soname,{output.name}"]
    compile_for_android(abi, [*words, str(source), "-o", str(output)])
    return str(output)


def compile_for_android(abi: str, words: Sequence[str]) -> None:
    """Run clang with bionic's headers.

    Args:
        abi: "arm64-v8a" or "x86_64".
        words: The rest of its command line.

    Raises:
        DeviceError: The compiler or the linker is missing, or refuses the words.
        InputError: The Android project is not there.
    """
    tools = _found_tools()
    machine, own = _MACHINES[abi]
    target = f"--target={machine}-linux-android{versions().min_sdk}"
    # Not even the name of a source may tell where the checkout lies.
    same = [f"-ffile-prefix-map={PROJECT}=.", f"-ffile-prefix-map={SOURCES}=."]
    headers = ["-nostdlibinc", f"-isystem{_BIONIC / 'include'}"]
    done = run_tool(
        [tools.clang, target, *own, f"--ld-path={tools.linker}", *same, *headers, *words],
        tools.packages,
        seconds=_SECONDS,
    )
    if done.code != 0:
        raise DeviceError(
            f"{Path(words[-1]).name} cannot be compiled.",
            where=f"{tools.clang} for {abi}",
            why=_cause(done),
        )


def _cause(done: Completed) -> str:
    """Return the first error that a compiler or linker wrote; what follows comes of it."""
    errors = [line for line in done.err.splitlines() if "error:" in line]
    if not errors:
        return last_words(done)
    return f"{last_lines(errors[0])} ({how_it_ended(done.code)})."
