"""The floors of ARCHITECTURE.md hold: no module imports one above it, and nothing goes in circles.

Imports inside of functions count, and so do those for type checkers only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Folders whose modules are ours. The last two hold what is not mounted under the private name.
PLACES = ("export", "models", "device_bench", "_edgeship", "edgeship")
MOUNTED = ("export", "models", "device_bench")


def name_of(path: Path) -> str:
    """Return the dotted name of a module, as it is imported."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] in MOUNTED:
        parts.insert(0, "_edgeship")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Return our modules by name, but for the doors: a `__main__` may start what it likes."""
    paths = [path for place in PLACES for path in walk(ROOT / place)]
    return {name_of(path): path for path in paths if path.name != "__main__.py"}


def walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)
        elif path.suffix == ".py":
            yield path


def names_in(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported anywhere in a module, as dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module comes from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(name: str) -> str | None:
    """Return the module of ours that a dotted name is, or is in."""
    while name:
        if name in modules():
            return name
        name = name.rpartition(".")[0]
    return None


@cache
def imports() -> dict[str, set[str]]:
    """Return module -> the modules of ours that it imports."""
    found: dict[str, set[str]] = {}
    for name, path in modules().items():
        used = {module_of(each) for each in names_in(ast.parse(path.read_text()))}
        found[name] = {each for each in used if each is not None} - {name, "_edgeship"}
    return found


def room_of(module: str) -> str:
    """Return the folder that a module lies in."""
    return modules()[module].parent.relative_to(ROOT).as_posix()


@cache
def floors() -> dict[str, int]:
    """Return room -> its floor, as ARCHITECTURE.md says."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = text.partition("\n## Floors\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| *(\d+) *\|([^|]+)\|", table, flags=re.MULTILINE)
    return {
        room.rstrip("/"): int(number)
        for number, rooms in rows
        for room in re.findall(r"`([^`]+)`", rooms)
    }


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Return the names on a circle of a graph, in order, or nothing."""
    done: set[str] = set()

    def search(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for each in sorted(graph.get(name, ())):
            if found := search(each, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := search(name, []))), [])


def test_there_is_something_to_look_at() -> None:
    assert len(modules()) > 350
    assert sum(map(len, imports().values())) > 1000


def test_every_room_has_a_floor() -> None:
    assert set(floors()) == {room_of(module) for module in modules()}


def test_no_module_imports_one_above_it() -> None:
    upward = [
        f"{module} (floor {floors()[room_of(module)]}) imports {each} "
        f"(floor {floors()[room_of(each)]})"
        for module, used in imports().items()
        for each in sorted(used)
        if floors()[room_of(each)] > floors()[room_of(module)]
    ]
    assert upward == []


def test_no_room_is_on_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    for module, used in imports().items():
        room = room_of(module)
        rooms.setdefault(room, set()).update({room_of(each) for each in used} - {room})
    assert circle_in(rooms) == []


def test_no_module_is_on_a_circle() -> None:
    assert circle_in(imports()) == []


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
        ({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}, []),
    ],
)
def test_circles_are_found(graph: dict[str, set[str]], circle: list[str]) -> None:
    assert circle_in(graph) == circle


def test_imports_inside_of_functions_are_seen() -> None:
    tree = ast.parse("def f():\n    from _edgeship.export.pipeline import export\n    import a.b")
    assert list(names_in(tree)) == ["_edgeship.export.pipeline.export", "a.b"]
    assert module_of("_edgeship.export.pipeline.export") == "_edgeship.export.pipeline"
    assert module_of("numpy.linalg") is None
