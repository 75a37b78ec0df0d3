"""Whole exports to .aimodel folders: what is written, and what is refused as wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from _edgeship.errors import EdgeshipError, VerificationError
from _edgeship.export.contract.request import Request
from _edgeship.export.coreai.building import storage
from _edgeship.export.coreai.file import open_asset
from _edgeship.export.coreai.ops import conv, quantization
from _edgeship.export.pipeline import Result, export
from tests.export.coreai.networks import FILTERS, write_classifier

ALL = ("none", "fp16", "int8", "int8-weights", "palette8", "palette6", "palette4")

Change = Callable[[np.ndarray], np.ndarray]


def _export(model: Path, out: Path, *schemes: str) -> Result:
    """Export with noise, whose range in samples that calibration has not seen is the same."""
    options: dict[str, Any] = {"calib": "random", "ranges": "min-max"}
    return export(Request(str(model), ("coreai",), schemes, out=out, **options))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("network") / "small.onnx")


@pytest.fixture(scope="module")
def exported(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return _export(network, tmp_path_factory.mktemp("out") / "out", *ALL)


def _files(result: Result) -> dict[str, bytes]:
    folder = result.files[0].parent
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_each_scheme_is_a_folder_beside_the_graph(exported: Result) -> None:
    suffixes = ("fp32", "fp16", "int8", "int8_weights", "palette8", "palette6", "palette4")
    folders = [f"small_{suffix}.aimodel" for suffix in suffixes]
    assert [file.name for file in exported.files] == ["small.onnx", *folders, "manifest.json"]


def test_the_manifest_says_how_each_is_stored_and_what_it_computes_in(exported: Result) -> None:
    kinds = {one.scheme: (one.weights, one.compute) for one in exported.manifest.artifacts}
    assert kinds == {
        "none": ("float32", "float32"),
        "fp16": ("float16", "float16"),
        "int8": ("int8", "uint8 and float16"),
        "int8-weights": ("int8", "float16"),
        "palette8": ("8-bit palette", "float16"),
        "palette6": ("6-bit palette", "float16"),
        "palette4": ("4-bit palette", "float16"),
    }


def test_what_is_read_back_is_what_the_manifest_says(exported: Result) -> None:
    folder = exported.files[0].parent
    for one in exported.manifest.artifacts:
        read = open_asset(folder / one.file)
        assert read.digest == one.sha256
        assert read.inputs == {"image": (1, 3, 16, 16)}
        assert read.facts()["operators"] == one.operators
        assert read.facts()["package_bytes"] == one.size
        # In half precision, the product of matrices is a convolution, too.
        assert one.operators["conv2d"] == (2 if one.scheme == "none" else 3)


def test_the_same_export_writes_the_same_bytes(
    network: Path, exported: Result, tmp_path: Path
) -> None:
    again = _files(_export(network, tmp_path / "again", "none", "palette4"))
    first = _files(exported)
    folders = [name for name in again if ".aimodel/" in name]
    assert len(folders) == 6
    for name in folders:
        assert again[name] == first[name], name


# Faults: each makes a program that computes something else.


def _stored(monkeypatch: pytest.MonkeyPatch, suffix: str, change: Change) -> Callable[[], None]:
    """Change a constant of the filters wherever a weight is stored."""

    def spoil() -> None:
        right = storage.constant

        def wrong(data: np.ndarray, name: str = "") -> Any:
            meant = name in (f"{FILTERS}{suffix}", f"{FILTERS}_quantized{suffix}")
            return right(change(np.array(data)) if meant else data, name)

        monkeypatch.setattr(storage, "constant", wrong)

    return spoil


def _one_number(data: np.ndarray) -> np.ndarray:
    data.reshape(-1)[7] = -data.reshape(-1)[7] - 1
    return data


def _turned(data: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(data.transpose(0, 1, 3, 2))


def _larger_scale(data: np.ndarray) -> np.ndarray:
    data[0] *= data.dtype.type(1.05)
    return data


@pytest.mark.parametrize(
    ("scheme", "suffix", "change"),
    [
        ("none", "", _one_number),
        ("none", "", _turned),
        ("fp16", "", _one_number),
        ("int8", "", _one_number),
        ("int8", "", _turned),
        ("int8", "/scale", _larger_scale),
        ("int8-weights", "", _one_number),
        ("int8-weights", "/scale", _larger_scale),
        ("palette4", "/palette", lambda data: data[..., ::-1, :]),
    ],
)
def test_a_fault_in_a_weight_is_found_and_no_folder_is_left(
    network: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    suffix: str,
    change: Change,
) -> None:
    _stored(monkeypatch, suffix, change)()
    with pytest.raises(VerificationError):
        _export(network, tmp_path / "out", scheme)
    assert not list((tmp_path / "out").glob("*.aimodel"))


def test_a_wrong_index_into_a_palette_is_found(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = storage.packed

    def wrong(data: np.ndarray, bits: int, name: str) -> Any:
        if name == FILTERS:
            data = data.copy()
            data.reshape(-1)[7] ^= 3
        return right(data, bits, name)

    monkeypatch.setattr(storage, "packed", wrong)
    with pytest.raises(VerificationError, match=f"constant {FILTERS} is not stored"):
        _export(network, tmp_path / "out", "palette4")


def test_a_wrong_pad_is_found_and_named(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = conv.padded

    def wrong(ctx: Any, x: Any, axes: Any, value: Any) -> Any:
        moved = [axis.padded(axis.needed_after, axis.before) for axis in axes]
        return right(ctx, x, moved, value)

    monkeypatch.setattr(conv, "padded", wrong)
    with pytest.raises(VerificationError, match=r"first value out of tolerance is a \(Conv"):
        _export(network, tmp_path / "out", "none")


def test_a_wrong_stride_is_found(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = conv.sizes
    monkeypatch.setattr(conv, "sizes", lambda numbers: right([1 for _ in numbers]))
    with pytest.raises(EdgeshipError, match=r"gives \[1, 32, 15, 15\]"):
        _export(network, tmp_path / "out", "none")


def test_a_wrong_scale_of_activations_is_found(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = quantization._parameters

    def wrong(ctx: Any, node: Any, kind: Any) -> Any:
        scale, zero, axis = right(ctx, node, kind)
        wide = node.op_type == "QuantizeLinear" and node.inputs[0].name == "b"
        return (scale * np.float32(2) if wide else scale), zero, axis

    monkeypatch.setattr(quantization, "_parameters", wrong)
    with pytest.raises(VerificationError, match="int8"):
        _export(network, tmp_path / "out", "int8")
