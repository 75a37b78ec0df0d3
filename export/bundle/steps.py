"""What somebody does with a bundle, step by step, as plain values for its README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from _edgeship.export.bundle.facts import Facts, FileFacts, Top
from _edgeship.export.contract.manifest import Port
from _edgeship.export.coreml.swift_package import files_member, library_name

#: Target -> the Python package that runs its files on any computer.
_PACKAGES = {"tflite": "ai-edge-litert", "onnx": "onnxruntime"}

#: What the Python code needs beside it.
_ALWAYS = ("numpy", "pillow")


@dataclass(frozen=True)
class Steps:
    """What the README names.

    Attributes:
        first: The file that the steps in Python run; None where Python runs none of them.
        script: Its code.
        requirements: Packages, with the versions that computed the expected outputs.
        tops: What it makes of the first picture.
        android: Files for an Android app, each with its code in Kotlin and Java.
        ios: Files for an iOS app, each with its code in Swift.
        litert: The version of LiteRT that the files were run with.
        resized: What happens to the size of a picture, in words; "" where there are none.
        library: Name of the bundle as a Swift package; "" where it is none.
        class_: A class in it.
        member: What its classes are given as their ``bundle``.
    """

    first: FileFacts | None
    script: str
    requirements: tuple[str, ...]
    tops: tuple[Top, ...]
    android: tuple[tuple[FileFacts, tuple[str, ...]], ...]
    ios: tuple[tuple[FileFacts, tuple[str, ...]], ...]
    litert: str
    resized: str
    library: str
    class_: str
    member: str


def steps_of(facts: Facts) -> Steps:
    """Return the steps of a bundle.

    Args:
        facts: What is in it.
    """
    code = facts.code.by_file
    by_file = {one.artifact.file: one for one in facts.files}
    scripts = {
        file: next((path for path in paths if path.endswith(".py")), "")
        for file, paths in code.items()
    }
    runnable = [
        one
        for one in facts.files
        if one.artifact.target in _PACKAGES and scripts.get(one.artifact.file)
    ]
    # Of several schemes, the one that was asked for last is mostly the one that ships.
    first = runnable[-1] if runnable else None
    versions = facts.manifest.versions
    packages = () if first is None else (_PACKAGES[first.artifact.target], *_ALWAYS)
    # Where there are packages, an app for Apple's devices needs no file of LiteRT.
    targets = {one.artifact.target for one in facts.files}
    wanted = "coreml" if "coreml" in targets else "tflite"
    ios = tuple(
        (by_file[file], tuple(path for path in paths if path.endswith(".swift")))
        for file, paths in code.items()
        if by_file[file].artifact.target == wanted
        and any(path.endswith(".swift") for path in paths)
    )
    library = library_name(facts.name) if "Package.swift" in facts.code.files else ""
    return Steps(
        first=first,
        script="" if first is None else scripts[first.artifact.file],
        requirements=tuple(
            f"{name}=={versions[name]}" if versions.get(name, "")[:1].isdigit() else name
            for name in packages
        ),
        tops=() if first is None else first.top(0),
        android=tuple(
            (by_file[file], tuple(path for path in paths if path.endswith((".kt", ".java"))))
            for file, paths in code.items()
            if by_file[file].artifact.target == "tflite"
        ),
        ios=ios,
        litert=versions["ai-edge-litert"],
        resized=_resized(facts),
        library=library,
        class_=_class_of(ios),
        member=files_member(library),
    )


def _class_of(ios: Sequence[tuple[FileFacts, Sequence[str]]]) -> str:
    """Return the class of the first file, which its code is named by."""
    return next((PurePosixPath(paths[0]).stem for _, paths in ios if paths), "")


def _resized(facts: Facts) -> str:
    """Return how a picture gets its size, with the numbers of pixels."""
    preprocess = facts.manifest.preprocess
    size = next(filter(None, (_size(one.artifact.inputs[0]) for one in facts.files)), None)
    if preprocess is None or size is None:
        return ""
    height, width = size
    crop = float(preprocess["crop"])
    return (
        "scaled, bilinearly and with antialiasing, until it just covers "
        f"{round(width / crop)} x {round(height / crop)} pixels; of these, {width} x {height} in "
        "the middle are kept"
    )


def _size(port: Port) -> tuple[int, int] | None:
    """Return height and width of the pictures that an input takes."""
    if port.dtype == "image":
        return port.shape[-2], port.shape[-1]
    if len(port.layout) != len(port.shape) or not {"H", "W"} <= set(port.layout):
        return None
    return port.shape[port.layout.index("H")], port.shape[port.layout.index("W")]
