"""`python -m export MODEL --to coreml`: packages, what they hold, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from _edgeship.export.coreml import writing
from _edgeship.export.coreml.evaluator import read_program
from _edgeship.export.coreml.format.package import digest, read_package, size
from _edgeship.export.verification.tolerance import TOLERANCES, Tolerance
from tests.export.classifier import write_classifier
from tests.export.command_line import ROOT, run, write_unsupported

CORE_ML = ("none", "fp16", "int8-weights", "palette8", "palette6", "palette4", "int8")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("net") / "net.onnx")


@pytest.fixture(scope="module")
def exported(network: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Export to both targets at once and return the folder and what was printed."""
    out = tmp_path_factory.mktemp("out") / "the files"
    arguments = ("--to", "tflite,coreml", "--quant", f"dynamic,{','.join(CORE_ML)}")
    stdout, stderr = run(network, *arguments, "--out", out)
    assert stderr == ""
    return out, stdout


def artifacts(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    manifest = json.loads((out / "manifest.json").read_text())
    return {(entry["target"], entry["scheme"]): entry for entry in manifest["artifacts"]}


def test_each_target_writes_the_schemes_that_it_has(exported: tuple[Path, str]) -> None:
    out, _ = exported
    suffixes = ("fp32", "fp16", "int8_weights", "palette8", "palette6", "palette4", "int8")
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "net.onnx",
        *(f"net_{suffix}.tflite" for suffix in ("fp32", "fp16", "dynamic", "int8_weights", "int8")),
        *(f"net_{suffix}.mlpackage" for suffix in suffixes),
    }
    found = artifacts(out)
    assert {scheme for kind, scheme in found if kind == "coreml"} == set(CORE_ML)


def test_the_manifest_says_size_and_arithmetic_separately(exported: tuple[Path, str]) -> None:
    out, stdout = exported
    found = artifacts(out)
    for (kind, _), entry in found.items():
        if kind == "coreml":
            package = read_package(out / entry["file"])
            assert entry["sha256"] == digest(package)
            assert entry["size"] == size(package)
            assert entry["ios"] == 17  # what int8 needs
            assert read_program(package).opset == "CoreML7"
    types = {s: (found["coreml", s]["weights"], found["coreml", s]["compute"]) for s in CORE_ML}
    assert types == {
        "none": ("float32", "float32"),
        "fp16": ("float16", "float16"),
        "int8-weights": ("int8", "float16"),
        "palette8": ("8-bit palette", "float16"),
        "palette6": ("6-bit palette", "float16"),
        "palette4": ("4-bit palette", "float16"),
        "int8": ("int8", "int8 and float16"),
    }
    sizes = [found["coreml", s]["size"] for s in ("none", "fp16", "int8-weights", "palette4")]
    assert sizes == sorted(sizes, reverse=True)
    assert found["tflite", "dynamic"]["weights"] == "int8"
    assert found["tflite", "dynamic"]["compute"] == "float32"
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    [row] = [line for line in lines if "net_palette6.mlpackage" in line and "kB" in line]
    assert row.endswith("kB 6-bit palette float16")


def test_the_output_says_who_judged_and_what_to_do_next(exported: tuple[Path, str]) -> None:
    out, stdout = exported
    assert "judged by edgeship's evaluator; not run by Core ML, which needs macOS." in stdout
    package = f"'{out / 'net_int8.mlpackage'}'"
    assert f"python -m export verify {package}" in stdout
    assert f"drag {package} into an Xcode project" in stdout
    assert f"device_bench run '{out / 'net_int8.tflite'}' --device local" in stdout
    assert f"device_bench run {package}" not in stdout
    parities = [entry["parity"] for entry in artifacts(out).values()]
    assert all(parity["sqnr_db"] == "inf" or parity["sqnr_db"] > 15 for parity in parities)
    assert artifacts(out)["coreml", "none"]["parity"]["max_rel"] < 1e-5


def test_the_same_network_gives_the_same_bytes(
    exported: tuple[Path, str], network: Path, tmp_path: Path
) -> None:
    """Whatever else is exported with it."""
    run(network, "--to", "coreml", "--quant", "palette6,int8", "--out", tmp_path)
    for scheme in ("palette6", "int8"):
        name = f"net_{scheme}.mlpackage"
        assert read_package(tmp_path / name) == read_package(exported[0] / name)


def test_an_unsupported_operator_exits_4_and_is_named(tmp_path: Path) -> None:
    network = write_unsupported(tmp_path / "regions.onnx")
    _, stderr = run(network, "--to", "coreml", "--out", tmp_path / "out", code=4)
    assert "MaxRoiPool (act)" in stderr
    assert "where: lower to Core ML, lowering to Core ML" in stderr
    assert not (tmp_path / "out").exists()


def test_a_wrong_package_is_refused_named_and_set_aside(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(network, "--to", "coreml", "--out", out)
    lower = writing.lower

    def wrong(graph: Any, ios: int, batches: Sequence[int]) -> Any:
        weight = next(node for node in graph.graph if node.name == "second").inputs[1]
        import onnx_ir as ir

        right = weight.const_value
        weight.const_value = ir.tensor(right.numpy()[::-1].copy(), name=weight.name)
        lowered = lower(graph, ios, batches)
        weight.const_value = right
        return lowered

    monkeypatch.setattr(writing, "lower", wrong)
    _, stderr = run(network, "--to", "coreml", "--out", out, code=3)
    assert "where: Core ML none" in stderr
    assert "The first variable out of tolerance is " in stderr
    assert "conv" in stderr.split("out of tolerance is ")[1]
    assert {path.name for path in out.iterdir()} == {
        "manifest.json.previous",
        "net.onnx.previous",
        "net_fp32.mlpackage.previous",
    }


def test_too_much_noise_is_refused(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOLERANCES, "palette4", Tolerance(min_sqnr_db=1000.0))
    arguments = ("--to", "coreml", "--quant", "palette4", "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=3)
    assert "needs 1000.0 dB" in stderr
    assert "choose a scheme with more bits" in stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_only_core_ml_pays_for_coremltools(network: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner\n"
        "from _edgeship.export.commands.cli import app\n"
        "assert CliRunner().invoke(app, sys.argv[1:]).exit_code == 0\n"
        "print('coremltools' in sys.modules)"
    )
    process = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(network), "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "False\n"
