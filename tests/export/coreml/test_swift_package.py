"""The files that make a bundle a Swift package. Here a grammar of Swift reads them, no compiler."""

from __future__ import annotations

from typing import Any

import pytest
import tree_sitter
import tree_sitter_swift

from _edgeship.export.contract.manifest import Artifact, GraphFile, LabelsFile, Manifest
from _edgeship.export.coreml.swift_package import library_name, quoted, swift_package


def manifest(name: str = "shufflenet_v2", **more: Any) -> Manifest:
    given = {"versions": {}, "weights": {}, "preprocess": None, "calibration": None}
    graph = GraphFile(file="net.onnx", sha256="")
    empty: dict[str, Any] = {"verification": {}, "stages": [], "artifacts": []}
    return Manifest(model={"name": name}, onnx=graph, **given, **empty, **more)


def artifact(file: str, target: str = "coreml", ios: int | None = 15) -> Artifact:
    given: dict[str, Any] = {"scheme": "fp16", "size": 1, "sha256": "", "operators": {}}
    return Artifact(file=file, target=target, ios=ios, inputs=[], outputs=[], **given)


def test_packages_and_labels_are_resources_where_they_lie() -> None:
    labels = [LabelsFile(file="labels.txt", sha256="", count=2, output="scores")]
    packages = [artifact("a.mlpackage"), artifact("b.mlpackage", ios=18)]
    given = [*packages, artifact("a.tflite", "tflite")]
    files = swift_package(manifest(labels=labels), given, ["vectors", "a.tflite"])
    assert list(files) == ["Package.swift", "code/swift/PackageFiles.swift"]
    text = files["Package.swift"].decode()
    assert text.startswith("// swift-tools-version:5.7\n")
    for words in (
        '.library(name: "ShufflenetV2", targets: ["ShufflenetV2"])',
        '.process("a.mlpackage"),',
        '.process("b.mlpackage"),',
        '.copy("labels.txt")\n',
        '"a.tflite",\n                "vectors"\n            ],',
        'sources: ["code/swift"]',
        '.iOS("18.0"), .macOS("15.0")',
    ):
        assert words in text
    assert b"static var shufflenetV2Files: Bundle { .module }" in files[list(files)[1]]


def test_the_files_are_swift() -> None:
    labels = [LabelsFile(file='a "b" \\(c).txt', sha256="", count=2, output="scores")]
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))
    for text in swift_package(manifest(labels=labels), [artifact("a.mlpackage")]).values():
        assert not parser.parse(text).root_node.has_error
    assert parser.parse(b"let package = Package(").root_node.has_error


def test_without_a_package_there_is_nothing() -> None:
    assert swift_package(manifest(), [artifact("a.tflite", "tflite", None)]) == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shufflenet_v2", "ShufflenetV2"),
        ("3d net", "Network3dNet"),
        ("Süß", "Su"),
        ("漢", "Network"),
    ],
)
def test_names_are_swift_names(text: str, name: str) -> None:
    assert library_name(text) == name


def test_texts_end_where_they_end() -> None:
    assert quoted('a"); \\(evil)\n') == '"a\\"); \\\\(evil)\\u{a}"'
