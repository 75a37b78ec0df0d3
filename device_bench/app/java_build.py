"""Java sources to dex files: javac against Android's classes, then D8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from _edgeship.device_bench.app.project import MAIN, PROJECT, Versions
from _edgeship.device_bench.app.tools import Tools
from _edgeship.device_bench.building.once import run_tool
from _edgeship.device_bench.processes.words import last_lines, last_words
from _edgeship.errors import DeviceError

#: The app's sources.
JAVA = MAIN / "java"

#: What javac wants to see of java.lang.invoke where there are lambdas, and D8 replaces.
LAMBDA = PROJECT / "lambda"

_SECONDS = 300.0
_JDK = "openjdk-17-jdk-headless"


def java_files(folder: Path) -> list[Path]:
    """Return the Java sources below a folder, in a fixed order."""
    return sorted(folder.rglob("*.java"))


def build_dex(tools: Tools, versions: Versions, generated: Path, work: Path) -> list[Path]:
    """Translate the app's sources.

    Args:
        tools: What it takes.
        versions: Of Java, and of the oldest Android.
        generated: Folder with the class R that aapt2 has written.
        work: An empty folder.

    Returns:
        The dex files, classes.dex first.

    Raises:
        DeviceError: A source is refused; warnings count.
    """
    lambdas, classes, dex = work / "lambda", work / "classes", work / "dex"
    for folder in (lambdas, classes, dex):
        folder.mkdir(parents=True)
    _javac(versions, [tools.android_jar], java_files(LAMBDA), lambdas)
    sources = [*java_files(JAVA), *java_files(generated)]
    _javac(versions, [tools.android_jar, lambdas], sources, classes)
    _d8(tools, versions, sorted(classes.rglob("*.class")), dex)
    return sorted(dex.glob("*.dex"), key=lambda path: (len(path.name), path.name))


def _javac(
    versions: Versions, android: Sequence[Path], sources: Sequence[Path], output: Path
) -> None:
    done = run_tool(
        [
            *("javac", "-encoding", "UTF-8", "-proc:none", "-Xlint:all,-options", "-Werror"),
            *("-source", str(versions.java), "-target", str(versions.java)),
            *("-bootclasspath", ":".join(map(str, android))),
            *("-d", str(output), *map(str, sources)),
        ],
        _JDK,
        seconds=_SECONDS,
    )
    if done.code != 0:
        # What it says first is what is wrong; its last words only count that.
        said = [
            line for line in done.err.splitlines() if ": error: " in line or "warning: [" in line
        ]
        raise DeviceError(
            "The app's Java cannot be compiled.",
            where="javac",
            why=last_lines("\n".join(said[:2])) or last_words(done),
        )


def _d8(tools: Tools, versions: Versions, classes: Sequence[Path], output: Path) -> None:
    done = run_tool(
        [
            *("java", "-cp", str(tools.r8), "com.android.tools.r8.D8", "--release"),
            *("--min-api", str(versions.min_sdk), "--lib", str(tools.android_jar)),
            *("--output", str(output), *map(str, classes)),
        ],
        _JDK,
        seconds=_SECONDS,
    )
    if done.code != 0:
        raise DeviceError(
            "The app's classes cannot be translated.", where="D8", why=last_words(done)
        )
