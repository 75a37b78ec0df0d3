"""The ready code of a bundle, for each file that it has."""

from __future__ import annotations

from pathlib import PurePosixPath

from _edgeship.export.bundle.code.kotlin import kotlin
from _edgeship.export.bundle.code.names import apart, class_name
from _edgeship.export.bundle.code.view import view_of
from _edgeship.export.contract.manifest import Artifact, Manifest


def generate(manifest: Manifest, artifact: Artifact) -> dict[str, bytes]:
    """Return the source files that run a file: nothing but what the manifest says decides on them.

    Args:
        manifest: Of the export, whose texts may be anybody's.
        artifact: One of its files.

    Returns:
        Path in the bundle -> content. Files that several artifacts need are the same for all.

    Raises:
        InputError: The manifest contradicts itself.
        UnsupportedError: A port is of a type that apps cannot store.
    """
    view = view_of(manifest, artifact)
    name = _class(manifest, artifact)
    if artifact.target == "tflite":
        return kotlin(view, name)
    return {}


def _class(manifest: Manifest, artifact: Artifact) -> str:
    """Return the name of an artifact's class, which no other of the same target has."""
    rivals = [one for one in manifest.artifacts if one.target == artifact.target]
    names = apart(class_name(PurePosixPath(one.file).stem) for one in rivals)
    return names[[one.file for one in rivals].index(artifact.file)]
