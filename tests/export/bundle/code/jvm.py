"""Generated Kotlin, compiled and run on a Java machine with the real LiteRT."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _edgeship.device_bench.building.once import SOURCES
from tests.android.jvm import ask_class, compile_java
from tests.android.native_parts import compile_host, real_litert, runner_sources
from tests.android.unpacked import JSON_JAR, doubles, kept

_HERE = Path(__file__).parent / "doubles"

# The compiler, as its authors publish it in the registry of npm.
_COMPILER = "kotlin-compiler@2.4.20"
_COMPILER_SHA256 = "c23dab400d7ce5ea8b6c909947c0ca5454189e4bb1108695b5f464500e5e950f"
_JARS = ("kotlin-compiler", "kotlin-stdlib", "kotlin-script-runtime", "kotlin-reflect")
_MORE_JARS = ("kotlinx-coroutines-core-jvm", "annotations-13.0", "kotlin-daemon-client")


def compiler() -> Path:
    """Return a folder with the compiler's jars; fetched once.

    Raises:
        OSError: It cannot be fetched.
    """

    def fill(folder: Path) -> None:
        argv = ["npm", "pack", "--silent", _COMPILER]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise OSError(f"{_COMPILER} cannot be fetched from npm: {done.stderr[-300:]}")
        archive = folder / done.stdout.split()[-1]
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == _COMPILER_SHA256
        with tarfile.open(archive) as opened:
            for jar in (*_JARS, *_MORE_JARS):
                source = opened.extractfile(f"package/lib/{jar}.jar")
                assert source is not None
                (folder / f"{jar}.jar").write_bytes(source.read())
        archive.unlink()

    return kept(f"kotlin-{_COMPILER_SHA256[:16]}", fill)


def compiled(sources: Sequence[Path], android_jar: Path, output: Path) -> Path:
    """Compile against Android's own classes and the double of LiteRT's; return the jar.

    Raises:
        AssertionError: The compiler refuses them, or warns.
    """
    jars = compiler()
    path = ":".join(str(jar) for jar in sorted(jars.glob("*.jar")))
    argv = [
        *("java", "-Xmx768m", "-XX:TieredStopAtLevel=1"),
        *("-cp", path, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"),
        *("-no-stdlib", "-no-reflect", "-Werror", "-jvm-target", "1.8"),
        *("-cp", f"{jars / 'kotlin-stdlib.jar'}:{android_jar}:{_interpreter()}"),
        *("-d", str(output), *map(str, sources)),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return output


def ask(jar: Path, jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Have jobs done by compiled classes in one process; `Driver.java` says what they are."""
    library = _interpreter()
    path = [jar, compiler() / "kotlin-stdlib.jar", library, doubles(), _driver(), JSON_JAR]
    return ask_class("Driver", path, library, [real_litert()], jobs)


def _interpreter() -> Path:
    """Return a folder with the double of LiteRT's Java class, and its library."""
    native = sorted((_HERE / "native").iterdir())
    java = sorted((_HERE / "java").rglob("*.java"))
    runner = sorted(path for path in SOURCES.iterdir() if path.suffix in (".c", ".h"))

    def fill(folder: Path) -> None:
        home = Path(_java_home()) / "include"
        words = ("-shared", "-fPIC", f"-I{home}", f"-I{home / 'linux'}", "-pthread")
        sources = [path for path in native if path.suffix == ".c"]
        output = folder / "libinterpreter_double.so"
        compile_host([*runner_sources(), *sources], output, *words)
        compile_java(java, "", folder)

    content = b"".join(path.read_bytes() for path in (*native, *java, *runner))
    return kept(f"interpreter-{hashlib.sha256(content).hexdigest()[:16]}", fill)


def _driver() -> Path:
    [source] = (_HERE / "driver").glob("*.java")

    def fill(folder: Path) -> None:
        compile_java([source], f"{doubles()}:{JSON_JAR}", folder)

    return kept(f"bundle-driver-{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}", fill)


def _java_home() -> str:
    asked = ["java", "-XshowSettings:properties", "-version"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True).stderr  # noqa: S603
    return next(line.split("=")[1].strip() for line in shown.splitlines() if "java.home" in line)
