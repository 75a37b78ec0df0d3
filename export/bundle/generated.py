"""The code of a bundle: made from the manifest alone, so that anybody can make it again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from _edgeship.errors import UnsupportedError
from _edgeship.export.bundle.code.generating import generate
from _edgeship.export.bundle.layout import MANIFEST, MODEL_CARD, PAGE, README, SUMS, VECTORS
from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.coreml.swift_package import SOURCES, swift_package


@dataclass(frozen=True)
class Code:
    """What was generated.

    Attributes:
        files: Path in the bundle -> content.
        by_file: Model file -> the paths that are for it.
        without: Model file -> why there is no code for it.
    """

    files: dict[str, bytes]
    by_file: dict[str, tuple[str, ...]]
    without: dict[str, str]


def code_of(manifest: Manifest) -> Code:
    """Return the code for all files of a bundle.

    Raises:
        InputError: The manifest contradicts itself.
    """
    files: dict[str, bytes] = {}
    by_file: dict[str, tuple[str, ...]] = {}
    without: dict[str, str] = {}
    for artifact in manifest.artifacts:
        try:
            found = generate(manifest, artifact)
        except UnsupportedError as error:
            without[artifact.file] = " ".join(f"{error.what} {error.why}".split())
            found = {}
        for path, data in found.items():
            if files.setdefault(path, data) != data:
                raise RuntimeError(f"two files of a bundle have different code at {path}")
        by_file[artifact.file] = tuple(found)
    files |= swift_package(manifest, manifest.artifacts, _beside_swift(manifest, files))
    return Code(files, by_file, without)


def _beside_swift(manifest: Manifest, files: Collection[str]) -> set[str]:
    """Return the files and folders of every bundle that are no part of its Swift package.

    Args:
        manifest: The bundle's.
        files: Paths of the generated code.
    """
    fixed = (MANIFEST, README, MODEL_CARD, PAGE, VECTORS, SUMS)
    models = {one.file for one in manifest.artifacts if one.target != "coreml"}
    picking = {one.picking.file for one in manifest.artifacts if one.picking is not None}
    folders = {path.rpartition("/")[0] for path in files}
    return {*fixed, *models, *picking, *folders} - {SOURCES}
