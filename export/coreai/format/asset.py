"""An .aimodel as a value: the files in it by name, and the folder on disk they come from."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.coreml.format.package import read_folder
from _edgeship.work_folders import temporary_folder

#: Path in the folder, with slashes -> content.
Asset = Mapping[str, bytes]

SUFFIX = ".aimodel"

#: The program, in MLIR's bytecode.
PROGRAM = "main.mlirb"

_METADATA = "metadata.json"

#: Where metadata.json has what it has no names of its own for.
_CUSTOM = "creatorDefinedMetadata"

#: What coreai-core notes about its own run and would make equal exports differ.
_DATE = "creationDate"


def asset_of(program: Any, said: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """Return the files of a program's folder; equal programs give equal bytes.

    Args:
        program: A ``coreai.authoring.AIProgram``.
        said: What its metadata says: author, license, model_description, and more by other names.
    """
    from coreai.runtime import AIModelAssetMetadata

    metadata = AIModelAssetMetadata()
    for key, value in (said or {}).items():
        if hasattr(metadata, key):
            setattr(metadata, key, value)
        else:
            metadata.set_custom(key, value)
    with temporary_folder() as folder:
        path = folder / f"model{SUFFIX}"
        program.save_asset(path, metadata)
        files = read_folder(path)
    files[_METADATA] = _undated(files[_METADATA])
    return files


def _undated(data: bytes) -> bytes:
    """Return metadata.json without the time of the export, in order of its keys."""
    facts = json.loads(data)
    facts.pop(_DATE, None)
    return (json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def metadata_of(asset: Asset, path: Path) -> dict[str, Any]:
    """Return what the metadata of a folder says.

    Raises:
        InputError: It is no JSON object.
    """
    try:
        found = json.loads(asset[_METADATA])
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path / _METADATA} is no JSON.", why=str(error)) from error
    if not isinstance(found, dict):
        raise InputError(f"{path / _METADATA} holds no object.")
    return found


def told(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that the metadata of a folder says, by whatever names, side by side."""
    custom = metadata.get(_CUSTOM, {})
    named = {key: value for key, value in metadata.items() if key != _CUSTOM}
    return named | dict(custom) if isinstance(custom, Mapping) else named


def write_asset(asset: Asset, path: Path) -> None:
    """Write the files of a folder."""
    for name, data in asset.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)


def read_asset(path: Path) -> dict[str, bytes]:
    """Read a folder from disk.

    Args:
        path: The .aimodel.

    Returns:
        Path in the folder, with slashes -> content.

    Raises:
        InputError: This is none, or it is too large, or it holds links or special files.
    """
    if path.is_file():
        todo = "unzip it first" if zipfile.is_zipfile(path) else "check the path"
        raise InputError(
            f"{path} is a file, not an .aimodel.", why="an .aimodel is a folder", todo=todo
        )
    if not path.is_dir():
        raise InputError(f"{path} does not exist.", todo="check the path")
    for name in (_METADATA, PROGRAM):
        if not (path / name).is_file():
            raise InputError(f"{path} is not an .aimodel.", why=f"it holds no {name}")
    return read_folder(path)
