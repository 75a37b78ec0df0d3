from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from _edgeship.export.coreml import evaluator

FOLDER = Path(evaluator.__file__).parent
ALLOWED = (
    "_edgeship.export.coreml.evaluator",
    "_edgeship.export.coreml.format.library",  # imports coremltools without its warnings
    "_edgeship.errors",
    "coremltools.proto",  # the messages of the file format
)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_judge_shares_nothing_with_the_target() -> None:
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        for name in imported(path):
            if name.split(".")[0] in ("coremltools", "_edgeship"):
                assert name.startswith(ALLOWED), f"{path.name} imports {name}"
