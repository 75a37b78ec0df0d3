"""Whole exports to .onnx files: what is written, and what is refused as wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from _edgeship.errors import VerificationError
from _edgeship.export.contract.request import Request
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.onnx import writing
from _edgeship.export.onnx.deployment import deployable, to_bytes
from _edgeship.export.onnx.float16 import to_float16
from _edgeship.export.onnx.optimized import float_operators
from _edgeship.export.onnx.weight_check import check_weights
from _edgeship.export.pipeline import Result, export
from _edgeship.export.runtimes.values import Outputs, Sample
from tests.export.command_line import write_network
from tests.export.onnx.graphs import graph, node, normal

ALL = ("none", "fp16", "int8")


def _export(model: str, out: Path, *schemes: str, **options: object) -> Result:
    """Export with noise, whose range in samples that calibration has not seen is the same.

    On the shipped pictures, four of which are held out, even an ideal file would keep 10 dB. Ranges
    are not tried out, so that each file is made once.
    """
    options.setdefault("calib", "random")
    options.setdefault("ranges", "min-max")
    return export(Request(model, ("onnx",), schemes, out=out, **options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("network") / "small.onnx")


@pytest.fixture(scope="module")
def exported(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return _export(str(network), tmp_path_factory.mktemp("out") / "out", *ALL)


def test_each_scheme_is_a_file_beside_the_graph(exported: Result) -> None:
    names = ["small.onnx", "small_fp32.onnx", "small_fp16.onnx", "small_int8.onnx"]
    assert sorted(file.name for file in exported.files) == sorted([*names, "manifest.json"])


def test_the_manifest_says_what_each_file_is(exported: Result) -> None:
    folder = exported.files[0].parent
    kinds = {}
    for entry in exported.manifest.artifacts:
        data = (folder / entry.file).read_bytes()
        assert (entry.target, entry.size) == ("onnx", len(data))
        assert entry.sha256 == hashlib.sha256(data).hexdigest()
        [taken], [given] = entry.inputs, entry.outputs
        assert (taken.name, taken.shape, taken.layout) == ("image", [1, 3, 16, 16], "NCHW")
        assert (given.name, given.shape, given.layout) == ("scores", [1, 10], "")
        assert (taken.dtype, given.dtype) == ("float32", "float32")
        assert entry.peak_activation_bytes is None
        kinds[entry.scheme] = (entry.weights, entry.compute, entry.operators["Conv"])
    assert kinds == {
        "none": ("float32", "float32", 1),
        "fp16": ("float16", "float16 or float32", 1),
        "int8": ("int8", "uint8", 1),
    }


def test_the_files_pass_the_checker_of_onnx(exported: Result) -> None:
    for file in exported.files:
        if file.suffix == ".onnx":
            onnx.checker.check_model(str(file), full_check=True)


def test_the_same_export_writes_the_same_bytes(
    network: Path, exported: Result, tmp_path: Path
) -> None:
    again = _export(str(network), tmp_path / "again", *ALL)
    assert [f.read_bytes() for f in again.files] == [f.read_bytes() for f in exported.files]


def test_quantized_files_are_smaller(exported: Result) -> None:
    folder = exported.files[0].parent
    constants = {}
    for entry in exported.manifest.artifacts:
        model = onnx.load(folder / entry.file)
        weights = [numpy_helper.to_array(one) for one in model.graph.initializer]
        constants[entry.scheme] = sum(w.nbytes for w in weights if w.ndim > 1)
    assert constants["none"] == 2 * constants["fp16"] == 4 * constants["int8"]


def test_several_inputs_and_outputs_of_clips_and_images(tmp_path: Path) -> None:
    shapes = {"clip": (1, 3, 2, 8, 8), "image": (1, 4, 8, 8)}
    nodes = [
        node("Conv", "clip w", "a", pads=[0, 1, 1, 0, 1, 1]),
        node("Relu", "a", "b"),
        node("ReduceMean", "b axes", "frames", keepdims=0),
        node("Add", "frames image", "maps"),
        node("Conv", "maps v", "features"),
    ]
    outputs = {"features": (1, 5, 6, 6), "maps": (1, 4, 8, 8)}
    constants = {"w": normal(4, 3, 1, 3, 3), "v": normal(5, 4, 3, 3), "axes": np.array([2])}
    path = tmp_path / "two.onnx"
    path.write_bytes(serialize(graph(nodes, shapes, outputs, constants)))
    result = _export(str(path), tmp_path / "out", *ALL, calib="random")
    for entry in result.manifest.artifacts:
        assert [(port.name, tuple(port.shape)) for port in entry.inputs] == list(shapes.items())
        assert [(port.name, tuple(port.shape)) for port in entry.outputs] == list(outputs.items())
        assert [port.layout for port in entry.inputs] == ["NCDHW", "NCHW"]
    stage = next(one for one in result.stages if one.stage == "ONNX Runtime int8")
    assert "still computed in float: 1 ReduceMean" in stage.warning


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "weights"),
    [("shufflenet_v2_x0_5", "cifar10"), ("effnet", "cifar10"), ("shufflenet_v2_3d_x0_25", None)],
)
def test_networks_of_the_registry_are_computed_in_integers(
    name: str, weights: str | None, tmp_path: Path
) -> None:
    result = _export(name, tmp_path, *ALL, weights=weights)
    [path] = [file for file in result.files if file.name.endswith("_int8.onnx")]
    assert float_operators(path.read_bytes()) == {}
    assert [entry.scheme for entry in result.manifest.artifacts] == list(ALL)


# Faults. Each makes a graph from a right one.

Fault = Callable[[onnx.GraphProto], None]


def _constant(made: onnx.GraphProto, change: Callable[[np.ndarray], object], name: str) -> None:
    """Change a constant in place; of filters, however they are stored."""
    [one] = [one for one in made.initializer if one.name in (name, f"{name}_quantized")]
    values = numpy_helper.to_array(one).copy()
    change(values)
    one.CopyFrom(numpy_helper.from_array(values, one.name))


def _one_weight(made: onnx.GraphProto) -> None:
    def change(values: np.ndarray) -> None:
        values.reshape(-1)[5] = -values.reshape(-1)[5] - 1

    _constant(made, change, "filters")


def _exchanged_channels(made: onnx.GraphProto) -> None:
    def change(values: np.ndarray) -> None:
        values[[0, 1]] = values[[1, 0]]

    _constant(made, change, "filters")


def _weight_scale(made: onnx.GraphProto) -> None:
    def change(values: np.ndarray) -> None:
        values[0] *= 1.05

    _constant(made, change, "filters_scale")


def _weight_zero_point(made: onnx.GraphProto) -> None:
    def change(values: np.ndarray) -> None:
        values += 3

    _constant(made, change, "filters_zero_point")


def _input_scale(made: onnx.GraphProto) -> None:
    def change(values: np.ndarray) -> None:
        values *= 0.25

    _constant(made, change, "image_scale")


def _input_zero_point(made: onnx.GraphProto) -> None:
    def change(values: np.ndarray) -> None:
        values += 110

    _constant(made, change, "image_zero_point")


@pytest.mark.parametrize(
    ("scheme", "fault"),
    [
        ("none", _one_weight),
        ("none", _exchanged_channels),
        ("fp16", _one_weight),
        ("fp16", _exchanged_channels),
        ("int8", _one_weight),
        ("int8", _exchanged_channels),
        ("int8", _weight_scale),
        ("int8", _weight_zero_point),
        ("int8", _input_scale),
        ("int8", _input_zero_point),
    ],
)
def test_a_fault_in_a_file_is_found_and_no_file_is_left(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, fault: Fault
) -> None:
    made: list[onnx.ModelProto] = []

    def broken(model: onnx.ModelProto) -> bytes:
        made.append(model)
        # The float file, from which int8 and fp16 are not made, is verified first.
        if len(made) == 1 + (scheme != "none"):
            model = onnx.ModelProto.FromString(model.SerializeToString())
            fault(model.graph)
        return to_bytes(model)

    monkeypatch.setattr(writing, "to_bytes", broken)
    with pytest.raises(VerificationError) as caught:
        _export(str(network), tmp_path / "out", scheme)
    assert scheme in str(caught.value) or "filters" in str(caught.value)
    assert not list((tmp_path / "out").glob("small_*.onnx"))


def test_the_first_wrong_value_is_named(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: onnx.ModelProto) -> bytes:
        copy = onnx.ModelProto.FromString(model.SerializeToString())
        _exchanged_channels(copy.graph)
        return to_bytes(copy)

    monkeypatch.setattr(writing, "to_bytes", broken)
    with pytest.raises(VerificationError, match=r"first value out of tolerance is a \(Conv\)"):
        _export(str(network), tmp_path / "out", "none")


def test_a_wrong_zero_point_is_named_where_it_first_shows(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: onnx.ModelProto) -> bytes:
        copy = onnx.ModelProto.FromString(model.SerializeToString())
        names = [one.name for one in copy.graph.initializer]
        if "b_zero_point" in names:
            _constant(copy.graph, lambda values: values.__iadd__(150), "b_zero_point")
        return to_bytes(copy)

    monkeypatch.setattr(writing, "to_bytes", broken)
    with pytest.raises(VerificationError, match=r"first value out of tolerance is b \(Conv\)"):
        _export(str(network), tmp_path / "out", "int8")


def test_a_fault_of_the_fused_kernels_is_found(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs with as much noise as int8 is allowed, and far more than the file itself has."""
    run = writing.run_optimized

    def noisy(data: bytes, samples: list[Sample]) -> Outputs:
        outputs = run(data, samples)
        if b"QuantizeLinear" not in data:
            return outputs
        return [[one + 0.02 * np.abs(one).max() * np.sign(one) for one in o] for o in outputs]

    monkeypatch.setattr(writing, "run_optimized", noisy)
    with pytest.raises(VerificationError, match="fused kernels do not compute"):
        _export(str(network), tmp_path / "out", "int8")


@pytest.mark.parametrize(
    "value", [1e-9, -3e-8, 1.0 / 3.0, 65504.0, 1e9, -float("inf"), float("inf"), 0.0]
)
def test_the_weight_check_allows_what_float16_cannot_hold(value: float) -> None:
    weight = np.full((2, 4, 1, 1), value, np.float32)
    shapes = {"x": (1, 4, 3, 3)}
    conv = node("Conv", "x w", "y")
    model = deployable(graph([conv], shapes, {"y": (1, 2, 3, 3)}, {"w": weight}))
    check_weights(model, to_bytes(to_float16(model)))
