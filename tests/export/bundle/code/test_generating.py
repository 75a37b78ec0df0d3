"""What is generated for manifests that anybody may have written: names, quoting, refusals."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.bundle.code import literals, names
from _edgeship.export.bundle.code.generating import generate
from _edgeship.export.contract.about import About
from _edgeship.export.contract.manifest import Artifact, GraphFile, Manifest, Port

#: Texts that end strings, comments and templates, or that show as something else than they are.
HOSTILE = (
    'x"; import os; os.system("boom") #',
    "x'''\"\"\"\nboom()\n",
    "*/ boom() /* \\",
    "${boom()} $boom \\(boom())",
    "a\u2028boom()\u202ecode\u0000\r\nboom()",
    "{{ boom }} {% raw %}",
    "",
    "1 2 3",
    "größe 🐱 \ud800",
)


def port(name: str = "image", dtype: str = "float32", **more: Any) -> Port:
    shape = more.pop("shape", [1, 8, 8, 3])
    return Port(name=name, shape=shape, layout=more.pop("layout", "NHWC"), dtype=dtype, **more)


def manifest(
    inputs: list[Port], outputs: list[Port], target: str = "tflite", **more: Any
) -> tuple[Manifest, Artifact]:
    """Return a manifest with one file."""
    preprocess = {"color_order": "RGB", "crop": 0.875, "mean": [0.5] * 3, "std": [0.25] * 3}
    artifact = Artifact(
        file=more.pop("file", "net_fp32.tflite"),
        target=target,
        scheme="none",
        size=1,
        sha256=more.pop("sha256", "0" * 64),
        inputs=inputs,
        outputs=outputs,
        operators={},
        preprocess=more.pop("own", None),
    )
    made = Manifest(
        versions={},
        model={"name": more.pop("name", "net")},
        weights={},
        preprocess=more.pop("preprocess", preprocess),
        calibration=None,
        verification={},
        onnx=GraphFile(file="net.onnx", sha256=""),
        stages=[],
        artifacts=[artifact],
        about=About(**more),
    )
    return made, artifact


def scores(name: str = "scores", **more: Any) -> Port:
    return port(name, shape=[1, 5], layout="", scores="logits", labels="labels.txt", **more)


def hostile(text: str, target: str = "tflite") -> tuple[Manifest, Artifact]:
    """Return a manifest that has a text wherever it has texts."""
    file = text.replace("/", "").replace("\\", "") or "net"
    inputs = [port(text, description=text)]
    outputs = [scores(text, description=text), port(text + "2", description=text)]
    more = {"name": text, "version": text, "description": text, "sha256": text, "file": file}
    return manifest(inputs, outputs, target, **more)


@pytest.mark.parametrize("target", ["tflite", "onnx", "coreml"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_manifest_becomes_code(text: str, target: str) -> None:
    wanted = generate(*manifest([port()], [scores(), port("second")], target))
    found = generate(*hostile(text, target))
    assert len(found) == len(wanted)
    for plain, bent in zip(wanted.items(), found.items(), strict=True):
        assert _shape(*bent) == _shape(*plain)
        # At every end of line that Unicode knows.
        assert len(bent[1].decode().splitlines()) == bent[1].count(b"\n")


def _shape(path: str, content: bytes) -> list[str]:
    """Return the kinds of all nodes of a source file, but for comments, and letters of strings."""
    if path.endswith(".py"):
        return [type(node).__name__ for node in ast.walk(ast.parse(content))]
    module = tree_sitter_swift if path.endswith(".swift") else tree_sitter_kotlin
    parser = tree_sitter.Parser(tree_sitter.Language(module.language()))
    root = parser.parse(content).root_node
    assert not root.has_error, path
    return list(_kinds(root))


#: Parts of strings that hold letters, and what is no code.
_LETTERS = re.compile(r".*comment|string_content|line_str_text|str_escaped_char|escape_sequence")


def _kinds(node: tree_sitter.Node) -> Iterator[str]:
    if not _LETTERS.fullmatch(node.type):
        yield node.type
        for inner in node.children:
            yield from _kinds(inner)


@pytest.mark.parametrize("text", HOSTILE)
def test_literals_of_python_are_the_text(text: str) -> None:
    assert ast.literal_eval(literals.python_text(text)) == text
    for quoted in (literals.kotlin_text(text), literals.swift_text(text)):
        assert quoted.isascii()
        assert quoted.isprintable()
    assert literals.kotlin_text('a$b"c\\d\né🐱') == '"a\\$b\\"c\\\\d\\u000a\\u00e9\\ud83d\\udc31"'
    assert literals.swift_text('a$b"c\\(d)\né🐱') == '"a$b\\"c\\\\(d)\\u{a}\\u{e9}\\u{1f431}"'


@pytest.mark.parametrize("value", [0.1, 1e-7, 3e38, 1.0, 123456789.0, 5e-5, 1e22, -0.25])
def test_numbers_are_read_back(value: float) -> None:
    assert float(literals.number(value)) == value
    assert np.float32(literals.single(value)) == np.float32(value)
    for text in (literals.number(value), literals.single(value)):
        assert "." in text
        assert "+" not in text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="where a number belongs"):
        literals.number(value)


@pytest.mark.parametrize(
    ("text", "cls", "member"),
    [
        ("shufflenet_v2_int8", "ShufflenetV2Int8", "shufflenetV2Int8"),
        ("class", "Class", "class_"),
        ("val", "Val", "val_"),
        ("3d-net.fp32", "Net3dNetFp32", "port3dNetFp32"),
        ("größe", "Groe", "groe"),
        ("日本", "Net", "port"),
        ("", "Net", "port"),
    ],
)
def test_names_are_those_of_the_language(text: str, cls: str, member: str) -> None:
    assert names.class_name(text) == cls
    assert names.member_name(text, names.KOTLIN | names.SWIFT) == member
    assert names.module_name(text).isidentifier()
    assert not keyword.iskeyword(f"{names.module_name(text)}_fp32")


def test_names_stay_apart_where_capitals_do_not_count() -> None:
    assert names.apart(["a", "A", "b", "a"], ["B"]) == ["a", "A_2", "b_2", "a_3"]


def test_files_of_one_name_in_code_get_numbers() -> None:
    one, first = manifest([port()], [scores()], file="net-int8.tflite")
    second = first.model_copy(update={"file": "net_int8.tflite"})
    both = one.model_copy(update={"artifacts": [first, second]})
    paths = [set(generate(both, artifact)) for artifact in both.artifacts]
    shared = {"code/kotlin/CoverAndCrop.kt", "code/swift/Pixels.swift"}
    assert paths[0] & paths[1] == shared


def test_each_output_that_scores_classes_has_its_labels_and_its_function() -> None:
    health = scores("health").model_copy(update={"labels": "health.txt", "scores": ""})
    found = generate(*manifest([port()], [scores("species"), health, port("map")]))
    texts = {path.split("/")[1]: data.decode() for path, data in found.items() if "Net" in path}
    for language in ("kotlin", "swift"):
        text = texts[language]
        assert "softmax(outputs.species), speciesLabels" in text
        assert "guesses(outputs.health, healthLabels" in text
        assert "classify" not in text
        assert '"labels.txt"' in text
        assert '"health.txt"' in text
    python = found["code/python/net_fp32.py"].decode()
    assert 'Port("species", "float32", (1, 5), labels="labels.txt", logits=True)' in python
    assert 'Port("health", "float32", (1, 5), labels="health.txt")' in python


def test_a_network_that_scores_nothing_guesses_nothing() -> None:
    found = generate(*manifest([port()], [port("map")]))
    assert not any(b"uess" in data or b"SCORES" in data for data in found.values())


def test_equal_manifests_give_equal_bytes() -> None:
    assert generate(*manifest([port()], [scores()])) == generate(*manifest([port()], [scores()]))


@pytest.mark.parametrize(
    "change",
    [
        {"crop": 0},
        {"crop": float("nan")},
        {"crop": "0.9"},
        {"mean": [0.5]},
        {"mean": ["__import__", 0, 0]},
        {"std": [0.2, 0.2, 0]},
        {"std": None},
    ],
)
def test_preprocessing_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    made, artifact = manifest([port()], [scores()])
    broken = made.model_copy(update={"preprocess": {**(made.preprocess or {}), **change}})
    with pytest.raises(InputError, match="preprocess"):
        generate(broken, artifact)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_scales_that_make_no_sense_are_refused(scale: float) -> None:
    quantized = port(dtype="int8", scale=scale, zero_point=0)
    with pytest.raises(InputError, match="scale"):
        generate(*manifest([quantized], [scores()]))


@pytest.mark.parametrize("file", ["../net.tflite", "a/b.tflite", "a\\b.tflite", ".."])
def test_files_elsewhere_are_refused(file: str) -> None:
    with pytest.raises(InputError, match="elsewhere"):
        generate(*manifest([port()], [scores()], file=file))
    labelled = scores().model_copy(update={"labels": file})
    with pytest.raises(InputError, match="elsewhere"):
        generate(*manifest([port()], [labelled]))


def test_types_that_apps_cannot_store_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="complex64"):
        generate(*manifest([port(dtype="complex64")], [scores()]))
    with pytest.raises(UnsupportedError, match="int64"):
        generate(*manifest([port(dtype="int64")], [scores()], target="coreml"))
