"""The C code from Java: the x86_64 library of the app in a JVM that checks every call."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.device_bench.app.native_build import build_library, missing
from _edgeship.device_bench.app.project import MAIN
from _edgeship.device_bench.runners.native_report import RunnerError, parse_report
from tests.android.native_parts import NATIVE, real_litert
from tests.android.unpacked import shims
from tests.device_bench.small_files import chain, image, interpret, network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64" or shutil.which("cc") is None,
        reason="needs Linux on x86-64 and a C compiler (Debian package gcc)",
    ),
    pytest.mark.skipif(
        bool(missing()),
        reason="needs the Debian packages " + " ".join(package for _, package in missing()),
    ),
]

NO_MODEL = "The file cannot be read as a TFLite model (LiteRT 500)."


class Jvm:
    """Java with the library."""

    def __init__(self, folder: Path, litert: Path) -> None:
        self.folder, self.litert = folder, litert

    def __call__(self, *words: str) -> list[str]:
        argv = [
            *("java", "-Xcheck:jni", "-XX:-CreateCoredumpOnCrash", "-Xmx256m"),
            *(f"-XX:ErrorFile={self.folder}/crash.log", f"-Djava.library.path={self.folder}"),
            *("-cp", str(self.folder), "dev.edgeship.bench.NativeDriver", *words),
        ]
        path = f"{shims()}:{self.litert}"
        environment = {"LD_LIBRARY_PATH": path, "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
        done = subprocess.run(  # noqa: S603  our own words
            argv, capture_output=True, encoding="utf-8", timeout=120, env=environment
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        # What -Xcheck:jni finds.
        assert "WARNING" not in done.stdout + done.stderr, done.stdout
        assert "FATAL ERROR" not in done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if line]


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """A folder with the library and the classes that call it."""
    folder = tmp_path_factory.mktemp("jni")
    build_library("x86_64", folder)
    sources = (MAIN / "java/dev/edgeship/bench/Native.java", NATIVE / "NativeDriver.java")
    subprocess.run(["javac", "-d", folder, *sources], check=True, timeout=120)  # noqa: S603, S607
    return folder


@pytest.fixture
def java(library: Path) -> Jvm:
    return Jvm(library, real_litert())


@pytest.fixture
def model(tmp_path: Path) -> str:
    # A name outside of what JNI's own encoding writes as files have it.
    path = tmp_path / "hálózat 🙂.tflite"
    path.write_bytes(chain())
    return str(path)


def reports_of(path: Path) -> list[list[str]]:
    """The lines of each run, which an "end" or an "error" ends."""
    runs: list[list[str]] = [[]]
    for line in path.read_text(encoding="utf-8").splitlines():
        runs[-1].append(line)
        if line.startswith(('{"event":"end"', '{"event":"error"')):
            runs.append([])
    assert runs.pop() == []
    return runs


def error_of(lines: list[str]) -> str:
    with pytest.raises(RunnerError) as caught:
        parse_report("\n".join(lines), "")
    return str(caught.value)


def test_runs_in_one_process_with_failures_between(java, model: str, tmp_path: Path) -> None:
    report, out, sample = tmp_path / "jelentés 🙂.jsonl", tmp_path / "out 🙂", image()
    (tmp_path / "sample").write_bytes(sample.tobytes())
    works = ("--model", model, "--input", str(tmp_path / "sample"), "--outputs", str(out))
    endless = (*works, "--run-ns", "60000000000", "--max-runs", "10000000")
    sections = (
        (*works, "--runs", "3"),
        ("--model", "/nonexistent 🙂"),
        ("@stop", *works),
        ("@later", *endless),
        (*works, "--profile"),
    )
    words = [word for section in sections for word in ("--", *section)][1:]
    lines = java("run", str(report), *words)
    assert lines == ["run 0", "run 1", "run 1", "run 1", "run 0"]
    good, absent, stopped, later, profiled = reports_of(report)
    assert len(parse_report("\n".join(good), "").process.runs) == 3
    assert error_of(absent) == NO_MODEL
    assert error_of(stopped) == "Stopped: ű 🙂"
    assert error_of(later) == "Stopped later."
    assert parse_report("\n".join(profiled), "").profile.ops
    (expected,) = interpret(chain(), sample)
    np.testing.assert_allclose(
        np.frombuffer(out.read_bytes(), np.float32), expected.ravel(), rtol=1e-6, atol=1e-6
    )


def test_a_second_run_at_the_same_time_is_refused_and_does_not_end_the_first(
    java, model: str, tmp_path: Path
) -> None:
    words = ("--model", model, "--run-ns", "1500000000", "--max-runs", "1000000")
    lines = java("run", str(tmp_path / "report"), "@twice", *words)
    assert lines == ["second 1", "run 0"]
    refused, complete = reports_of(tmp_path / "report")
    # The first has told of its loading before.
    assert "Another run is going on in this process." in refused[-1]
    assert complete[-1].startswith('{"event":"end"')


def with_open_batch(data: bytes) -> bytes:
    """The same file, in which the number of pictures is left open."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    for tensor in model.subgraphs[0].tensors:
        if tensor.name in (b"image", b"features", b"scores"):
            tensor.shapeSignature = [-1, *list(tensor.shape)[1:]]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("data", "dtype", "number"),
    [
        (chain(), np.float32, 1),
        (with_open_batch(chain()), np.float32, 1),
        (chain("int8"), np.float32, 1),
        (chain("int8", "int8"), np.int8, 9),
        (chain("int8", "uint8"), np.uint8, 3),
    ],
    ids=["float32", "open batch", "int8", "int8 in and out", "uint8 in and out"],
)
def test_the_demo_computes_what_the_interpreter_does(
    java, tmp_path: Path, data: bytes, dtype: type, number: int
) -> None:
    sample = image() if dtype == np.float32 else (image() * 40).astype(dtype)
    (tmp_path / "model").write_bytes(data)
    (tmp_path / "in").write_bytes(sample.tobytes())
    words = (str(tmp_path / name) for name in ("model", "in", "out"))
    lines = java("classify", *words)
    assert lines[:2] == [f"input [1, 8, 8, 4] {number}", f"output [1, 8, 8, 5] {number}"]
    assert all(int(line.removeprefix("ns ")) > 0 for line in lines[2:])
    (expected,) = interpret(data, sample)
    found = np.frombuffer((tmp_path / "out").read_bytes(), dtype)
    np.testing.assert_allclose(found, expected.ravel(), rtol=1e-6, atol=1e-6)


def test_misuse_gets_an_answer_and_never_crashes(java, model: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    answers = dict(line.split(": ", 1) for line in java("abuse", model, str(report)))
    assert answers == {
        "words null": "1",
        "report null": "2",
        "report in no folder": "2",
        "word null": "1",
        "word with a zero": "1",
        "word with half a pair": "1",
        "word with the other half": "1",
        "no words": "1",
        "too many words": "1",
        "a long word": "1",
        "open null": "A text is null.",
        "open without accelerator": "A text is null.",
        "open nothing": NO_MODEL,
        "open with abacus": "--accelerator takes cpu, gpu or npu, not 'abacus'.",
        "open with no thread": "0 are too few threads.",
        "open without why": "0",
        "open with empty why": "0",
        "infer null": "-2",
        "infer to null": "-2",
        "infer from the heap": "-2",
        "infer from too little": "-2",
        "infer to too much": "-2",
        "infer from a slice": "true",
        "infer": "true",
        "infer after others were closed": "true",
        "infer after closing": "-1",
        "shape after closing": "null",
        "type after closing": "-1",
        "one too many": "4 models are open already.",
        "an old handle is not the new one": "true",
    }
    said = [error_of(lines) for lines in reports_of(report)]
    assert said[:6] == [
        "There are no words.",
        "A text is null.",
        *["A text holds a zero or half a character."] * 3,
        "No file is named with --model.",
    ]
    assert said[6] == "There are more than 1024 words."
    assert said[7].startswith("'xxx")
    assert len(said[7]) < 2048
    # Cut between two characters, wherever the end falls: reports_of reads UTF-8 strictly.
    for number, emoji in enumerate(said[8:]):
        assert emoji.strip("'x") == "🙂" * len(emoji.strip("'x"))
        assert 509 <= len(emoji) - number - 1 <= 511
    assert len(said) == 12


def test_threads_that_close_one_another_s_networks_do_not_crash(java, model: str) -> None:
    assert java("together", model) == ["runs true", "opens true"]


def test_a_network_with_two_outputs_is_refused_by_the_demo(java, tmp_path: Path) -> None:
    (tmp_path / "two.tflite").write_bytes(network().data())
    with pytest.raises(AssertionError, match="takes models with one input and one output; this"):
        java("classify", str(tmp_path / "two.tflite"), "/dev/null", "/dev/null")


def test_without_litert_both_say_how_to_add_it(library: Path, model: str, tmp_path: Path) -> None:
    alone = Jvm(library, tmp_path)
    assert alone("run", str(tmp_path / "report"), "--model", model) == ["run 1"]
    ((line,),) = reports_of(tmp_path / "report")
    said = error_of([line])
    assert said.startswith("This app has no LiteRT library: libLiteRt.so: cannot open")
    assert "python -m device_bench app build --litert FILE" in said
    assert "com.google.ai.edge.litert:litert" in said
    with pytest.raises(AssertionError, match="This app has no LiteRT library: "):
        alone("classify", model, "/dev/null", "/dev/null")
