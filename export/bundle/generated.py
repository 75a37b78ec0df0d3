"""The code of a bundle: made from the manifest alone, so that anybody can make it again."""

from __future__ import annotations

from _edgeship.export.contract.manifest import Manifest


def code_of(manifest: Manifest) -> tuple[dict[str, bytes], dict[str, tuple[str, ...]]]:
    """Return the code for all files of a bundle.

    Returns:
        Path in the bundle -> content; and model file -> the paths that are for it.
    """
    files: dict[str, bytes] = {}
    paths: dict[str, tuple[str, ...]] = {}
    for artifact in manifest.artifacts:
        paths[artifact.file] = ()
    return files, paths
