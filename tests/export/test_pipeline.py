"""The stages in their order, on a small network: what is written, compared, and refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.errors import InputError, UnsupportedError, VerificationError
from _edgeship.export import graph_stages, simplify
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.contract.request import Request
from _edgeship.export.network import source
from _edgeship.export.pipeline import export
from _edgeship.export.preparation import budgets
from _edgeship.export.tflite import float_file
from _edgeship.export.tflite.inspection import inspect

pytestmark = pytest.mark.slow

FACTORY = """
import torch
from torch import nn
from _edgeship.models.initialization import initialize

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
        self.fc = nn.Linear(8 * 8 * 8, 10)

    def forward(self, image):
        return self.fc(self.conv(image).flatten(1))

def build():
    return initialize(Net(), (2, 3, 16, 16), 0)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "tiny.py"
    path.write_text(FACTORY)
    return f"{path}:build"


def request(model, out, **options):
    return Request(model, shapes=((1, 3, 16, 16),), out=out, **options)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    stages: list[str] = []
    result = export(request(model, out, schemes=("none", "int8")), stages.append)
    return out, result, stages


def test_the_files_and_nothing_else_are_there(exported):
    out, result, _ = exported
    names = ["tiny_build.onnx", "tiny_build_fp32.tflite", "tiny_build_int8.tflite", "manifest.json"]
    assert [path.name for path in result.files] == names
    assert sorted(path.name for path in out.iterdir()) == sorted(names)


def test_every_stage_is_reported_timed_and_compared(exported):
    _, result, stages = exported
    assert stages == [stage.stage for stage in result.stages]
    assert all(stage.seconds > 0 and stage.detail for stage in result.stages)
    compared = {stage.stage for stage in result.stages if stage.parity is not None}
    assert compared >= {"verify capture", "rewrite", "TFLite none", "TFLite int8"}


def test_flatten_before_the_classifier_costs_no_transpose(exported):
    out, _, _ = exported
    kinds = {k.kind for k in inspect((out / "tiny_build_fp32.tflite").read_bytes()).operators}
    assert kinds == {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "PAD", "RESHAPE"}


def test_the_manifest_says_what_the_files_are(exported):
    out, result, _ = exported
    text = (out / "manifest.json").read_text()
    manifest = Manifest.model_validate_json(text)
    assert manifest == result.manifest
    for artifact in manifest.artifacts:
        data = (out / artifact.file).read_bytes()
        assert artifact.size == len(data)
        assert artifact.sha256 == hashlib.sha256(data).hexdigest()
    # 8 filters of 3x3x3 and 8 of 3x3 at 8x8 places, and the classifier.
    assert manifest.model["mult_adds"] == 64 * 8 * 27 + 64 * 8 * 9 + 512 * 10
    assert manifest.model["params"] == 8 * 27 + 16 + 8 * 9 + 16 + 5130
    assert manifest.artifacts[0].inputs[0].layout == "NHWC"
    assert manifest.artifacts[0].inputs[0].shape == [1, 16, 16, 3]
    assert manifest.calibration is not None and manifest.calibration["count"] == 36
    assert manifest.preprocess is not None and "scale" in manifest.preprocess
    assert manifest.verification == {
        "reference": "torch",
        "samples": 12,
        "source": manifest.calibration["source"],
        "held_out": True,
    }
    assert json.loads(text)["versions"]["torch"]
    # At the depthwise convolution, its padded input and its output are alive.
    assert manifest.artifacts[0].peak_activation_bytes == 4 * max(
        17 * 17 * 3 + 8 * 8 * 8, 16 * 16 * 3 + 17 * 17 * 3, 8 * 8 * 8 * 2
    )


def test_an_assumed_normalisation_is_said(exported):
    assert any("--mean" in note for note in exported[1].notes)


def test_the_written_onnx_goes_through_as_a_source(exported, tmp_path):
    out, _, _ = exported
    again = export(
        Request(str(out / "tiny_build.onnx"), out=tmp_path, mean=(0.5,) * 3, std=(1,) * 3)
    )
    assert [path.name for path in again.files] == [
        "tiny_build.onnx",
        "tiny_build_fp32.tflite",
        "manifest.json",
    ]
    kinds = [
        inspect((folder / "tiny_build_fp32.tflite").read_bytes()).operators
        for folder in (out, tmp_path)
    ]
    assert kinds[0] == kinds[1]
    assert again.manifest.verification["reference"] == "the ONNX file"
    assert not any("--mean" in note for note in again.notes)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float32"])
def test_ports_have_the_type_asked_for(exported, tmp_path, dtype):
    source = str(exported[0] / "tiny_build.onnx")
    out = tmp_path / "out"
    result = export(Request(source, schemes=("int8",), io_dtype=dtype, out=out))
    found = inspect((out / "tiny_build_int8.tflite").read_bytes())
    assert {port.dtype for port in (*found.inputs, *found.outputs)} == {dtype}
    assert result.manifest.artifacts[0].inputs[0].dtype == dtype


def test_nchw_ports(exported, tmp_path):
    source = str(exported[0] / "tiny_build.onnx")
    result = export(Request(source, io_layout="nchw", out=tmp_path))
    port = result.manifest.artifacts[0].inputs[0]
    assert (port.shape, port.layout) == ([1, 3, 16, 16], "NCHW")


def break_weights(graph: ir.Model) -> ir.Model:
    """Return a copy whose first convolution has another filter."""
    proto = ir.to_proto(graph)
    for tensor in proto.graph.initializer:
        data = onnx.numpy_helper.to_array(tensor)
        if data.ndim == 4:
            data = data.copy()
            data[0] *= 1.5
            tensor.CopyFrom(onnx.numpy_helper.from_array(data, tensor.name))
            break
    return ir.from_proto(proto)


def test_a_simplifier_that_changes_the_result_is_named(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(simplify, "simplify", break_weights)
    with pytest.raises(VerificationError) as caught:
        export(Request(str(exported[0] / "tiny_build.onnx"), out=tmp_path))
    assert caught.value.where == "rewrite, simplify"


def test_a_wrong_file_is_refused_named_and_removed(exported, tmp_path, monkeypatch):
    """The first tensor that differs is named, and no file stands at the final name."""
    old = tmp_path / "tiny_build_fp32.tflite"
    old.write_bytes(b"from an earlier export")
    lower = float_file.lower

    def wrong(graph, *layout):
        lowered = lower(graph, *layout)
        bias = next(op for op in lowered.graph.ops if op.kind == "DEPTHWISE_CONV_2D").inputs[2]
        lowered.graph.tensors[bias].data = lowered.graph.tensors[bias].data + np.float32(3)
        return lowered

    monkeypatch.setattr(float_file, "lower", wrong)
    with pytest.raises(VerificationError) as caught:
        export(Request(str(exported[0] / "tiny_build.onnx"), out=tmp_path))
    assert caught.value.exit_code == 3
    assert "DEPTHWISE_CONV_2D" in caught.value.why
    assert [path.name for path in tmp_path.iterdir()] == ["tiny_build_fp32.tflite.previous"]
    monkeypatch.setattr(budgets, "MOST_KEPT_BYTES", 2**10)
    with pytest.raises(VerificationError) as caught:
        export(Request(str(exported[0] / "tiny_build.onnx"), out=tmp_path))
    assert "DEPTHWISE_CONV_2D" not in caught.value.why
    assert "too much to compare them one by one: smaller inputs (--input)" in caught.value.why


def test_a_pass_that_changes_the_result_is_refused(exported, tmp_path, monkeypatch):
    from _edgeship.export import passes

    monkeypatch.setattr(passes, "rewrite", lambda graph: (break_weights(graph), {"bad_pass": 1}))
    with pytest.raises(VerificationError) as caught:
        export(Request(str(exported[0] / "tiny_build.onnx"), out=tmp_path / "out"))
    assert caught.value.where == "rewrite"
    assert not (tmp_path / "out").exists()


def test_bad_calibration_leaves_earlier_files_alone(exported, tmp_path):
    old = tmp_path / "tiny_build_int8.tflite"
    old.write_bytes(b"from an earlier export")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        export(
            Request(
                str(exported[0] / "tiny_build.onnx"),
                schemes=("int8",),
                calib=str(tmp_path / "empty"),
                out=tmp_path,
            )
        )
    assert old.read_bytes() == b"from an earlier export"


def test_a_capture_that_differs_from_torch_is_refused(model, tmp_path, monkeypatch):
    capture = graph_stages.capture

    def broken(*arguments):
        network, captured = capture(*arguments)
        return network, break_weights(captured)

    monkeypatch.setattr(graph_stages, "capture", broken)
    with pytest.raises(VerificationError) as caught:
        export(request(model, tmp_path / "out"))
    assert caught.value.where == "capture"


def test_a_network_with_a_scalar_output(tmp_path):
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            [
                onnx.helper.make_node("Relu", ["x"], ["r"]),
                onnx.helper.make_node("ReduceMean", ["r"], ["y"], keepdims=0),
            ],
            "g",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (2, 3))],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ())],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
    )
    proto.ir_version = 9
    onnx.save(proto, str(tmp_path / "mean.onnx"))
    result = export(Request(str(tmp_path / "mean.onnx"), out=tmp_path / "out"))
    assert result.manifest.artifacts[0].outputs[0].shape == []
    assert result.manifest.artifacts[0].parity["max_rel"] < 1e-6


def test_what_the_quantizer_cannot_do_is_said_in_a_sentence(model, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise ValueError("no rule for this")

    monkeypatch.setattr("litert_quantizer.quantizer.Quantizer.quantize", refuse)
    with pytest.raises(UnsupportedError, match="litert-quantizer cannot quantize") as caught:
        export(request(model, tmp_path / "out", schemes=("int8",)))
    assert (caught.value.exit_code, caught.value.why) == (4, "no rule for this")
    assert not (tmp_path / "out").exists()


BRANCHES = """
import torch
from torch import nn
from _edgeship.models.networks.repvgg import RepVGGBlock

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(RepVGGBlock(3, 8, 2), RepVGGBlock(8, 8, 1))

    def forward(self, image):
        return self.blocks(image).mean([2, 3])

    def reparameterize(self):
        for block in self.blocks:
            block.reparameterize()

class Broken(Net):
    def reparameterize(self):
        raise KeyError("branch")

def build():
    torch.manual_seed(0)
    return Net().eval()

def build_broken():
    return Broken().eval()
"""


def test_training_branches_are_folded_and_compared_with_the_trained_network(tmp_path):
    (tmp_path / "branches.py").write_text(BRANCHES)
    result = export(request(f"{tmp_path}/branches.py:build", tmp_path / "out"))
    assert result.manifest.artifacts[0].operators["CONV_2D"] == 2
    assert "ADD" not in result.manifest.artifacts[0].operators
    capture = next(stage for stage in result.stages if stage.stage == "capture")
    assert "branches folded" in capture.detail


def test_a_failing_reparameterize_is_one_sentence(tmp_path):
    (tmp_path / "branches2.py").write_text(BRANCHES)
    with pytest.raises(InputError, match=r"reparameterize\(\) failed") as error:
        export(request(f"{tmp_path}/branches2.py:build_broken", tmp_path / "out"))
    assert "KeyError" in error.value.why


def test_a_scheme_that_no_target_has_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="--quant palette6 does not go with --to tflite"):
        export(Request("nowhere.onnx", schemes=("palette6",), out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("ios", "words"), [(16, "use --ios 17"), (14, "choose from 15, 16, 17, 18")]
)
def test_an_ios_that_is_too_old_is_refused_at_once(tmp_path, ios, words):
    asked = Request("nowhere.onnx", ("coreml",), ("none", "int8"), ios=ios, out=tmp_path / "out")
    with pytest.raises(InputError) as error:
        export(asked)
    assert words in error.value.todo
    assert not (tmp_path / "out").exists()


def test_the_crop_that_the_weights_were_trained_with_is_kept(model, tmp_path, monkeypatch):
    known = Preprocess((0.1, 0.2, 0.3), (0.4, 0.5, 0.6), crop=1.0)
    load = source.load_network
    monkeypatch.setattr(
        source, "load_network", lambda *a, **k: replace(load(*a, **k), preprocess=known)
    )
    manifest = export(request(model, tmp_path / "own")).manifest
    assert manifest.preprocess == known.describe()
    manifest = export(request(model, tmp_path / "std", std=(1.0, 1.0, 1.0))).manifest
    assert manifest.preprocess == replace(known, std=(1.0, 1.0, 1.0)).describe()


def test_blue_first_needs_pictures(tmp_path):
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node("Relu", ["x"], ["y"])],
            "g",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (2, 3))],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (2, 3))],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
    )
    proto.ir_version = 9
    onnx.save(proto, str(tmp_path / "relu.onnx"))
    with pytest.raises(InputError, match="--color bgr needs a network that takes pictures"):
        export(Request(str(tmp_path / "relu.onnx"), color="bgr", out=tmp_path / "out"))
