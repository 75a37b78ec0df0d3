"""A quantized ONNX file through all stages: what is taken over, compared, and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import Result, export
from _edgeship.export.preparation import quantized
from _edgeship.export.preparation.given import Given, Scale
from tests.export.preparation.quantized_graphs import NETWORKS
from tests.export.tflite.test_given_scales import small_network

pytestmark = pytest.mark.slow


def exported(model: onnx.ModelProto, folder: Path, *targets: str) -> Result:
    path = folder / "net.onnx"
    onnx.save(model, path)
    return export(Request(str(path), targets=targets, schemes=("none", "int8"), out=folder / "out"))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("quantized")
    return exported(small_network()[0], folder, "tflite", "onnx", "coreml")


def stage(result: Result, name: str) -> Any:
    return next(stage for stage in result.stages if stage.stage == name)


def test_the_scales_explain_the_file_exactly(result: Result) -> None:
    assert stage(result, "scales of the file").parity.max_rel < 1e-5
    assert "7 activations" in stage(result, "scales of the file").detail
    # Without the rounding of activations it is another network.
    assert 10 < stage(result, "verify capture").parity.sqnr_db < 60


@pytest.mark.parametrize("target", ["TFLite", "ONNX Runtime", "Core ML"])
def test_float_files_hold_the_float_network_and_int8_files_the_quantized_one(
    result: Result, target: str
) -> None:
    rounding = stage(result, "verify capture").parity.sqnr_db
    assert stage(result, f"{target} none").parity.max_rel < 1e-4
    int8 = stage(result, f"{target} int8").parity.sqnr_db
    # Core ML does not round the network's outputs, which the file does.
    assert int8 > rounding - 3
    if target != "Core ML":
        assert int8 > rounding + 3


def test_nothing_is_calibrated_and_the_manifest_says_so(result: Result) -> None:
    manifest = json.loads((result.files[-1]).read_text())
    assert manifest["calibration"]["scales"] == "the file's own scales of 7 activations"
    assert any("quantized before" in note for note in result.notes)
    assert not any("Calibrated on" in note for note in result.notes)
    assert "9 tensors with the scales of the file" in stage(result, "TFLite int8").detail


def test_wrong_scales_are_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = quantized._take_pairs

    def wrong(*args: Any) -> tuple[dict[str, Scale], int]:
        scales, dropped = taken(*args)
        return {
            name: Scale(np.float32(scale.step / 60), scale.zero_point, scale.bits)
            for name, scale in scales.items()
        }, dropped

    monkeypatch.setattr(quantized, "_take_pairs", wrong)
    with pytest.raises(VerificationError) as caught:
        exported(NETWORKS["relu_left_out"](), tmp_path, "tflite")
    assert caught.value.where == "scales of the file"


def test_what_was_quantized_at_run_time_is_calibrated(tmp_path: Path) -> None:
    result = exported(dynamic(), tmp_path, "tflite")
    assert any("Calibrated on" in note for note in result.notes)
    assert "ranges measured" in stage(result, "TFLite int8").detail


def dynamic() -> onnx.ModelProto:
    return onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["": 13]>
        agraph (float[1,3,8,8] x) => (float[1,2,8,8] y)
        <int8[2,3,1,1] w = {90, -127, 4, 127, 33, -80}, uint8 wz = {0}, float ws = {0.01}> {
            q, s, z = DynamicQuantizeLinear(x)
            i = ConvInteger(q, w, z)
            f = Cast<to = 1>(i)
            t = Mul(s, ws)
            y = Mul(f, t)
        }"""
    )


def test_the_given_scales_in_words() -> None:
    scale = Scale(np.float32(0.5), -128, 8)
    assert scale.range == (0.0, 127.5)
    assert str(Given({"x": scale})) == "the file's own scales of 1 activations"
    assert Given({"x": Scale(np.float32(1), 3, 16)}).widths == set()


def test_scales_are_found_where_ports_get_other_names(tmp_path: Path) -> None:
    model = small_network()[0]
    ports = {model.graph.input[0].name: "in.1", model.graph.output[0].name: "out/1"}
    for node in model.graph.node:
        for values in (node.input, node.output):
            values[:] = [ports.get(name, name) for name in values]
    for value in (*model.graph.input, *model.graph.output):
        value.name = ports[value.name]
    found = exported(model, tmp_path, "tflite")
    assert "7 activations" in stage(found, "scales of the file").detail
    assert "9 tensors with the scales of the file" in stage(found, "TFLite int8").detail
    [int8] = [one for one in found.manifest.artifacts if one.scheme == "int8"]
    assert [port.name for port in (*int8.inputs, *int8.outputs)] == ["in_1", "out_1"]
