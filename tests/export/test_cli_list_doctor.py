"""`list`, `doctor`, `--help` and `--version`: fast, and true to what they describe."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from _edgeship.export.commands import doctor
from _edgeship.export.pipeline import TARGETS
from _edgeship.models import zoo
from _edgeship.terminal.console import printable, size
from tests.export.command_line import ROOT, run


def test_list_prints_the_models_with_their_figures() -> None:
    stdout, _ = run("list")
    row = next(line for line in stdout.splitlines() if line.startswith("shufflenet_v2_x0_5"))
    assert row.split() == [
        "shufflenet_v2_x0_5", "3x224x224", "41", "M", "1.4", "M", "39.7", "%", "417", "57",
    ]  # fmt: skip
    stdout, _ = run("list", "*_x0_5", "--json")
    assert [entry["name"] for entry in json.loads(stdout)] == zoo.names("*_x0_5")


def test_list_ops_prints_every_lowering_of_each_target_with_a_description() -> None:
    from _edgeship.export.coreml.ops import LOWERINGS as COREML
    from _edgeship.export.decompositions import DECOMPOSITIONS
    from _edgeship.export.tflite.ops import LOWERINGS as TFLITE

    operators = json.loads(run("list", "--ops", "--json")[0])
    assert list(operators) == list(TARGETS)
    assert list(operators["tflite"]) == sorted({*TFLITE, *DECOMPOSITIONS})
    assert list(operators["coreml"]) == sorted({*COREML, *DECOMPOSITIONS})
    described = [words for found in operators.values() for words in found.values()]
    assert all(len(words) > 3 for words in described)


def test_list_ops_prints_the_targets_side_by_side() -> None:
    stdout, _ = run("list", "--ops", "Conv")
    heading, *rows = stdout.splitlines()
    starts = [heading.index(f"in {name}") for name in ("TFLite", "Core ML", "Core AI", "ONNX")]
    assert rows[0].split()[0] == "Conv"
    cells = [
        " ".join(row[start:end].strip() for row in rows) for start, end in pairwise([*starts, None])
    ]
    words = ("CONV_2D", "conv,", "conv2d", "QLinearConv")
    assert all(word in cell for word, cell in zip(words, cells, strict=True))


def test_list_ops_says_which_target_lacks_an_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    from _edgeship.export.coreml.ops import LOWERINGS

    monkeypatch.delitem(LOWERINGS, "Transpose")
    stdout, _ = run("list", "--ops", "Transpose")
    [heading, row] = stdout.splitlines()
    assert row[heading.index("in Core ML") :].split()[0] == "-"


def test_list_ops_does_not_import_coremltools() -> None:
    code = (
        "import sys; from _edgeship.export.commands.listing import operators\n"
        "assert operators()['coreml'] and 'coremltools' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 - our own code


@pytest.mark.parametrize("arguments", [("nothing*",), ("--ops", "nothing*")])
def test_a_pattern_that_matches_nothing_is_an_error(arguments: tuple[str, ...]) -> None:
    stdout, stderr = run("list", *arguments, code=2)
    assert "matches 'nothing*'" in stderr
    assert stdout == ""


def test_doctor_knows_every_dependency_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    [block] = re.findall(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    named = map(Requirement, re.findall(r'"(.+)"', block))
    needed = [one.name for one in named if one.marker is None or one.marker.evaluate()]
    assert sorted(needed) == sorted(doctor.required())


def test_doctor_finds_everything_here() -> None:
    stdout, stderr = run("doctor")
    assert "Everything that an export needs is here." in stdout
    assert stderr == ""
    report = json.loads(run("doctor", "--json")[0])
    assert report["missing"] == []
    assert report["install"] is None
    versions = {package["name"]: package["version"] for package in report["packages"]}
    assert versions["numpy"] == metadata.version("numpy")
    images = ROOT / "export" / "calibration" / "images"
    assert report["calibration_images"] == len(list(images.glob("*.jpg")))


def test_doctor_names_what_is_missing_and_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name in ("onnxscript", "tensorflow"):
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    stdout, _ = run("doctor", code=2)
    assert "1 required packages are missing: pip install onnxscript" in stdout
    report = json.loads(run("doctor", "--json", code=2)[0])
    assert report["missing"] == ["onnxscript"]
    assert report["install"] == "pip install onnxscript"


def test_doctor_misses_the_calibration_images(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "files", lambda package: tmp_path)
    stdout, _ = run("doctor", code=2)
    assert "The calibration images are missing" in stdout


def test_help_shows_the_options_of_an_export_and_the_commands() -> None:
    stdout, _ = run("--help")
    assert "Usage: python -m export [OPTIONS]" in stdout
    for word in (
        "--quant",
        "--calib",
        "--io-dtype",
        "list",
        "doctor",
        "inspect",
        "verify",
        "advise",
    ):
        assert word in stdout
    assert run() == (stdout, "")


@pytest.mark.parametrize("command", ["list", "doctor", "inspect", "verify", "advise"])
def test_every_command_has_help(command: str) -> None:
    stdout, _ = run(command, "--help")
    assert f"python -m export {command}" in stdout


def test_version() -> None:
    stdout, _ = run("--version")
    assert stdout.startswith("edgeship")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["doctor"], ["list"]])
def test_what_must_be_fast_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from typer.testing import CliRunner\n"
        "from _edgeship.export.commands.cli import app\n"
        "assert CliRunner().invoke(app, sys.argv[1:]).exit_code == 0\n"
        "heavy = {'torch', 'onnx', 'onnx_ir', 'onnxruntime', 'ai_edge_litert', 'numpy', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    process = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "[]\n"


def test_foreign_control_characters_are_shown_and_not_obeyed() -> None:
    assert printable("a\x1b[31mb\r\udce9\nc [red]é") == "a\\x1b[31mb\\r\\udce9\nc [red]é"


def test_sizes_are_in_decimal_units() -> None:
    assert [size(n) for n in (0, 999, 1000, 2_555_200, 3_000_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.6 MB",
        "3.0 GB",
    ]


def test_a_vulkan_driver_that_hangs_is_said_to_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hanging.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "_DESCRIBE", "hanging")
    monkeypatch.setattr(doctor, "_DESCRIBED_WITHIN_S", 1)
    stdout, _ = run("doctor")
    assert "did not answer within 1 s" in " ".join(stdout.split())
