"""`inspect` and `verify`: files as exported, changed, on their own, and beside other manifests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.contract.manifest import Port as RecordedPort
from _edgeship.export.runtimes import apart_starter
from _edgeship.export.runtimes.interpreters import RUNTIMES, Runtime
from _edgeship.export.runtimes.tflite_ports import PortSpec
from _edgeship.export.tflite.file_ports import match, on_their_own
from _edgeship.export.tflite.inspection import FilePort
from _edgeship.export.verification.tolerance import TOLERANCES, Tolerance
from tests.export.command_line import run, write_network


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    network = write_network(folder / "small.onnx")
    run(network, "--quant", "none,int8", "--io-layout", "nchw", "--out", folder / "out")
    return folder / "out"


@pytest.fixture
def files(exported: Path, tmp_path: Path) -> Path:
    """Return a copy of the exported folder that a test may change."""
    return Path(shutil.copytree(exported, tmp_path / "files"))


def test_verify_compares_with_the_graph_beside_the_manifest(exported: Path) -> None:
    stdout, _ = run(
        "verify", exported / "small_int8.tflite", "--runtime", "litert,litert-reference"
    )
    assert f"against {exported / 'small.onnx'}" in stdout
    rows = [line.split() for line in stdout.splitlines()[-2:]]
    assert [(row[0], row[-1]) for row in rows] == [("litert", "yes"), ("litert-reference", "yes")]


def test_verify_json_holds_the_same_parity_as_the_manifest(exported: Path) -> None:
    stdout, _ = run("verify", exported / "small_fp32.tflite", "--json")
    report = json.loads(stdout)
    assert report["ok"] is True
    assert report["tolerance"] == "float"
    assert report["only_runtimes_compared"] is False
    manifest = json.loads((exported / "manifest.json").read_text())
    # The network is an ONNX file itself, so the export compared with nearly the same graph.
    recorded = manifest["artifacts"][0]["parity"]["max_abs"]
    assert report["runtimes"][0]["parity"]["max_abs"] == pytest.approx(recorded, abs=1e-5)
    assert report["samples"]["count"] == manifest["verification"]["samples"]


def test_verify_exits_3_if_the_weights_differ(files: Path) -> None:
    other = write_network(files / "other.onnx", seed=1)
    stdout, _ = run("verify", files / "small_fp32.tflite", "--reference", other, "--json", code=3)
    report = json.loads(stdout)
    assert report["ok"] is False
    assert "float allows" in report["runtimes"][0]["problem"]


def test_verify_exits_3_if_the_graph_beside_the_file_is_another(files: Path) -> None:
    write_network(files / "small.onnx", seed=1)
    _, stderr = run("verify", files / "small_fp32.tflite", code=3)
    assert "small.onnx is not the graph that the file was made from." in stderr


def test_verify_exits_3_out_of_tolerance(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOLERANCES, "int8", Tolerance(min_sqnr_db=1000.0))
    stdout, _ = run("verify", exported / "small_int8.tflite", code=3)
    assert "NO: The SQNR is" in stdout


def test_verify_exits_3_for_a_file_that_is_not_the_one_recorded(files: Path) -> None:
    shutil.copy(files / "small_fp32.tflite", files / "small_int8.tflite")
    manifest = json.loads((files / "manifest.json").read_text())
    del manifest["artifacts"][0]  # or the file is found under its other name
    (files / "manifest.json").write_text(json.dumps(manifest))
    _, stderr = run("verify", files / "small_int8.tflite", code=3)
    assert "small_int8.tflite is not the file that was exported." in stderr
    assert "another sha256" in stderr
    # With a graph of one's own the manifest does not matter.
    stdout, _ = run("verify", files / "small_int8.tflite", "--reference", files / "small.onnx")
    assert "is left out" in stdout
    stdout, _ = run("inspect", files / "small_int8.tflite")
    assert "the file is not the one recorded" in stdout


def test_verify_exits_3_if_a_runtime_refuses_the_file(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.errors import VerificationError
    from _edgeship.export.tflite import file as tflite_file

    def refuse(*args: object) -> None:
        raise VerificationError("The runtime refuses the file.", why="It is Monday.")

    monkeypatch.setattr(tflite_file, "SessionApart", refuse)
    stdout, _ = run("verify", exported / "small_int8.tflite", code=3)
    assert "NO: The runtime refuses the file. It is Monday." in stdout


def test_verify_without_a_reference_compares_runtimes_and_says_so(files: Path) -> None:
    (files / "manifest.json").unlink()
    stdout, _ = run("verify", files / "small_int8.tflite", "--json")
    report = json.loads(stdout)
    assert report["only_runtimes_compared"] is True
    assert report["reference"] == "the runtime litert-reference"
    assert [runtime["runtime"] for runtime in report["runtimes"]] == ["litert"]
    assert any("there is no reference" in note for note in report["notes"])


def test_verify_takes_another_programs_manifest_for_none(files: Path) -> None:
    (files / "manifest.json").write_text('{"name": "an app", "icons": []}')
    stdout, _ = run("verify", files / "small_fp32.tflite")
    assert "there is no reference" in stdout


def test_verify_with_a_reference_of_its_own_needs_no_manifest(files: Path) -> None:
    (files / "manifest.json").unlink()
    stdout, _ = run("verify", files / "small_int8.tflite", "--reference", files / "small.onnx")
    assert "no manifest says how images are normalised" in stdout
    assert stdout.split()[-1] == "yes"


def test_verify_fixes_open_dimensions_of_the_reference(files: Path) -> None:
    graph = write_network(files / "open.onnx", shape=("batch", 3, "height", 16))
    file = files / "small_fp32.tflite"
    _, stderr = run("verify", file, "--reference", graph, code=2)
    assert "--input 1,3,224,16" in stderr
    run("verify", file, "--reference", graph, "--input", "1,3,16,16")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--runtime", "litertt"), "did you mean litert?"),
        (("--runtime", "absent"), "pip install absent-runtime"),
        (("--reference", "nosuch.onnx"), "nosuch.onnx does not exist."),
        (("--calib", "nosuch"), "There is no calibration source nosuch."),
        (("--input", "1,x"), "is not a list of whole numbers"),
    ],
)
def test_wrong_options_of_verify(
    exported: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr(apart_starter, "_here", True)  # another process would not know of it
    absent = Runtime("no_such_module", "Interpreter", "pip install absent-runtime")
    monkeypatch.setitem(RUNTIMES, "absent", absent)
    stdout, stderr = run("verify", exported / "small_int8.tflite", *options, code=2)
    assert message in stderr
    assert stdout == ""


def test_verify_names_what_is_missing_or_damaged(files: Path) -> None:
    _, stderr = run("verify", files, code=2)
    assert "no bundle" in stderr and "or name a file in it" in stderr
    renamed = shutil.copy(files / "small.onnx", files / "small.tflite")
    _, stderr = run("verify", renamed, code=2)
    assert "not a TFLite file" in stderr
    graph = write_network(files / "other.onnx", shape=(1, 3, 8, 8))
    _, stderr = run("verify", files / "small_fp32.tflite", "--reference", graph, code=2)
    assert "has shape (1, 3, 16, 16), and the reference (1, 3, 8, 8)" in stderr
    (files / "small.onnx").unlink()
    _, stderr = run("verify", files / "small_fp32.tflite", code=2)
    assert "small.onnx does not exist" in stderr


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"tool": "edgeship"}',
        "[" * 100_000,
    ],
)
def test_a_damaged_manifest_stops_verify_and_not_inspect(files: Path, text: str) -> None:
    (files / "manifest.json").write_text(text)
    _, stderr = run("verify", files / "small_fp32.tflite", code=2)
    assert "manifest.json is not a readable manifest." in stderr
    stdout, _ = run("inspect", files / "small_fp32.tflite")
    assert "manifest.json is not a readable manifest." in stdout


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("preprocess", {"mean": ["a"], "std": [1], "crop": 1}),
        ("preprocess", {}),
        ("model", {}),
        ("model", {"name": 5}),
        ("weights", {}),
    ],
)
def test_a_manifest_with_a_wrong_entry_is_unreadable(
    files: Path, entry: str, value: object
) -> None:
    manifest = json.loads((files / "manifest.json").read_text())
    (files / "manifest.json").write_text(json.dumps({**manifest, entry: value}))
    _, stderr = run("verify", files / "small_fp32.tflite", code=2)
    assert "manifest.json is not a readable manifest." in stderr


def test_a_manifest_does_not_lead_out_of_its_folder(files: Path) -> None:
    manifest = json.loads((files / "manifest.json").read_text())
    manifest["onnx"]["file"] = "../exported/out/small.onnx"
    (files / "manifest.json").write_text(json.dumps(manifest))
    stdout, _ = run("verify", files / "small_fp32.tflite")
    assert f"against {files / 'small.onnx'}" in stdout


def test_inspect_shows_the_file_and_what_its_manifest_records(exported: Path) -> None:
    stdout, _ = run("inspect", exported / "small_int8.tflite")
    words = " ".join(stdout.split())
    assert "CONV_2D" in words
    assert "weights those in small.onnx" in words
    assert "sqnr_db against the ONNX file" in words


def test_inspect_finds_a_renamed_file_by_its_digest(files: Path) -> None:
    (files / "small_int8.tflite").rename(files / "renamed.tflite")
    stdout, _ = run("inspect", files / "renamed.tflite", "--json")
    report = json.loads(stdout)
    assert report["recorded"]["scheme"] == "int8"
    assert report["recorded"]["unchanged"] is True
    assert report["operator_count"] == sum(kind["count"] for kind in report["operators"])


def test_inspect_of_a_lone_file_says_that_nothing_is_recorded(files: Path) -> None:
    (files / "manifest.json").unlink()
    stdout, _ = run("inspect", files / "small_int8.tflite")
    assert "No manifest.json beside the file lists it." in stdout
    stdout, _ = run("inspect", files / "small_int8.tflite", "--json")
    assert json.loads(stdout)["recorded"] is None


def test_inspect_shows_an_onnx_file(tmp_path: Path) -> None:
    network = write_network(tmp_path / "open.onnx", shape=("batch", 3, "height", 16))
    stdout, _ = run("inspect", network, "--json")
    report = json.loads(stdout)
    assert report["inputs"] == [{"name": "image", "dtype": "float", "shape": "batchx3xheightx16"}]
    counts = {"Conv": 1, "Relu": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}
    assert report["operators"] == counts
    stdout, _ = run("inspect", network)
    assert "GlobalAveragePool" in stdout


@pytest.mark.parametrize("name", ["nosuch.tflite", "nosuch.onnx", "text.tflite", "text.onnx", "."])
def test_inspect_of_anything_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("text.tflite", "text.onnx"):
        (tmp_path / text).write_text("neither")
    stdout, stderr = run("inspect", name, "--json", code=2)
    assert stderr.startswith("error: ")
    assert stdout == ""


def _port(name: str, *shape: int) -> FilePort:
    return FilePort(name, shape, "float32", None, None)


def test_ports_go_together_by_name_and_take_the_graphs_order() -> None:
    ports = [_port("a", 1, 4), _port("b", 1, 8, 8, 2)]
    assert match("input", ports, {"b": (1, 2, 8, 8), "a": (1, 4)}, ()) == (
        PortSpec("b", (1, 8, 8, 2), (0, 2, 3, 1)),
        PortSpec("a", (1, 4), (0, 1)),
    )


def test_ports_of_other_names_go_together_by_order() -> None:
    assert match("output", [_port("Identity", 1, 2, 8, 8)], {"y": (1, 2, 8, 8)}, ()) == (
        PortSpec("Identity", (1, 2, 8, 8), (0, 1, 2, 3)),
    )


def test_the_recorded_layout_decides_where_the_shape_does_not() -> None:
    recorded = [RecordedPort(name="x", shape=[1, 3, 3, 3], layout="NHWC", dtype="float32")]
    [spec] = match("input", [_port("x", 1, 3, 3, 3)], {"x": (1, 3, 3, 3)}, recorded)
    assert spec.perm == (0, 2, 3, 1)
    [spec] = match("input", [_port("x", 1, 3, 3, 3)], {"x": (1, 3, 3, 3)}, ())
    assert spec.perm == (0, 1, 2, 3)


def test_ports_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="has 1 inputs and the reference 2"):
        match("input", [_port("x", 1)], {"x": (1,), "y": (1,)}, ())
    with pytest.raises(InputError, match="shape"):
        match("input", [_port("x", 1, 5)], {"x": (1, 6)}, ())


def test_a_lone_file_with_colours_last_is_channels_last() -> None:
    specs = on_their_own([_port("x", 1, 8, 8, 3), _port("y", 1, 3, 8, 8), _port("z", 1, 3)])
    assert [spec.perm for spec in specs] == [(0, 2, 3, 1), (0, 1, 2, 3), (0, 1)]
