"""What the app looks at before it gives a file to LiteRT, which believes whatever is in it."""

from __future__ import annotations

import inspect
import json
import random
import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.device_bench.app.project import MAIN
from tests.android.native_parts import NATIVE, compile_host, real_litert, runner_sources
from tests.device_bench.small_files import chain, needs_native, network

JAVA = MAIN / "java/dev/edgeship/bench"
CLASSES = ("ModelFile", "Flatbuffer", "OperatorOptions", "Refused")

#: The largest file that the app takes.
MOST_BYTES = (2 << 30) - 1

Check = Callable[[Sequence[bytes]], list[str]]


@pytest.fixture(scope="module")
def classes(tmp_path_factory) -> Path:
    """The app's own classes, with as much of their surroundings as they need."""
    if shutil.which("javac") is None:
        pytest.skip("needs the Debian package openjdk-17-jdk-headless")
    folder = tmp_path_factory.mktemp("model-file")
    sources = folder / "dev/edgeship/bench"
    sources.mkdir(parents=True)
    texts = [(JAVA / f"{name}.java").read_text() for name in CLASSES]
    for name, text in zip(CLASSES, texts, strict=True):
        (sources / f"{name}.java").write_text(text)
    names = sorted(set(re.findall(r"R\.string\.(\w+)", "".join(texts))))
    numbers = ", ".join(f"{name} = {number}" for number, name in enumerate(names))
    quoted = ", ".join(f'"{name}"' for name in names)
    head = "package dev.edgeship.bench;"
    (sources / "R.java").write_text(
        f"{head} final class R {{ static final class string {{ static final int {numbers}; }}"
        f" static final String[] NAMES = {{{quoted}}}; }}"
    )
    (sources / "Order.java").write_text(
        f"{head} final class Order {{ static final long MAX_FILE_BYTES = {MOST_BYTES}L; }}"
    )
    resources = folder / "android/content/res/Resources.java"
    resources.parent.mkdir(parents=True)
    resources.write_text(
        "package android.content.res; public class Resources {"
        ' public String getString(int id, Object... words) { return ""; } }'
    )
    argv = ["javac", "-d", folder, *folder.rglob("*.java"), NATIVE / "ModelDriver.java"]
    subprocess.run(argv, check=True, timeout=120)  # noqa: S603
    return folder


def checked(classes: Path, paths: Sequence[Path]) -> list[str]:
    done = subprocess.run(  # noqa: S603
        ["java", "-Xmx64m", "-cp", classes, "dev.edgeship.bench.ModelDriver"],  # noqa: S607
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = done.stdout.splitlines()
    assert len(answers) == len(paths)
    return answers


@pytest.fixture
def check(classes: Path, tmp_path: Path) -> Check:
    def run(files: Sequence[bytes]) -> list[str]:
        paths = [tmp_path / f"{number}.tflite" for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        return checked(classes, paths)

    return run


@pytest.mark.slow
def test_what_the_exporter_writes_is_whole(check: Check) -> None:
    files = [network().data(), chain(), chain("int8"), chain("int8", "int8")]
    assert check(files) == ["whole"] * len(files)


@pytest.mark.slow
def test_a_file_that_is_cut_off_anywhere_is_refused(check: Check) -> None:
    data = chain()
    answers = check([data[:size] for size in range(len(data))])
    assert answers[:8] == ["refused_not_tflite"] * 8
    assert set(answers[8:]) == {"refused_damaged"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [b"", b"TFL3", b"\0\0\0\0TFL4" + bytes(100), b"PK\3\4" + bytes(100), b"<html></html>" * 9],
)
def test_other_files_are_refused(check: Check, data: bytes) -> None:
    assert check([data]) == ["refused_not_tflite"]


@pytest.mark.slow
def test_a_file_that_is_too_large_is_refused_unread(classes: Path, tmp_path: Path) -> None:
    large, largest = tmp_path / "large", tmp_path / "largest"
    for path, size in ((large, MOST_BYTES + 1), (largest, MOST_BYTES)):
        path.write_bytes(b"\x08\0\0\0TFL3")
        with path.open("r+b") as file:
            file.truncate(size)  # sparse
    assert checked(classes, [large, largest]) == ["refused_too_large", "refused_damaged"]
    text = (JAVA / "Order.java").read_text()
    assert re.search(
        r"MAX_FILE_BYTES = \(2L << 30\) - 1;|MAX_FILE_BYTES = Integer\.MAX_VALUE", text
    )


def repeated(subgraphs: int, tensors: int) -> bytes:
    """A model of one subgraph, again and again, of one tensor, again and again."""
    builder = flatbuffers.Builder()

    def vector(start: Callable[[flatbuffers.Builder, int], None], at: int, count: int) -> int:
        start(builder, count)
        for _ in range(count):
            builder.PrependUOffsetTRelative(at)
        return int(builder.EndVector())

    schema.TensorStart(builder)
    tensor = schema.TensorEnd(builder)
    tensor_list = vector(schema.SubGraphStartTensorsVector, tensor, tensors)
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensor_list)
    subgraph = schema.SubGraphEnd(builder)
    subgraph_list = vector(schema.ModelStartSubgraphsVector, subgraph, subgraphs)
    schema.BufferStart(builder)
    buffer_list = vector(schema.ModelStartBuffersVector, schema.BufferEnd(builder), 1)
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, subgraph_list)
    schema.ModelAddBuffers(builder, buffer_list)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.slow
def test_a_file_that_refers_to_the_same_again_and_again_ends_soon(check: Check) -> None:
    """Whoever followed all of the last would be busy for minutes, or run out of memory."""
    files = [repeated(1, 1), repeated(10, 50_000), repeated(50_000, 10), repeated(50_000, 50_000)]
    assert check(files) == ["whole", "whole", "whole", "refused_damaged"]
    assert check([repeated(1, 3_000_000)]) == ["refused_damaged"]


def mutants(data: bytes, every: int) -> Iterator[bytes]:
    """Files with one bit changed, in every so-many-th byte; then some with more changes."""
    rng = random.Random(0)  # noqa: S311
    for position in range(0, len(data), every):
        changed = bytearray(data)
        changed[position] ^= 1 << rng.randrange(8)
        yield bytes(changed)
    for _ in range(len(data) // every // 4):
        changed = bytearray(data)
        for _ in range(rng.randrange(2, 9)):
            changed[rng.randrange(len(data))] = rng.randrange(256)
        yield bytes(changed)


@needs_native
@pytest.mark.slow
def test_of_damaged_files_that_crash_litert_almost_all_are_refused(
    check: Check, tmp_path: Path
) -> None:
    """What is left changes what an operator is: LiteRT's kernels believe that, too.

    The app therefore runs files in processes of their own.
    """
    files = list(mutants(chain(), 8))
    answers = check(files)
    driver = compile_host([NATIVE / "driver.c", *runner_sources()], tmp_path / "driver", "-O2")
    crashed = [
        number for number in range(len(files)) if crashes(driver, tmp_path / f"{number}.tflite")
    ]
    # The check is worth something only where LiteRT has none.
    assert len(crashed) >= 40
    accepted = [number for number in crashed if answers[number] == "whole"]
    assert len(accepted) <= 0.05 * len(crashed)
    # And it does not refuse everything: most bytes are weights.
    assert answers.count("whole") > len(files) // 2


def crashes(driver: Path, file: Path) -> bool:
    """Whether LiteRT crashes on a file, or computes for more than a second of the CPU."""
    done = subprocess.run(  # noqa: S603
        [driver, file.with_suffix(".report"), "--model", file, "--runs", "1"],
        capture_output=True,
        timeout=60,
        env={"LD_LIBRARY_PATH": str(real_litert())},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 1)),
    )
    if done.returncode == 0:
        assert json.loads(done.stdout)["code"] in (0, 1)
    return done.returncode != 0


def letters_of(table: type) -> str:
    """The fields of a table of the schema, as OperatorOptions writes them."""
    fields: dict[int, str] = {}
    for name, function in vars(table).items():
        source = inspect.getsource(function) if inspect.isfunction(function) else ""
        offset = re.search(r"self\._tab\.Offset\((\d+)\)", source)
        if offset and not name.endswith(("AsNumpy", "Length", "IsNone")):
            fields[(int(offset[1]) - 4) // 2] = letter_of(name, source)
    return "".join(fields.get(field, ".") for field in range(max(fields, default=-1) + 1))


def letter_of(name: str, source: str) -> str:
    if name.endswith("SubgraphIndex") or name == "Subgraph":
        return "g"
    if "Indirect" in source or "_tab.Union" in source:
        return "o"
    if "_tab.Vector(o)" in source:
        size = re.search(r"j \* (\d+)", source)
        assert size is not None
        letter = {1: "a", 2: "b", 4: "d", 8: "h"}[int(size[1])]
        return "G" if name == "BranchSubgraphIndices" else letter
    if "_tab.String" in source:
        return "s"
    flags = re.search(r"number_types\.([A-Z][a-z]+)(\d*)Flags, o", source)
    assert flags is not None, name
    return "1" if flags[1] == "Bool" else str(int(flags[2]) // 8)


@pytest.mark.parametrize(
    ("java", "enum"), [("FIRST", "BuiltinOptions"), ("SECOND", "BuiltinOptions2")]
)
def test_the_fields_of_options_are_those_of_the_schema(java: str, enum: str) -> None:
    text = (JAVA / "OperatorOptions.java").read_text()
    table = re.search(rf"{java} = \{{(.*?)\}};", text, re.DOTALL)
    assert table is not None
    found = re.findall(r'"([^"]*)"', table[1])
    numbers = {
        number: name
        for name, number in vars(getattr(schema, enum)).items()
        if not name.startswith("_")
    }
    assert sorted(numbers) == list(range(len(found)))
    for number, name in numbers.items():
        expected = letters_of(getattr(schema, name)) if number else ""
        assert found[number] == expected, name


@pytest.mark.parametrize(
    ("table", "letters"),
    [
        ("Model", "4oosodoooo"),
        ("SubGraph", "oddos4"),
        ("Tensor", "d14so1od1o4"),
        ("QuantizationParameters", "dddh1o4"),
        ("CustomQuantization", "a"),
        ("BlockwiseQuantization", "444d"),
        ("MultiAxisQuantization", "444d"),
        ("SparsityParameters", "ddo"),
        ("DimensionMetadata", "141o1o"),
        ("Int32Vector", "d"),
        ("Uint16Vector", "b"),
        ("Uint8Vector", "a"),
        ("VariantSubType", "d11"),
        ("Operator", "4dd1oa1ad881o4"),
        ("OperatorCode", "1s44"),
        ("Buffer", "a88"),
        ("Metadata", "s4"),
        ("SignatureDef", "oos.4"),
        ("TensorMap", "s4"),
        ("ExternalBufferGroup", "s"),
    ],
)
def test_the_fields_of_other_tables_are_those_of_the_schema(table: str, letters: str) -> None:
    assert letters_of(getattr(schema, table)).replace("g", "4") == letters
    assert f'"{letters}"' in (JAVA / "ModelFile.java").read_text()
