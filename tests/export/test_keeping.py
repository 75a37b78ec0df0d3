"""Which layers stay in float: the search, and exports that name layers or have them found."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.contract.request import Request
from _edgeship.export.coreml.evaluator import read_program
from _edgeship.export.coreml.format.package import read_package
from _edgeship.export.pipeline import export
from _edgeship.export.tflite.reading import read_model
from _edgeship.export.trials import Trial, search
from tests.export.command_line import run
from tests.export.sensitivity.graphs import bad_network, samples
from tests.export.tflite.test_multipliers import nearly_dead

SIZES = range(40)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    bad_network(tmp_path / "bad.onnx")
    return tmp_path / "bad.onnx"


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.npz"
    np.savez(path, image=np.concatenate([one["image"] for one in samples(40)]))
    return path


@pytest.mark.parametrize("needed", SIZES)
def test_the_smallest_good_set_is_found_in_few_trials(needed: int) -> None:
    sets = [frozenset(map(str, range(size))) for size in SIZES]
    tried: list[int] = []

    def trial(names: Collection[str]) -> Trial:
        tried.append(len(names))
        return Trial(len(names) >= needed, True, float(len(names)), "")

    chosen, found = search(sets, trial)
    assert found.good
    assert len(chosen) == needed
    assert len(tried) == len(set(tried)) <= 12


def test_the_best_is_returned_where_nothing_is_good() -> None:
    sets = [frozenset(map(str, range(size))) for size in (0, 1, 3, 4)]
    scores = {0: 1.0, 1: 5.0, 3: 2.0, 4: 4.0}
    chosen, found = search(sets, lambda names: Trial(False, True, scores[len(names)], ""))
    assert (len(chosen), found.score) == (1, 5.0)


def test_layers_found_by_sqnr_mend_tflite_and_onnx(
    network: Path, noise: Path, tmp_path: Path
) -> None:
    stdout, _ = run(
        network, "--to", "tflite,onnx", "--quant", "int8", "--calib", noise,
        "--keep-float", "auto", "--min-sqnr", "30", "--out", tmp_path / "out",
    )  # fmt: skip
    assert "loses most in 8 bits" in " ".join(stdout.split())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for file in manifest["artifacts"]:
        assert "mul2" in file["keep_float"] or "layers.2" in file["keep_float"], file["file"]
        assert len(file["keep_float"]) <= 6
        assert file["parity"]["sqnr_db"] >= 30
    run("verify", tmp_path / "out" / "bad_int8.tflite")


def test_named_layers_stay_in_float(network: Path, noise: Path, tmp_path: Path) -> None:
    run(
        network, "--quant", "int8,dynamic", "--calib", noise, "--out", tmp_path / "out",
        "--keep-float", "layers.[23],gate2,mul2",
    )  # fmt: skip
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    names = ["layers.2", "gate2", "mul2", "layers.3"]
    assert [file["keep_float"] for file in manifest["artifacts"]] == [names, names]
    graph = read_model((tmp_path / "out" / "bad_int8.tflite").read_bytes()).subgraphs[0]
    weights = [graph.tensors[op.inputs[1]].dtype for op in graph.operators if op.kind == "CONV_2D"]
    assert weights.count("float32") == 2
    assert weights.count("int8") >= 2


@pytest.mark.slow
def test_layers_of_packages_stay_in_float(network: Path, noise: Path, tmp_path: Path) -> None:
    stdout, _ = run(
        network, "--to", "coreml", "--quant", "int8", "--calib", noise,
        "--keep-float", "auto", "--min-sqnr", "40", "--out", tmp_path / "auto",
    )  # fmt: skip
    assert "layers.2, gate2, mul2, layers.3; chosen at" in " ".join(stdout.split())
    run(
        network, "--to", "coreml", "--quant", "int8,int8-weights,palette8", "--calib", noise,
        "--keep-float", "layers.[23],gate2,mul2", "--out", tmp_path / "named",
    )  # fmt: skip
    names = ["layers.2", "gate2", "mul2", "layers.3"]
    found = {}
    for folder in ("auto", "named"):
        manifest = json.loads((tmp_path / folder / "manifest.json").read_text())
        for file in manifest["artifacts"]:
            assert file["keep_float"] == names, file["file"]
            found[folder, file["scheme"]] = file["parity"]["sqnr_db"]
    assert found["auto", "int8"] == found["named", "int8"] >= 40
    program = read_program(read_package(tmp_path / "named" / "bad_int8.mlpackage"))
    makers = {out.name: one.kind for one in program.operations for out in one.outputs}
    weights = [makers[one.inputs["weight"][0]] for one in program.operations if one.kind == "conv"]
    assert weights.count("const") == 2
    assert weights.count("constexpr_affine_dequantize") == 3


def test_a_target_out_of_reach_is_said_with_the_best(
    network: Path, noise: Path, tmp_path: Path
) -> None:
    _, stderr = run(
        network, "--quant", "int8", "--calib", noise, "--out", tmp_path / "out",
        "--keep-float", "auto", "--min-sqnr", "120", code=3,
    )  # fmt: skip
    first = " ".join(stderr.split())
    assert "No file reaches 120 dB: the best was" in first
    assert "layers in float (" in first
    words = r"the other (\d+) leave ([0-9.]+) dB or more each alone and ([0-9.]+) dB"
    found = re.search(words, first)
    assert found is not None
    count, each, together = int(found[1]), float(found[2]), float(found[3])
    assert each - 10 * np.log10(count) - 0.1 <= together <= each + 0.1
    assert not (tmp_path / "out" / "bad_int8.tflite").exists()


def test_layers_are_found_where_a_file_in_8_bits_throughout_is_refused(tmp_path: Path) -> None:
    """LiteRT takes no file of a network with a nearly dead channel but with it in float."""
    onnx.save(nearly_dead(1e9), tmp_path / "dead.onnx")
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.standard_normal((20, 3, 8, 8)).astype(np.float32))
    run(
        tmp_path / "dead.onnx", "--quant", "int8", "--calib", tmp_path / "x.npy",
        "--keep-float", "auto", "--min-sqnr", "12", "--out", tmp_path / "out",
    )  # fmt: skip
    [file] = json.loads((tmp_path / "out" / "manifest.json").read_text())["artifacts"]
    assert file["keep_float"]
    assert file["parity"]["sqnr_db"] >= 12


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--keep-float", "auto"), "needs one target to reach"),
        (("--keep-float", "auto", "--min-sqnr", "30", "--max-drop", "1"), "needs one target"),
        (("--keep-float", "auto,mul2", "--min-sqnr", "30"), "takes no further names"),
        (("--keep-float", "auto", "--max-drop", "1"), "--max-drop needs --eval DATA"),
        (("--min-sqnr", "30"), "--min-sqnr needs --keep-float auto"),
        (("--keep-float", "mul9"), "no layer 'mul9'"),
        (("--keep-float", ","), "--keep-float is empty"),
        (("--keep-float", "mul2", "--quant", "fp16"), "does not go with --quant fp16"),
        (("--keep-float", "auto", "--min-sqnr", "9", "--quant", "dynamic"), "does not go with"),
        (
            ("--keep-float", "mul2", "--to", "coreml", "--quant", "fp16"),
            "does not go with --quant fp16. why: no layer of these files has weights of 8 bits or",
        ),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(
    network: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    more = () if "--quant" in words else ("--quant", "int8")
    _, stderr = run(network, *words, *more, "--out", tmp_path / "out", code=2)
    assert message in " ".join(stderr.split())
    assert stderr.count("error:") == 1


def test_a_drop_is_measured_on_labelled_pictures(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.export.evaluation.labelled import labelled
    from _edgeship.export.tflite import written_files

    corrected: list[bytes] = []

    def correct(data: bytes, *others: Any) -> bytes:
        corrected.append(data)
        return data

    monkeypatch.setattr(written_files, "corrected_if_better", correct)
    draw = np.random.default_rng(0)
    for label in range(10):
        (tmp_path / "data" / str(label)).mkdir(parents=True)
        for number in range(22):
            pixels = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / str(label) / f"{number}.png")
    result = export(
        Request(
            model=str(network),
            schemes=("int8",),
            calib=str(tmp_path / "data"),
            keep_float=("auto",),
            max_drop=100.0,
            eval_data=labelled(tmp_path / "data"),
            out=tmp_path / "out",
        )
    )
    [stage] = [one for one in result.stages if one.stage == "TFLite int8"]
    assert "judged at a drop of" in stage.detail
    assert "on 110 pictures" in stage.detail
    # What is judged is the file as it is written, with its biases corrected.
    judged, written = corrected
    assert judged == written
    with pytest.raises(InputError, match="has 22 pictures"):
        labelled(_one_class(tmp_path))


def _one_class(folder: Path) -> Path:
    (folder / "few").mkdir()
    (folder / "data" / "0").rename(folder / "few" / "0")
    return folder / "few"
