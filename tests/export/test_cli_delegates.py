"""Delegates on the command line: verify --runtime gpu, inspect --delegates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.delegates.accelerator import find_accelerator
from _edgeship.export.delegates.report import Run
from _edgeship.export.tflite import made_file
from _edgeship.export.tflite.gpu_run import run_on_gpu
from tests.export.command_line import run, write_network
from tests.export.delegates.gpu_here import accelerator
from tests.export.runtimes.browser_here import browser


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delegates")
    write_network(folder / "small.onnx")
    run(folder / "small.onnx", "--quant", "none,int8", "--out", folder / "out")
    return folder / "out"


def test_verify_on_the_gpu_says_on_which_driver(exported: Path) -> None:
    device = accelerator().device
    stdout, _ = run("verify", exported / "small_fp32.tflite", "--runtime", "litert,gpu")
    assert "XNNPACK" not in stdout  # it takes all, too
    assert f"in 1 partition; {device}" in stdout
    assert "computed in float32" in stdout


def test_the_same_for_scripts(exported: Path) -> None:
    device = accelerator().device
    stdout, _ = run("verify", exported / "small_int8.tflite", "--runtime", "gpu", "--json")
    report = json.loads(stdout)
    [result] = report["runtimes"]
    assert (report["ok"], result["problem"]) == (True, None)
    assert result["delegate"]["taken"] == result["delegate"]["operators"] > 0
    assert result["delegate"]["device"] == device


@pytest.mark.slow
def test_verify_in_a_browser_runs_webassembly_and_webgpu(exported: Path) -> None:
    browser()
    stdout, _ = run("verify", exported / "small_fp32.tflite", "--runtime", "browser")
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert [line.split()[0] for line in lines if line.endswith(" yes")] == [
        "browser-wasm",
        "browser-webgpu",
    ]
    assert any(line.startswith("WebGPU takes") and "software driver" in line for line in lines)


def test_verify_without_a_browser_says_how_to_get_one(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    _, stderr = run("verify", exported / "small_fp32.tflite", "--runtime", "browser", code=2)
    assert "There is no browser that can run without a screen." in stderr
    assert "Debian's package chromium" in stderr
    stdout, _ = run("doctor")
    assert "verify --runtime browser cannot run" in stdout


def test_verify_without_a_driver_says_how_to_get_one(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_accelerator.cache_clear()
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    _, stderr = run("verify", exported / "small_fp32.tflite", "--runtime", "gpu", code=2)
    assert "finds no driver that it can use" in stderr
    assert "chromium" in stderr


def test_inspect_asks_the_delegates(exported: Path) -> None:
    accelerator()
    stdout, _ = run("inspect", exported / "small_fp32.tflite", "--delegates", "--json")
    found = json.loads(stdout)
    assert [one["delegate"] for one in found["delegates"]] == ["XNNPACK", "GPU"]
    assert all(one["taken"] == one["operators"] for one in found["delegates"])
    assert found["missing"] is None


def test_inspect_without_a_driver_shows_the_rest(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_accelerator.cache_clear()
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    stdout, _ = run("inspect", exported / "small_fp32.tflite", "--delegates")
    assert "XNNPACK takes" in stdout
    assert "in 1 partition, by rules" in stdout
    assert "The GPU was not asked: The GPU accelerator finds no driver" in stdout


def test_only_tflite_files_have_delegates(exported: Path) -> None:
    _, stderr = run("inspect", exported / "small.onnx", "--delegates", code=2)
    assert "--delegates does not go with" in stderr


def test_doctor_names_the_driver() -> None:
    device = accelerator().device
    stdout, _ = run("doctor", "--json")
    assert json.loads(stdout)["gpu"]["device"] == device


def test_an_export_may_require_that_delegates_take_all(exported: Path, tmp_path: Path) -> None:
    device = accelerator().device
    network = exported / "small.onnx"
    out = tmp_path / "out"
    options = ("--quant", "none,int8", "--require-delegate", "xnnpack,gpu", "--out", out)
    stdout, _ = run(network, *options)
    assert f"The GPU accelerator was asked on {device}" in " ".join(stdout.split())
    assert (out / "small_int8.tflite").is_file()


def test_an_export_says_what_delegates_take(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stdout, _ = run(exported / "small.onnx", "--quant", "none,int8", "--out", out)
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert "operators taken of by XNNPACK by GPU" in lines
    artifacts = json.loads((out / "manifest.json").read_text())["artifacts"]
    for artifact in artifacts:
        count = sum(artifact["operators"].values())
        whole = f"{count} of {count}"
        assert f"{artifact['file']} {whole} {whole}, by rules" in lines
        assert [(one["delegate"], one["source"]) for one in artifact["delegates"]] == [
            ("XNNPACK", "plan"),
            ("GPU", "rules"),
        ]


def test_inspect_shows_what_the_manifest_says_of_delegates(exported: Path) -> None:
    file = exported / "small_int8.tflite"
    found = json.loads(run("inspect", file, "--json")[0])
    reports = found["recorded"]["delegates"]
    assert [one["delegate"] for one in reports] == ["XNNPACK", "GPU"]
    count = reports[0]["operators"]
    lines = [" ".join(line.split()) for line in run("inspect", file)[0].splitlines()]
    assert f"operators taken by XNNPACK {count} of {count}" in lines
    assert f"operators taken by GPU {count} of {count}, by rules" in lines


def test_what_an_export_leaves_is_named_with_the_node_and_the_reason(tmp_path: Path) -> None:
    network = write_five_axes(tmp_path / "deep.onnx")
    stdout, _ = run(network, "--io-layout", "nchw", "--out", tmp_path)
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert "deep_fp32.tflite 1 of 1 0 of 1 in 0 partitions, by rules" in lines
    assert "GPU none 1 RELU y Relu act Tensor dimensions must be less than 5." in lines
    [artifact] = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    assert artifact["delegates"][1]["left"] == [
        {
            "kind": "RELU",
            "reason": "Tensor dimensions must be less than 5.",
            "index": 0,
            "tensor": "y",
            "node": "Relu act",
        }
    ]


def test_files_for_gpus_are_asked_about(exported: Path, tmp_path: Path) -> None:
    device = accelerator().device
    stdout, _ = run(exported / "small.onnx", "--for", "gpu", "--out", tmp_path)
    assert f"asked on {device}" in stdout
    [artifact] = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    gpu = artifact["delegates"][1]
    assert (gpu["source"], gpu["device"]) == ("accelerator", device)


def test_files_for_gpus_are_judged_by_rules_where_nobody_can_be_asked(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_accelerator.cache_clear()
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    stdout, _ = run(exported / "small.onnx", "--for", "gpu", "--out", tmp_path)
    assert "by rules" in stdout
    assert "finds no driver" not in stdout


def write_five_axes(path: Path) -> Path:
    """Write a network that works on five axes, which the GPU accelerator does not take."""
    shape = (1, 2, 3, 4, 5)
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"], "act")],
        "deep",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


def test_an_export_that_would_fall_back_ends_with_the_reason(tmp_path: Path) -> None:
    accelerator()
    network = write_five_axes(tmp_path / "deep.onnx")
    arguments = (network, "--io-layout", "nchw", "--require-delegate", "gpu", "--out", tmp_path)
    _, stderr = run(*arguments, code=3)
    assert "The delegate GPU takes 0 of 1 operators" in stderr
    assert "dimensions must be less than 5" in stderr
    assert not list(tmp_path.glob("*.tflite"))


def test_an_export_that_the_gpu_computes_wrong_is_refused(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accelerator()

    def wrong(*arguments: Any) -> Run:
        right = run_on_gpu(*arguments)
        return Run([[array + 1 for array in arrays] for arrays in right.outputs], right.delegate)

    monkeypatch.setattr(made_file, "run_on_gpu", wrong)
    network = exported / "small.onnx"
    _, stderr = run(network, "--require-delegate", "gpu", "--out", tmp_path, code=3)
    assert "The GPU accelerator does not compute what the network computes." in stderr
    assert not list(tmp_path.glob("*.tflite"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--require-delegate", "gpi"), "did you mean gpu?"),
        (("--for", "npu"), "did you mean gpu?"),
        (("--for", "gpu", "--to", "onnx"), "--for does not go with --to onnx"),
        (("--require-delegate", "gpu", "--to", "coreml"), "does not go with --to coreml"),
    ],
)
def test_wrong_requirements(exported: Path, options: tuple[str, ...], words: str) -> None:
    _, stderr = run(exported / "small.onnx", *options, code=2)
    assert words in stderr


def test_a_requirement_without_a_driver_fails_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find_accelerator.cache_clear()
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    _, stderr = run("no_such_network", "--require-delegate", "gpu", code=2)
    assert "finds no driver that it can use" in stderr


def write_groups(path: Path) -> Path:
    """Write a classifier with a 1x1 convolution of three groups of eight channels."""
    generator = np.random.default_rng(0)
    constants = {
        "first": generator.standard_normal((24, 3, 3, 3)) / 5,
        "groups": generator.standard_normal((48, 8, 1, 1)) / 3,
    }
    nodes = [
        helper.make_node("Conv", ["image", "first"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "groups"], ["b"], group=3),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "groups",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 48))],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


def test_groups_in_int8_are_right_on_gpus_only_if_the_file_is_made_for_them(
    tmp_path: Path,
) -> None:
    accelerator()
    network = write_groups(tmp_path / "groups.onnx")
    out = tmp_path / "out"
    options = (network, "--quant", "int8", "--require-delegate", "gpu", "--out", out)
    _, stderr = run(*options, code=3)
    assert "The GPU accelerator does not compute what the network computes." in stderr
    stdout, _ = run(*options, "--for", "gpu")
    assert "--for gpu" not in stdout
    record = json.loads((out / "manifest.json").read_text())["artifacts"][0]
    assert record["operators"]["CONV_2D"] >= 4


def test_a_file_that_gpus_compute_wrong_comes_with_a_note(tmp_path: Path) -> None:
    network = write_groups(tmp_path / "groups.onnx")
    stdout, _ = run(network, "--quant", "none", "--out", tmp_path / "float")
    assert "--for gpu" not in stdout
    stdout, _ = run(network, "--quant", "dynamic", "--out", tmp_path / "dynamic")
    words = " ".join(stdout.split())
    assert "computes 1 of this network's CONV_2D wrong, or ends the app; --for gpu" in words
