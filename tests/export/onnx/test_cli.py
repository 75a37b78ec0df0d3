"""`export --to onnx`, `inspect` and `verify` of .onnx files on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from _edgeship.export.onnx.file import BASIC, OPTIMIZED
from tests.export.command_line import run, write_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("network") / "small.onnx", op="HardSwish")


@pytest.fixture(scope="module")
def exported(network: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Export to two targets at once and return the folder and what was printed."""
    out = tmp_path_factory.mktemp("out") / "files"
    quant = "none,fp16,dynamic,int8"
    stdout, stderr = run(network, "--to", "tflite,onnx", "--quant", quant, "--out", out)
    assert stderr == ""
    return out, stdout


@pytest.fixture
def files(exported: tuple[Path, str], tmp_path: Path) -> Path:
    """Return a copy of the exported folder that a test may change."""
    return Path(shutil.copytree(exported[0], tmp_path / "files"))


def test_two_targets_write_their_files_beside_one_another(exported: tuple[Path, str]) -> None:
    out, stdout = exported
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "small.onnx",
        *(f"small_{suffix}.onnx" for suffix in ("fp32", "fp16", "int8")),
        *(f"small_{suffix}.tflite" for suffix in ("fp32", "fp16", "dynamic", "int8")),
    }
    artifacts = json.loads((out / "manifest.json").read_text())["artifacts"]
    assert [(one["target"], one["scheme"]) for one in artifacts] == [
        *(("tflite", scheme) for scheme in ("none", "fp16", "dynamic", "int8")),
        *(("onnx", scheme) for scheme in ("none", "fp16", "int8")),
    ]
    assert "createSession" in stdout
    assert "still computed in float: 1 HardSigmoid, 1 Mul" in (out / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quant", "dynamic"), "--quant dynamic does not go with --to onnx."),
        (("--quant", "palette4"), "--quant palette4 does not go with --to onnx."),
        (("--io-layout", "nchw"), "--io-layout does not go with --to onnx."),
        (("--io-dtype", "int8"), "--io-dtype does not go with --to onnx."),
        (("--ios", "17"), "--ios does not go with --to onnx."),
    ],
)
def test_what_the_target_does_not_have_is_refused(
    network: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "out"
    stdout, stderr = run(network, "--to", "onnx", *arguments, "--out", out, code=2)
    assert stdout == ""
    assert stderr.startswith(f"error: {words}")
    assert not out.exists()


@pytest.mark.parametrize(
    ("scheme", "tolerance"), [("fp32", "float"), ("fp16", "fp16"), ("int8", "int8")]
)
def test_verify_compares_each_file_with_the_graph(
    exported: tuple[Path, str], scheme: str, tolerance: str
) -> None:
    out, _ = exported
    file = out / f"small_{scheme}.onnx"
    report = json.loads(run("verify", file, "--runtime", f"{OPTIMIZED},{BASIC}", "--json")[0])
    assert report["ok"] is True
    assert report["reference"] == str(out / "small.onnx")
    assert report["tolerance"] == tolerance
    assert [one["runtime"] for one in report["runtimes"]] == [OPTIMIZED, BASIC]
    stdout, _ = run("verify", file)
    assert stdout.splitlines()[-1].split()[0] == OPTIMIZED


def test_verify_takes_the_inputs_by_position_where_names_differ(files: Path) -> None:
    model = onnx.load(files / "small_fp32.onnx")
    model.graph.input[0].name = "picture"
    model.graph.node[0].input[0] = "picture"
    other = files.parent / "renamed.onnx"
    onnx.save(model, str(other))
    arguments = ("verify", other, "--reference", files / "small.onnx", "--calib", "random")
    report = json.loads(run(*arguments, "--json")[0])
    assert report["ok"] is True


def test_verify_runs_a_file_that_takes_float16(files: Path) -> None:
    model = onnx.load(files / "small_fp16.onnx")
    first = model.graph.node[0]
    assert first.op_type == "Cast"
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    first.attribute[0].i = onnx.TensorProto.FLOAT16
    other = files.parent / "half.onnx"
    onnx.save(model, str(other))
    report = json.loads(run("verify", other, "--reference", files / "small.onnx", "--json")[0])
    assert (report["ok"], report["tolerance"]) == (True, "fp16")


def test_verify_finds_changed_weights(files: Path) -> None:
    path = files / "small_int8.onnx"
    model = onnx.load(path)
    [one] = [one for one in model.graph.initializer if one.name == "filters_quantized"]
    values = numpy_helper.to_array(one)
    one.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values[::-1]), one.name))
    onnx.save(model, str(path))
    _, stderr = run("verify", path, code=3)
    assert "is not the file that was exported" in stderr
    stdout, _ = run("verify", path, "--reference", files / "small.onnx", code=3)
    assert "NO: " in stdout


def test_verify_of_the_graph_itself_says_what_it_is(exported: tuple[Path, str]) -> None:
    out, _ = exported
    report = json.loads(run("verify", out / "small.onnx", "--json")[0])
    assert report["only_runtimes_compared"] is True
    assert report["reference"] == f"the runtime {BASIC}"
    assert [one["runtime"] for one in report["runtimes"]] == [OPTIMIZED]
    assert any("the graph that the other files" in note for note in report["notes"])


def test_verify_of_a_lone_file_compares_the_default_runtime(files: Path) -> None:
    (files / "manifest.json").unlink()
    for arguments in ((), ("--runtime", BASIC)):
        stdout, _ = run("verify", files / "small_int8.onnx", "--json", *arguments)
        report = json.loads(stdout)
        assert [one["runtime"] for one in report["runtimes"]] == [OPTIMIZED]
        assert (report["ok"], report["tolerance"]) == (True, "int8")
        assert not any("the graph that the other" in note for note in report["notes"])


def test_verify_asks_for_shapes_that_a_file_leaves_open(files: Path, tmp_path: Path) -> None:
    path = write_network(tmp_path / "open.onnx", shape=("batch", 3, 16, 16), op="HardSwish")
    _, stderr = run("verify", path, code=2)
    assert "leaves a dimension of its input image open" in stderr
    report = json.loads(run("verify", path, "--reference", files / "small.onnx", "--json")[0])
    assert report["ok"] is True


def test_verify_refuses_a_graph_of_other_shapes(files: Path, tmp_path: Path) -> None:
    other = write_network(tmp_path / "other.onnx", shape=(1, 3, 8, 8))
    _, stderr = run("verify", files / "small_fp32.onnx", "--reference", other, code=2)
    assert "has shape (1, 3, 16, 16), and the reference (1, 3, 8, 8)" in stderr


def test_inspect_says_what_a_file_holds_and_what_is_recorded(exported: tuple[Path, str]) -> None:
    out, _ = exported
    file = out / "small_int8.onnx"
    report = json.loads(run("inspect", file, "--json")[0])
    assert report["file"] == str(file)
    assert report["producer"] == "edgeship"
    assert report["opsets"] == {"ai.onnx": 18}
    assert report["inputs"] == [{"name": "image", "dtype": "float", "shape": "1x3x16x16"}]
    assert report["outputs"] == [{"name": "scores", "dtype": "float", "shape": "1x10"}]
    assert report["operators"]["Conv"] == 1
    assert report["file_bytes"] == file.stat().st_size
    assert report["recorded"]["scheme"] == "int8"
    stdout, _ = run("inspect", file)
    assert "DequantizeLinear" in stdout
    assert "sqnr_db" in stdout


def test_inspect_says_which_file_is_the_graph(exported: tuple[Path, str], network: Path) -> None:
    words = "the graph that the other files beside it were made from"
    assert words in run("inspect", exported[0] / "small.onnx")[0]
    assert words not in run("inspect", network)[0]


def test_inspect_shows_shapes_that_are_unknown(tmp_path: Path) -> None:
    path = write_network(tmp_path / "open.onnx", shape=("batch", 3, 16, 16))
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    model.graph.input[0].type.tensor_type.shape.dim[3].ClearField("dim_value")
    onnx.save(model, str(path))
    report = json.loads(run("inspect", path, "--json")[0])
    assert report["inputs"][0]["shape"] == "batchx3x16x?"
    assert report["outputs"][0]["shape"] == "unknown"


@pytest.mark.parametrize("content", [b"", b"neither", b"\x08\x08"])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    for command in ("inspect", "verify"):
        _, stderr = run(command, path, code=2)
        assert "is not a readable ONNX model" in stderr
