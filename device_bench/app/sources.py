"""All files that the app is built from."""

from __future__ import annotations

from pathlib import Path

from _edgeship.device_bench.app import native_build
from _edgeship.device_bench.app.java_build import JAVA, LAMBDA
from _edgeship.device_bench.app.project import CATALOG
from _edgeship.device_bench.app.resources import MANIFEST, RES

_OURS = Path(__file__).parent


def source_parts() -> list[bytes]:
    """Return names and contents, in a fixed order, wherever the project lies.

    The steps themselves are among them: what another version of them has built is built anew.
    """
    named = {file: f"native/{file.name}" for file in native_build.sources()}
    for folder, pattern in ((JAVA, "*.java"), (LAMBDA, "*.java"), (RES, "*"), (_OURS, "*.py")):
        for file in folder.rglob(pattern):
            if file.is_file():
                named[file] = f"{folder.name}/{file.relative_to(folder).as_posix()}"
    for file in (CATALOG, MANIFEST):
        named[file] = file.name
    ordered = sorted(named, key=lambda file: named[file])
    return [part for file in ordered for part in (named[file].encode(), file.read_bytes())]
