from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import export.coreml.evaluator

FOLDER = Path(export.coreml.evaluator.__file__).parent
ALLOWED = (
    "export.coreml.evaluator",
    "export.coreml.library",  # imports coremltools without its warnings
    "export.errors",
    "coremltools.proto",  # the messages of the file format
)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            yield node.module or ""


def test_the_judge_shares_nothing_with_the_target() -> None:
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        for name in imported(path):
            if name.split(".")[0] in ("coremltools", "export", "models", "device_bench"):
                assert name.startswith(ALLOWED), f"{path.name} imports {name}"
