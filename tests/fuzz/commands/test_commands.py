"""A share of the hostile files that `python -m tests.fuzz` tries, and what judges them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from _edgeship.export.commands.cli import PROGRAM, app
from tests.export.command_line import run as run_line
from tests.export.command_line import write_network
from tests.export.tflite.schema_models import classifier
from tests.fuzz.commands import package_cases, tflite_mutations
from tests.fuzz.commands.case import PIPE, Case, laid_out
from tests.fuzz.commands.endings import FINDINGS, MOST_BYTES, Kind, judge_ending
from tests.fuzz.commands.forks import Ending, run_fork
from tests.fuzz.commands.rightness import wrong_file
from tests.fuzz.commands.seeds import pictures, read_folder
from tests.fuzz.data.cases import data_case
from tests.fuzz.mutations import mutated

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parents[1] / "corpus"


def _ended(file: Path, *words: str) -> Kind:
    """Return how a command on a file ends, in this process."""
    line = [str(file) if word == "FILE" else word for word in words]
    result = CliRunner().invoke(app, line, prog_name=PROGRAM)
    ending = Ending(result.exit_code, 0.0, 0, result.stdout, result.stderr)
    verdict = judge_ending(ending)
    assert verdict.kind not in FINDINGS, f"{file} {words}: {verdict}"
    return verdict.kind


def test_onnx_files_with_fixed_seeds(tmp_path: Path) -> None:
    model = onnx.load(write_network(tmp_path / "net.onnx", shape=(1, 3, 8, 8)))
    kinds = []
    for number in range(24):
        path = tmp_path / f"net{number}.onnx"
        path.write_bytes(mutated(model, np.random.default_rng((9, number))))
        out = tmp_path / f"out{number}"
        command = ("FILE", "--to", "tflite", "--out", str(out))
        kinds.append(_ended(path, *(command if number % 2 else ("verify", "FILE"))))
        if kinds[-1] is Kind.DONE and number % 2:
            assert wrong_file(path, out) == ""
    assert {Kind.DONE, Kind.REFUSED} <= set(kinds)


def test_tflite_files_with_fixed_seeds(tmp_path: Path) -> None:
    kinds = []
    for number in range(60):
        path = tmp_path / f"net{number}.tflite"
        # Damage that a runtime may crash on is tried in forks, by `python -m tests.fuzz`.
        path.write_bytes(tflite_mutations.mutated(classifier(), np.random.default_rng(number)))
        kinds.append(_ended(path, "inspect", "FILE"))
    assert {Kind.DONE, Kind.REFUSED} <= set(kinds)


def _ended_case(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """Return how the command of a case ends, in this process and in a folder."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    words = laid_out(case, folder, pictures())
    return _ended(Path(case.name), *words)


def test_packages_with_fixed_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_network(tmp_path / "net.onnx", shape=(1, 3, 8, 8))
    out = tmp_path / "sound"
    run_line(tmp_path / "net.onnx", "--to", "coreml", "--out", out)
    files = read_folder(out / "net_fp32.mlpackage")
    monkeypatch.setattr(package_cases, "package_seeds", lambda: [files])
    monkeypatch.setattr(package_cases, "asset_seeds", list)
    cases = [package_cases.package_case(number) for number in range(80)]
    cases = [case for case in cases if case.words[0] in ("inspect", "verify")][:50]
    kinds = [
        _ended_case(case, tmp_path / f"case{number}", monkeypatch)
        for number, case in enumerate(cases)
    ]
    assert {Kind.DONE, Kind.REFUSED} == set(kinds)


def test_data_with_fixed_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [data_case(number) for number in range(70)]
    # Exports, and functions of the user's, take long.
    quick = [one for one in cases if "--to" not in one.words and "gen.py" not in one.files]
    kinds = [
        _ended_case(case, tmp_path / f"case{number}", monkeypatch)
        for number, case in enumerate(quick[:40])
    ]
    assert {Kind.DONE, Kind.REFUSED} == set(kinds)


@pytest.mark.parametrize("place", ["a.npz", "a.npy", "a.zip", "a/b.png", "a.csv", "a.tflite"])
def test_pipes_and_devices_are_no_files(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = {".zip": "--data", ".png": "--data", ".csv": "--data"}.get(Path(place).suffix)
    given = "a" if place.startswith("a/") else place
    words = ("evaluate", "net.tflite", "--data", given)
    if reading is None:
        words = ("verify", "net.tflite", "--calib", given)
    if place == "a.tflite":
        words = ("inspect", given)
    for number, target in enumerate((PIPE, "/dev/zero")):
        case = Case("net.tflite", {"net.tflite": classifier()}, words, {place: target})
        ended = _ended_case(case, tmp_path / str(number), monkeypatch)
        assert ended is Kind.REFUSED


@pytest.mark.parametrize("command", sorted(CORPUS.glob("*/command.txt")), ids=str)
def test_cases_that_once_were_findings(
    command: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(command.parent, tmp_path / "case")
    monkeypatch.chdir(tmp_path / "case")
    words = command.read_text().split(" ")
    assert _ended(Path(words[0]), *words) is Kind.REFUSED


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.onnx")), ids=lambda path: path.stem)
def test_files_that_once_were_findings(file: Path, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path))
    assert _ended(file, "FILE", "--to", "tflite", *out) is Kind.REFUSED


def test_a_file_of_another_network_is_wrong(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx", shape=(1, 3, 8, 8))
    run_line(path, "--to", "tflite,onnx", "--out", tmp_path / "out")
    assert wrong_file(path, tmp_path / "out") == ""
    other = write_network(tmp_path / "other.onnx", shape=(1, 3, 8, 8), seed=1)
    assert wrong_file(other, tmp_path / "out").startswith("net_fp32.tflite: error ")


def _write_sum(path: Path, factor: float) -> Path:
    """Write a graph that divides a million numbers by the sum of their squares, times a factor."""
    graph = onnx.parser.parse_graph(
        f"""sums (float[1,1000000] x) => (float[1,1000000] y)
        <float factor = {{{factor}}}>
        {{
            squares = Mul (x, x)
            sum = ReduceSum <keepdims = 1> (squares)
            part = Div (x, sum)
            y = Mul (part, factor)
        }}"""
    )
    opset = onnx.helper.make_opsetid("", 18)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


def test_kernels_that_add_a_million_numbers_one_by_one_are_no_wrong_file(tmp_path: Path) -> None:
    path = _write_sum(tmp_path / "net.onnx", 1)
    run_line(path, "--to", "tflite", "--out", tmp_path / "out")
    assert wrong_file(path, tmp_path / "out") == ""
    other = _write_sum(tmp_path / "other.onnx", 1.001)
    assert wrong_file(other, tmp_path / "out").startswith("net_fp32.tflite: error ")


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending(0, 1, 0, "", ""), Kind.DONE),
        (Ending(2, 1, 0, "", "load ...\nerror: no\n"), Kind.REFUSED),
        (Ending(2, 1, 0, "", "load ...\n"), Kind.MUTE),
        (Ending(3, 1, 0, "a table\n", ""), Kind.REFUSED),
        (
            Ending(
                3, 1, 0, "", "error: Running failed.\n  why: it was ended by the signal SIGSEGV"
            ),
            Kind.CONTAINED,
        ),
        (Ending(1, 1, 0, "", "internal error: ValueError: 3\n"), Kind.INTERNAL),
        (Ending(-11, 1, 0, "", ""), Kind.CRASH),
        (Ending(None, 9, 0, "", ""), Kind.HANG),
        (Ending(0, 1, MOST_BYTES + 1, "", ""), Kind.MEMORY),
        (Ending(2, 1, 0, "", "error: The memory ran out.\n"), Kind.MEMORY),
        (Ending(2, 1, 0, "", "error: no \x1b[31mred\n"), Kind.ESCAPE),
        (Ending(0, 1, 0, "a \u202egnp.exe\n", ""), Kind.ESCAPE),
    ],
)
def test_kinds_of_endings(ending: Ending, kind: Kind) -> None:
    assert judge_ending(ending).kind is kind


def test_forks_end_as_their_work_does(tmp_path: Path) -> None:
    assert run_fork(lambda: os.write(1, b"hi\n"), tmp_path, 20).printed == "hi\n"
    assert run_fork(lambda: os._exit(7), tmp_path, 20).code == 7
    crashed = run_fork(lambda: os.kill(os.getpid(), signal.SIGSEGV), tmp_path, 20)
    assert judge_ending(crashed).kind is Kind.CRASH
    begun = time.monotonic()
    assert judge_ending(run_fork(lambda: time.sleep(60), tmp_path, 0.1)).kind is Kind.HANG
    assert time.monotonic() - begun < 30
