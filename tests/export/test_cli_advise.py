"""`advise`: what it prints about files, and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import onnx_ir as ir
import pytest

from _edgeship.device_bench.prediction.model import LatencyModel, Setup, place, save
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.studies import layer_times as device_time
from _edgeship.device_bench.studies.layer_times import Measured
from _edgeship.export.advice.from_tflite import read_tflite_steps
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.writer import to_bytes, to_model
from tests.device_bench.synthetic import PHONE
from tests.export.advice.graphs import Nodes
from tests.export.command_line import run, write_network


def _unit(path: Path, *, balanced: bool = False) -> ir.Model:
    """Write an inverted bottleneck of MobileNet V2's first stages, or one of equal widths."""
    wide = 24 if balanced else 144
    nodes = Nodes(1, 24, 28, 28).conv("x", "stem", 24, 24, 3, 24)
    nodes.conv("stem", "expand", 24, wide).node("Relu", "expand", "a")
    nodes.conv("a", "spatial", wide, wide, 3, wide).conv("spatial", "shrink", wide, 24)
    model = (nodes if balanced else nodes.node("Add", "shrink stem", "sum")).model(
        "shrink" if balanced else "sum"
    )
    ir.save(model, str(path))
    return model


def test_a_file_is_shown_with_what_breaks_the_guidelines(tmp_path: Path) -> None:
    _unit(tmp_path / "unit.onnx")
    stdout, stderr = run("advise", tmp_path / "unit.onnx")
    assert stderr == ""
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    # 9 * 24 + 2 * 24 * 144 + 9 * 144 per place
    assert lines[0].startswith("unit: 6.604 M mult-adds")
    rows = {line.split()[0]: line for line in lines if line.startswith(("expand", "spatial"))}
    assert rows["expand"].startswith("expand 24 -> 144 1x1 1 2.710 M")
    assert rows["expand"].endswith("G1")
    assert "144 -> 144 3x3 depthwise" in rows["spatial"]
    assert any(line.startswith("G1 expand 24 -> 144 channels, 1:6 58 -> 58") for line in lines)
    assert any(line.startswith("G4 n_sum Add") for line in lines)


def test_json_has_every_layer_and_finding(tmp_path: Path) -> None:
    model = _unit(tmp_path / "unit.onnx")
    report = json.loads(run("advise", tmp_path / "unit.onnx", "--json", "--balance", "4")[0])
    assert report["balance"] == 4
    assert [layer["name"] for layer in report["layers"]] == ["stem", "expand", "spatial", "shrink"]
    assert [layer["guidelines"] for layer in report["layers"]] == [[], ["G1"], [], ["G1"]]
    first = report["layers"][1]
    assert first["memory_access"] == 784 * (24 + 144) + 24 * 144
    assert first["intensity"] == pytest.approx(first["mult_adds"] / first["memory_access"] / 4)
    assert sorted(finding["guideline"] for finding in report["findings"]) == ["G1", "G1", "G4"]
    assert report["measured"] is None
    assert all(layer["time"] is None for layer in report["layers"])
    # The file made from it has the same layers; ReLUs are in them.
    lowered = lower(model)
    file = tmp_path / "unit.tflite"
    file.write_bytes(to_bytes(to_model(lowered.graph, lowered.io, "unit")))
    written = json.loads(run("advise", file, "--json")[0])
    assert written["mult_adds"] == report["mult_adds"]
    assert [layer["op"] for layer in written["layers"]] == [
        "DEPTHWISE_CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D",
    ]  # fmt: skip


def test_a_network_without_faults_is_said_to_have_none(tmp_path: Path) -> None:
    _unit(tmp_path / "equal.onnx", balanced=True)
    stdout, _ = run("advise", tmp_path / "equal.onnx")
    assert "No layer breaks a guideline." in stdout


def test_times_of_a_device_stand_beside_the_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered = lower(_unit(tmp_path / "unit.onnx"))
    data = to_bytes(to_model(lowered.graph, lowered.io, "unit"))
    steps = read_tflite_steps(data, "unit")
    asked = []

    def measure(model: str, shapes: object, device: Device) -> Measured:
        asked.append((model, device.selector))
        return Measured(steps, "virtual", "instructions", 10_000, (500, 6000, 2000, 1000), 500)

    monkeypatch.setattr(device_time, "measure", measure)
    stdout, _ = run("advise", tmp_path / "unit.onnx", "--device", "local")
    assert asked == [(str(tmp_path / "unit.onnx"), "local")]
    rows = [" ".join(line.split()) for line in stdout.splitlines()]
    assert "mult-adds per instruction " in stdout
    [expand] = [row for row in rows if row.startswith("expand")]
    assert "60.0% 451.58 G1" in expand  # 24 * 144 * 784 / 6000
    assert any("measured on virtual" in row and "10.00 k instructions" in row for row in rows)


def test_other_layers_in_the_file_are_shown_instead_of_the_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unit(tmp_path / "unit.onnx")
    lowered = lower(_unit(tmp_path / "other.onnx", balanced=True))
    steps = read_tflite_steps(to_bytes(to_model(lowered.graph, lowered.io, "other")), "other")
    measured = Measured(steps, "local", "ns", 10_000, (), 9_000)
    monkeypatch.setattr(device_time, "measure", lambda *arguments: measured)
    stdout, _ = run("advise", tmp_path / "unit.onnx", "--device", "local")
    assert "note: The exported file has other layers than the graph" in stdout
    assert "they cannot be told apart" in stdout
    assert "DEPTHWISE_CONV_2D 0" in stdout
    assert "expand" not in stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nosuchmodel",), "There is no model named 'nosuchmodel'."),
        (("nosuch.tflite",), "nosuch.tflite does not exist."),
        (("nosuch.onnx",), "nosuch.onnx does not exist."),
        (("shufflenet_v2", "--balance", "0"), "--balance 0 must be above 0."),
        (("shufflenet_v2", "--balance", "nan"), "--balance nan must be above 0."),
        (("shufflenet_v2", "--input", "1,x"), "is not a list of whole numbers"),
        (("shufflenet_v2", "--device", "toaster"), "'toaster' names no device."),
    ],
)
def test_wrong_input(arguments: tuple[str, ...], message: str) -> None:
    stdout, stderr = run("advise", *arguments, code=2)
    assert message in stderr
    assert stdout == ""


def test_an_open_dimension_is_to_be_fixed(tmp_path: Path) -> None:
    path = write_network(tmp_path / "open.onnx", shape=("batch", 3, "height", 16))
    _, stderr = run("advise", path, code=2)
    assert "--input 1,3,224,16" in stderr
    stdout, _ = run("advise", path, "--input", "1,3,32,16")
    assert stdout.startswith("open: 110.672 k mult-adds")  # 32 * 16 * 8 * 27 + 80


@pytest.mark.slow
def test_a_model_by_name_has_the_names_of_its_modules() -> None:
    report = json.loads(run("advise", "shufflenet_v2_x0_5", "--json")[0])
    assert report["mult_adds"] == 40_476_448
    assert report["layers"][1]["name"] == "stage2.0.branch1.0"
    assert report["findings"] == []
    assert max(block["branches"] for block in report["blocks"]) == 2


def test_changes_save_time_by_a_fitted_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lowered = lower(_unit(tmp_path / "unit.onnx"))
    data = to_bytes(to_model(lowered.graph, lowered.io, "unit"))
    steps = read_tflite_steps(data, "unit")
    ms = 1_000_000
    took = Measured(steps, "local", "ns", 10 * ms, (ms, 4 * ms, 2 * ms, 3 * ms), ms)
    monkeypatch.setattr(device_time, "measure", lambda *arguments: took)
    command = ("advise", tmp_path / "unit.onnx", "--device", "local")

    stdout, _ = run(*command)
    assert "time saved" not in stdout
    assert "a model is fitted to it: python -m device_bench fit --device local" in stdout

    # Time goes with memory access alone: what G1 saves of that is what it saves of the time.
    by_bytes = {"overhead": 0.0, "per_mult_add": 0.0, "per_byte": 1.0, "samples": 9}
    sizes = {"most_mult_adds": 10**9, "most_bytes": 10**9, "dtype": "float32"}
    roofs = [{**by_bytes, **sizes, "kind": kind} for kind in ("conv 1x1", "ADD")]
    held = {"name": "n", "family": "f", "dtype": "float32", "predicted": 1.0, "measured": 1.0}
    model = LatencyModel.model_validate(
        {
            "fitted": "2026-11-29T19:00:00+00:00",
            "device": PHONE.model_copy(update={"selector": "local"}),
            "setup": {},
            "runtime": "LiteRT 2.3.0",
            "files": (),
            "layers": 9,
            "rules": {"roofs": roofs, "stand_ins": [{**roofs[0], "kind": "layer"}]},
            "held_out": [{**held, "layers": [math.log(1.1)] * 20}],
        }
    )
    save(model, place("local", Setup()))
    stdout, _ = run(*command)
    # 24 -> 144 channels at 28x28: 58 -> 58 move 67.5 % of it, of the 4 ms that it took.
    ratio = (784 * 116 + 58 * 58) / (784 * 168 + 24 * 144)
    low, high = 4 * (1 - 1.1 * ratio), 4 * (1 - ratio / 1.1)
    assert f"{4 * (1 - ratio):.3f} ms ({low:.3f} to {high:.3f})" in " ".join(stdout.split())
    assert "off by less than a factor of 1.10" in stdout
    report = json.loads(run(*command, "--json")[0])
    saved = {f["layer"]: f["time_saved"] for f in report["findings"]}
    assert saved["expand"]["time"] == pytest.approx(4e6 * (1 - ratio))
    assert (saved["expand"]["measured"], saved["n_sum"]["measured"]) == (True, False)
    # The sum of two maps of 24 channels, 4 bytes a value, at 1 ns a byte.
    assert saved["n_sum"]["time"] == pytest.approx(3 * 24 * 784 * 4)
