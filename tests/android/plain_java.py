"""The app's classes that need no phone, asked one question after the other on the JVM."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    path = f"{_program(unpacked)}:{_classes(unpacked)}"
    library = unpacked.folder / "lib"
    places = [shims(), library, *([litert] if litert else [])]
    done = subprocess.run(  # noqa: S603
        ["java", f"-Djava.library.path={library}", "-cp", path, "dev.edgeship.bench.Plain"],  # noqa: S607
        env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, places))},
        input=json.dumps(list(jobs)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(results) == len(jobs)
    return results


def refusals(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return the name of each result's sentence, "" where nothing was refused."""
    return [str(result.get("refused", "")) for result in results]


def _classes(unpacked: Unpacked) -> str:
    return f"{unpacked.folder / 'classes.jar'}:{doubles()}:{JSON_JAR}"


def _program(unpacked: Unpacked) -> Path:
    content = _SOURCE.read_bytes() + unpacked.folder.name.encode()

    def fill(folder: Path) -> None:
        argv = ["javac", "-nowarn", "-encoding", "UTF-8", "-cp", _classes(unpacked)]
        argv += ["-d", str(folder), str(_SOURCE)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr

    return kept(f"plain-{hashlib.sha256(content).hexdigest()[:16]}", fill)
