"""Networks of every kind in every scheme: verified, in integers throughout, as good as measured."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.calibration.input_spec import specs_of
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import load_samples
from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.contract.recorded import parity_in, yardstick_in
from _edgeship.export.contract.request import Request
from _edgeship.export.network.torch_network import SEED
from _edgeship.export.pipeline import export
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.tflite.inspection import Inspection, inspect
from _edgeship.export.tflite.islands import float_islands
from _edgeship.export.tflite.objects import constant, kind_of, shape_of
from _edgeship.export.tflite.reading import read_model
from _edgeship.export.tflite.schemes import SCHEMES
from _edgeship.export.tflite.writer import from_bytes, to_bytes
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.rounded_weights import rounded_parity
from _edgeship.export.verification.yardstick import Yardstick
from tests.export import networks
from tests.export.tflite.small_graphs import run_plain

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
#: Weights of 4 bits leave too little of some random networks to be written.
TFLITE = tuple(name for name in SCHEMES if name != "int4-weights")
INTEGER = [name for name in TFLITE if SCHEMES[name].calibrated]


@dataclass(frozen=True)
class Expected:
    """What was measured of a network, on pictures that calibration has not seen.

    Attributes:
        sqnr_db: Of dynamic, int8 and int16x8, in dB. Where int16x8 is far below dynamic, these
            pictures give values beyond the ranges of the others.
        islands: Scheme -> what stays in float, since LiteRT has no kernel of that type.
        size: Height and width of the input.
    """

    sqnr_db: tuple[float, float, float]
    islands: dict[str, list[str]] = field(default_factory=dict)
    size: int = 64


NO_INT16_KERNELS = {"int16x8": ["1 ELU", "2 PRELU"]}
NETWORKS = {
    "resnet50_narrow": Expected((14.0, 11.7, 15.0)),
    "rexnet_like": Expected((22.3, 19.2, 21.0)),
    "mobilenet_v3_like": Expected((29.3, 12.7, 13.2), {"int16x8": ["9 HARD_SWISH"]}),
    "effnet_like": Expected((21.3, 15.2, 26.7)),
    "shufflenet_v1_like": Expected((33.9, 28.1, 36.0)),
    "prelu_elu": Expected((36.4, 32.0, 38.3), NO_INT16_KERNELS),
    "segmentation": Expected((35.7, 31.9, 38.5)),
    "densenet_like": Expected((36.4, 30.6, 37.0)),
    "vgg_like": Expected((30.7, 28.2, 31.3)),
}
LARGE = {
    "mobilenet_v2_like": Expected((18.2, 16.6, 20.4), size=224),
}
#: Other processors add up in another order, which deep random networks turn into a decibel or two.
SLACK_DB = 3.0


@dataclass(frozen=True)
class Exported:
    name: str
    expected: Expected
    manifest: Manifest
    graph: bytes
    files: dict[str, bytes]
    found: dict[str, Inspection]


def exported(name: str, expected: Expected, out: Path) -> Exported:
    """Export a network of this process; that of another one is exported further below."""
    torch.manual_seed(SEED)
    request = Request(
        getattr(networks, name)(),
        schemes=TFLITE,
        shapes=((1, 3, expected.size, expected.size),),
        out=out,
    )
    result = export(request)
    files = {
        artifact.scheme: (out / artifact.file).read_bytes()
        for artifact in result.manifest.artifacts
    }
    found = {scheme: inspect(data) for scheme, data in files.items()}
    graph = (out / result.manifest.onnx.file).read_bytes()
    return Exported(name, expected, result.manifest, graph, files, found)


@pytest.fixture(
    scope="module",
    params=[*NETWORKS, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)],
)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    expected = {**NETWORKS, **LARGE}[request.param]
    return exported(request.param, expected, tmp_path_factory.mktemp(request.param))


def test_float_is_the_network(network: Exported) -> None:
    compared = {s.stage: s.parity for s in network.manifest.stages if s.parity is not None}
    for stage in ("verify capture", "rewrite", "TFLite none"):
        assert float(compared[stage]["max_rel"]) <= 1e-4  # type: ignore[arg-type]


def test_every_scheme_is_as_good_as_measured(network: Exported) -> None:
    sqnr_db = {
        artifact.scheme: float(artifact.parity["sqnr_db"])  # type: ignore[arg-type, index]
        for artifact in network.manifest.artifacts
    }
    assert sqnr_db["fp16"] > 30
    schemes = ("dynamic", "int8", "int16x8")
    for scheme, measured in zip(schemes, network.expected.sqnr_db, strict=True):
        assert sqnr_db[scheme] > measured - SLACK_DB, f"{scheme}: {sqnr_db[scheme]:.1f} dB"


def test_integers_from_edge_to_edge(network: Exported) -> None:
    """Every conversion inside is one of the pair around an operator without integer kernels."""
    ports = len(network.found["none"].inputs), len(network.found["none"].outputs)
    for scheme in INTEGER:
        islands = network.expected.islands.get(scheme, [])
        assert float_islands(read_model(network.files[scheme])) == islands
        around = sum(int(island.split()[0]) for island in islands)
        quantization = network.found[scheme].quantization
        assert quantization.quantize.at_edges == ports[0]
        assert quantization.dequantize.at_edges == ports[1]
        assert quantization.quantize.inside <= around
        assert quantization.dequantize.inside <= around
        assert quantization.scheme == scheme


def test_quantizing_adds_no_operators_but_conversions(network: Exported) -> None:
    """Nor do schemes that compute alike differ; each type has a layout of its own."""

    def kinds(scheme: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for kind in network.found[scheme].operators:
            counts[kind.kind] = counts.get(kind.kind, 0) + kind.count
        moved = ("SLICE", "CONCATENATION", "RESHAPE", "PAD", "CONV_2D", "AVERAGE_POOL_2D")
        moved = (*moved, "DEPTHWISE_CONV_2D")
        return {
            kind: n for kind, n in counts.items() if "QUANTIZE" not in kind and kind not in moved
        }

    assert all(kinds(scheme) == kinds("none") for scheme in TFLITE)
    assert kinds("int8") == kinds("int16x8")


def test_sizes(network: Exported) -> None:
    """Weights of half and a quarter of the bytes, plus what describes the graph.

    Types have layouts of their own: an operator more is a kilobyte, with its tensors and names.
    """
    size = {scheme: len(data) for scheme, data in network.files.items()}
    weights = network.found["none"].tensors.constant_bytes["float32"]
    assert size["fp16"] - (size["none"] - weights / 2) < 0.05 * size["none"] + 60_000
    count = {
        scheme: sum(kind.count for kind in network.found[scheme].operators) for scheme in TFLITE
    }
    for scheme in ("dynamic", *INTEGER):
        more = 1_000 * max(count[scheme] - count["none"], 0)
        assert size[scheme] - (size["none"] - weights * 3 / 4) < 0.05 * size["none"] + 60_000 + more


def test_the_judge_agrees_with_what_was_written(network: Exported) -> None:
    for artifact in network.manifest.artifacts:
        assert artifact.parity is not None
        parity = parity_in(artifact)
        kind = "float" if artifact.scheme == "none" else artifact.scheme
        assert judge(parity, kind, yardstick_in(artifact)) is None


def middle_layer(model: Any) -> tuple[Any, int]:
    """The middle one of the convolutions with more than two filters, and its axis of filters."""
    graph = model.subgraphs[0]
    axes = {schema.BuiltinOperator.CONV_2D: 0, schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3}
    found = [
        (op, axis)
        for op in graph.operators
        if (axis := axes.get(kind_of(model, op))) is not None
        and shape_of(graph.tensors[op.inputs[1]])[axis] > 2
    ]
    return found[len(found) // 2]


def broken(data: bytes, how: str) -> bytes:
    """The file with one layer in its middle changed."""
    model = from_bytes(data)
    op, axis = middle_layer(model)
    tensor = model.subgraphs[0].tensors[op.inputs[1]]
    weight = constant(model, tensor)
    assert weight is not None
    bias = model.buffers[model.subgraphs[0].tensors[op.inputs[2]].buffer]
    if how == "twice the scale":
        tensor.quantization.scale = np.asarray(tensor.quantization.scale) * 2
    elif how == "no bias":
        bias.data = np.zeros_like(bias.data)
    else:
        order = np.arange(weight.shape[axis])
        changed = order[::-1] if how == "filters reversed" else np.r_[1, 0, order[2:]]
        weight = np.ascontiguousarray(weight.take(changed, axis))
        model.buffers[tensor.buffer].data = weight.reshape(-1).view(np.uint8)
    return to_bytes(model)


BREAKS = ["twice the scale", "no bias", "filters reversed"]
SMALL_BREAK = "two filters exchanged"
#: Networks that make less than this of rounded weights are quiet enough to hear two filters.
QUIET_DB = 20.0


def test_broken_files_are_refused(network: Exported) -> None:
    if network.name in LARGE:
        pytest.skip("takes minutes; the smaller networks are broken instead")
    size = network.expected.size
    samples = load_samples(
        None, specs_of({"x": (1, 3, size, size)}), Preprocess(*IMAGENET), limit=4
    )
    images = [np.ascontiguousarray(s["x"].transpose(0, 2, 3, 1)) for s in samples.arrays]

    def outputs(data: bytes) -> Outputs:
        return [run_plain(data, [image]) for image in images]

    reference = outputs(network.files["none"])
    graph = ir.from_proto(onnx.load_model_from_string(network.graph))
    [name] = [value.name for value in graph.graph.inputs if not value.is_initializer()]
    fed = [{name: sample["x"]} for sample in samples.arrays]
    rounded_db = rounded_parity(graph, fed, run_onnx(network.graph, fed)).sqnr_db
    yardstick = Yardstick({"": rounded_db})

    def verdict(scheme: str, data: bytes) -> str | None:
        return judge(compare(reference, outputs(data)), scheme, yardstick)

    passed = [scheme for scheme in INTEGER if verdict(scheme, network.files[scheme]) is None]
    assert passed == INTEGER
    for how in [*BREAKS, SMALL_BREAK] if rounded_db > QUIET_DB else BREAKS:
        assert verdict("int16x8", broken(network.files["int16x8"], how)) is not None, how
    # Rounded activations hide smaller changes.
    assert verdict("int8", broken(network.files["int8"], "twice the scale")) is not None


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for run in ("first", "second"):
        command = [sys.executable, "-m", "export", "tests/export/networks.py:shufflenet_v1_like"]
        options = ["--input", "1,3,64,64", "--quant", ",".join(TFLITE), "--out", tmp_path / run]
        subprocess.run([*command, *options], cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / run).iterdir()}
        for run in ("first", "second")
    )
    assert sorted(first) == sorted(second)
    assert len([name for name in first if name.endswith(".tflite")]) == len(TFLITE)
    assert [name for name in first if first[name] != second[name]] == []
