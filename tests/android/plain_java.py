"""The app's classes that need no phone, asked one question after the other on the JVM."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.android.jvm import ask_class, compile_java
from tests.android.unpacked import JSON_JAR, Unpacked, doubles, kept, shims

_SOURCE = Path(__file__).parent / "plain/dev/edgeship/bench/Plain.java"


def ask(
    unpacked: Unpacked, jobs: Sequence[dict[str, Any]], litert: Path | None = None
) -> list[dict[str, Any]]:
    """Have jobs done in one process.

    Args:
        unpacked: The app, whose dex is what runs.
        jobs: What `Plain.java` takes.
        litert: A folder with libLiteRt.so, for jobs that run a network.

    Returns:
        A result for each; of what is refused, the name of the sentence and its words.
    """
    library = unpacked.folder / "lib"
    libraries = [shims(), library, *([litert] if litert else [])]
    path = [_program(unpacked), _classes(unpacked)]
    return ask_class("dev.edgeship.bench.Plain", path, library, libraries, jobs)


def refusals(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return the name of each result's sentence, "" where nothing was refused."""
    return [str(result.get("refused", "")) for result in results]


def _classes(unpacked: Unpacked) -> str:
    return f"{unpacked.folder / 'classes.jar'}:{doubles()}:{JSON_JAR}"


def _program(unpacked: Unpacked) -> Path:
    content = _SOURCE.read_bytes() + unpacked.folder.name.encode()

    def fill(folder: Path) -> None:
        compile_java([_SOURCE], _classes(unpacked), folder)

    return kept(f"plain-{hashlib.sha256(content).hexdigest()[:16]}", fill)
