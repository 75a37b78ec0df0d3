"""A small 3-D ShuffleNet V2 with a V1 unit, from torch to verified files of every scheme."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from _edgeship.export.tflite import writing
from _edgeship.export.tflite.inspection import inspect
from _edgeship.export.tflite.writer import from_bytes

pytestmark = pytest.mark.slow

NETWORK = """
import torch
from torch import nn
from _edgeship.models.initialization import initialize

def conv(inputs, outputs, kernel=1, stride=1, groups=1, relu=True):
    layer = nn.Conv3d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm3d(outputs), *([nn.ReLU()] if relu else []))

def shuffle(x, groups):
    n, c, *size = x.shape
    return x.view(n, groups, c // groups, *size).transpose(1, 2).reshape(n, c, *size)

def branch(inputs, outputs, stride):
    return nn.Sequential(
        conv(inputs, outputs),
        conv(outputs, outputs, 3, stride, outputs, relu=False),
        conv(outputs, outputs))

class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        half = outputs // 2
        self.left = nn.Sequential(
            conv(inputs, inputs, 3, 2, inputs, relu=False), conv(inputs, half))
        self.right = branch(inputs, half, 2)

    def forward(self, x):
        return shuffle(torch.cat([self.left(x), self.right(x)], 1), 2)

class Unit(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.branch = branch(channels // 2, channels // 2, 1)

    def forward(self, x):
        kept, used = x.chunk(2, dim=1)
        return shuffle(torch.cat([kept, self.branch(used)], 1), 2)

class Grouped(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = conv(channels, channels, groups=4)
        self.rest = nn.Sequential(
            conv(channels, channels, 3, groups=channels, relu=False),
            conv(channels, channels, groups=4, relu=False))

    def forward(self, x):
        return torch.relu(x + self.rest(shuffle(self.first(x), 4)))

def network(*units):
    net = nn.Sequential(
        conv(3, 8, 3, (1, 2, 2)), nn.MaxPool3d(3, 2, 1), Down(8, 16), *units,
        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(16, 10))
    return initialize(net, (2, 3, 8, 32, 32), 0)

def v2():
    return network(Unit(16), Unit(16))

def v1():
    return network(Grouped(16))
"""

SCHEMES = ("none", "fp16", "dynamic", "int8", "int16x8")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "video.py"
    path.write_text(NETWORK)
    return path


@pytest.fixture(scope="module")
def results(source, tmp_path_factory):
    found = {}
    for name in ("v2", "v1"):
        options = {"out": tmp_path_factory.mktemp(name), "schemes": SCHEMES}
        shapes = ((1, 3, 8, 32, 32),)
        found[name] = export(Request(f"{source}:{name}", shapes=shapes, **options))
    return found


@pytest.fixture(params=["v2", "v1"])
def exported(request, results):
    result = results[request.param]
    return request.param, result.files[0].parent, result


@pytest.fixture
def onnx_file(results):
    (path,) = (path for path in results["v2"].files if path.suffix == ".onnx")
    return str(path)


def kinds_of(path):
    return {kind.kind: kind.count for kind in inspect(path.read_bytes()).operators}


def test_every_file_runs_on_2d_operators_alone(exported):
    name, out, _ = exported
    files = sorted(out.glob("*.tflite"))
    assert len(files) == len(SCHEMES)
    for path in files:
        kinds = kinds_of(path)
        assert not {"CONV_3D", "GATHER", "STRIDED_SLICE"} & set(kinds)
        # The two shuffles around grouped convolutions are those that weights cannot absorb, and
        # each, of 2 x 4 x 4 places, is two transposes of large matrices.
        assert kinds.get("TRANSPOSE", 0) == (2 * 2 if name == "v1" else 0)


def test_only_the_input_has_five_axes(exported):
    _, out, _ = exported
    for path in out.glob("*.tflite"):
        graph = from_bytes(path.read_bytes()).subgraphs[0]
        writers = {index: op for op in graph.operators for index in op.outputs}
        for index, tensor in enumerate(graph.tensors):
            if len(tensor.shape) > 4:
                # Or the input quantized.
                source = writers[index].inputs[0] if index in writers else index
                assert source in graph.inputs


def test_the_input_is_channels_last(exported):
    _, _, result = exported
    for artifact in result.manifest.artifacts:
        (port,) = artifact.inputs
        assert (port.shape, port.layout) == ([1, 8, 32, 32, 3], "NDHWC")


def test_integers_stay_integers(exported):
    _, out, _ = exported
    for scheme in ("int8", "int16x8"):
        (path,) = out.glob(f"*_{scheme}.tflite")
        kinds = kinds_of(path)
        assert (kinds["QUANTIZE"], kinds["DEQUANTIZE"]) == (1, 1)


def test_every_file_computes_the_network(exported):
    _, _, result = exported
    (folding,) = (stage for stage in result.stages if stage.stage == "lower to TFLite")
    assert folding.parity is not None
    assert folding.parity.max_rel < 1e-5
    sqnr = {a.scheme: a.parity["sqnr_db"] for a in result.manifest.artifacts}
    assert sqnr["none"] > 90
    assert sqnr["fp16"] > 40
    assert sqnr["int8"] > 20
    assert sqnr["int16x8"] > 25


def test_pictures_become_clips(exported):
    _, _, result = exported
    assert result.manifest.calibration["source"].endswith("each panned across as a clip")


def test_noise_calibrates_as_well_and_ports_may_be_channels_first(onnx_file, tmp_path):
    options = {"schemes": ("int8",), "calib": "random", "io_layout": "nchw"}
    result = export(Request(onnx_file, out=tmp_path, **options))
    (artifact,) = result.manifest.artifacts
    assert artifact.inputs[0].layout == "NCDHW"
    assert artifact.operators["TRANSPOSE"] == 1


def test_a_wrong_fold_is_refused(onnx_file, tmp_path, monkeypatch):
    real = writing.fold_frames

    def wrong(graph):
        folded, count = real(graph)
        node = next(node for node in folded.graph if node.op_type == "Conv")
        weight = node.inputs[1].const_value
        node.inputs[1].const_value = ir.tensor(-weight.numpy(), name=weight.name)
        return folded, count

    monkeypatch.setattr(writing, "fold_frames", wrong)
    with pytest.raises(VerificationError, match="fold frames"):
        export(Request(onnx_file, out=tmp_path))
    assert not list(tmp_path.glob("*.tflite"))
