from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from _edgeship.export.coreml import evaluator

FOLDER = Path(evaluator.__file__).parent
#: It imports coremltools without its warnings, and is read by the target too.
LIBRARY = FOLDER.parent / "format" / "library.py"
ALLOWED = (
    "_edgeship.export.coreml.evaluator",
    "_edgeship.export.coreml.format.library.coremltools",
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
                allowed = any(f"{name}.".startswith(f"{one}.") for one in ALLOWED)
                assert allowed, f"{path.name} imports {name}"


def test_what_the_judge_imports_leads_to_nothing_of_the_target() -> None:
    assert {name for name in imported(LIBRARY) if name.startswith("_edgeship")} == set()
