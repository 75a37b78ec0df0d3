"""The ready code of a bundle, for each file that it has."""

from __future__ import annotations

from pathlib import PurePosixPath

from _edgeship.errors import UnsupportedError
from _edgeship.export.bundle.code.kotlin import kotlin
from _edgeship.export.bundle.code.names import class_name, module_name
from _edgeship.export.bundle.code.python import python
from _edgeship.export.bundle.code.swift import swift_coreml, swift_tflite
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
    stem = _stem(manifest, artifact)
    if artifact.target == "tflite":
        name = class_name(stem)
        files = {**kotlin(view, name), **python(view, "tflite", stem)}
        return {**files, **swift_tflite(view, f"{name}LiteRT")}
    if artifact.target == "onnx":
        return python(view, "onnx", f"{stem}_onnx")
    if artifact.target == "coreai":
        raise UnsupportedError(
            "Apple's Swift interface to Core AI is in its newest systems only.",
            why="nothing here could run a class that uses it; a Core ML file comes with one",
        )
    return swift_coreml(view, class_name(stem))


def _stem(manifest: Manifest, artifact: Artifact) -> str:
    """Return the name of an artifact in code: letters, digits and underscores of ASCII.

    No other artifact of its target has the same, also where capitals do not count, and none that
    makes the same name of a class.
    """
    rivals = [one for one in manifest.artifacts if one.target == artifact.target]
    stems = [module_name(PurePosixPath(one.file).stem) for one in rivals]
    classes = [class_name(stem) for stem in stems]
    place = [one.file for one in rivals].index(artifact.file)
    again = classes[:place].count(classes[place])
    return f"{stems[place]}_v{again + 1}" if again else stems[place]
