"""Java sources compiled for the machine at hand, and asked questions by JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def compile_java(sources: Sequence[Path], classpath: str, folder: Path) -> None:
    """Compile sources into a folder.

    Raises:
        AssertionError: The compiler refuses them.
    """
    argv = ["javac", "-nowarn", "-encoding", "UTF-8", "-cp", classpath or ".", "-d", str(folder)]
    done = subprocess.run([*argv, *map(str, sources)], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def ask_class(
    name: str,
    classpath: Sequence[Path | str],
    native: Path,
    libraries: Sequence[Path],
    jobs: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Have jobs done by a class in one process.

    Args:
        name: Of the class, whose main method reads a list of jobs and writes one of results.
        classpath: Folders and jars.
        native: Where its native library is.
        libraries: Where what that library needs is.
        jobs: What the class takes.

    Raises:
        AssertionError: The class ends badly, or does not answer each job.
    """
    path = ":".join(map(str, classpath))
    done = subprocess.run(  # noqa: S603
        ["java", f"-Djava.library.path={native}", "-cp", path, name],  # noqa: S607
        env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))},
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
