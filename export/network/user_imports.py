"""Import what a user names, as it is imported in the user's own project.

This is done in the process of the user's network alone, and imports nothing else of edgeship.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

#: What a file is imported as when its own name already means another module.
_PRIVATE_NAME = "_user_network"


def import_named(place: str) -> tuple[ModuleType, list[str]]:
    """Import ``package.module`` or a .py file.

    Returns:
        The module, and the folders that Python's path begins with from now on.
    """
    if not place.endswith(".py"):
        front = _put_in_front(str(Path.cwd()))
        return importlib.import_module(place), front
    path = Path(place).resolve()
    root, package = _package_of(path)
    front = _put_in_front(str(root), str(Path.cwd()))
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    return _import_file(path, package), front


def put_behind(folders: list[str]) -> None:
    """Let folders come last on Python's path, where they were in front."""
    sys.path[:] = [folder for folder in sys.path if folder not in folders] + folders


def _put_in_front(*folders: str) -> list[str]:
    front = list(dict.fromkeys(folders))
    sys.path[:0] = front
    return front


def _package_of(path: Path) -> tuple[Path, str]:
    """Return the folder that a file's imports start from, and the package that the file is in.

    The folders upwards that have an ``__init__.py`` are the package; "" if there is none.
    """
    folder = path.parent
    parts: list[str] = []
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _import_file(path: Path, package: str) -> ModuleType:
    """Import a file under the name that its neighbours know it by."""
    if package:
        importlib.import_module(package)
    own = [] if path.stem == "__init__" else [path.stem]
    name = ".".join([*([package] if package else []), *own])
    if _finds(name, path):
        return importlib.import_module(name)
    # The name means another module (json.py, or models.py beside models/), or is none (my-net.py).
    name = f"{package}.{_PRIVATE_NAME}" if package else _PRIVATE_NAME
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _finds(name: str, path: Path) -> bool:
    """Return whether importing a name executes this very file."""
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # the name of a running program, such as __main__
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path
