import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import models
from models.cli import app

ROOT = Path(__file__).parents[2]


def _run(*arguments: str, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m models ARGUMENTS`, having checked its exit code."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def test_list_prints_a_line_of_published_figures_per_model() -> None:
    stdout, stderr = _run("list", "shufflenet_v2_x?_?")
    header, *rows, caption = stdout.splitlines()
    assert header.split() == ["name", "input", "mult-adds", "params", "top-1", "error"]
    assert [" ".join(row.split()) for row in rows] == [
        "shufflenet_v2_x0_5 3x224x224 41 M 1.4 M 39.7 %",
        "shufflenet_v2_x1_0 3x224x224 146 M 2.3 M 30.6 %",
        "shufflenet_v2_x1_5 3x224x224 299 M 3.5 M 27.4 %",
        "shufflenet_v2_x2_0 3x224x224 591 M 7.4 M 25.1 %",
    ]
    assert "as published" in caption
    assert stderr == ""


def test_list_shows_what_a_second_name_stands_for() -> None:
    stdout, _ = _run("list", "shufflenet_v2")
    row = stdout.splitlines()[1]
    assert " ".join(row.split()) == (
        "shufflenet_v2 = shufflenet_v2_x1_0 3x224x224 146 M 2.3 M 30.6 %"
    )


def test_list_takes_a_pattern() -> None:
    stdout, _ = _run("list", "*_x2_0", "--json")
    assert [entry["name"] for entry in json.loads(stdout)] == models.names("*_x2_0")


def test_list_json_holds_every_model() -> None:
    stdout, _ = _run("list", "--json")
    entries = {entry["name"]: entry for entry in json.loads(stdout)}
    assert list(entries) == models.names()
    assert entries["shufflenet_v2"]["alias_of"] == "shufflenet_v2_x1_0"
    assert entries["shufflenet_v2_x0_5"]["published"] == {
        "mult_adds": 41e6,
        "params": 1.4e6,
        "top1_error": 39.7,
    }


def test_info_puts_computed_figures_beside_the_published_ones() -> None:
    stdout, stderr = _run("info", "shufflenet_v2_x0_5")
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert lines == [
        "shufflenet_v2_x0_5: ShuffleNet V2 (arXiv 1807.11164), 2018",
        "input 3x224x224 (channels x height x width)",
        "mean (0.485, 0.456, 0.406), std (0.229, 0.224, 0.225)",
        "published computed",
        "mult-adds 41 M 40.5 M",
        "params 1.4 M 1.367 M",
        "top-1 error 39.7 % -",
    ]
    assert stderr == ""


def test_info_json() -> None:
    stdout, _ = _run("info", "shufflenet_v2_x0_5", "--json")
    entry = json.loads(stdout)
    assert entry["published"]["params"] == 1.4e6
    assert entry["computed"]["params"] == 1_366_792
    assert entry["input_size"] == [3, 224, 224]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "shufflenet_v2_x10"), "Did you mean shufflenet_v2_x1_0"),
        (("list", "nothing*"), "No model's name matches 'nothing*'"),
        (("info",), "Missing argument"),
        (("list", "--yaml"), "No such option"),
        (("show",), "No such command"),
    ],
)
def test_bad_input_is_one_message_on_stderr_and_exit_code_2(
    arguments: tuple[str, ...], message: str
) -> None:
    stdout, stderr = _run(*arguments, code=2)
    assert message in stderr
    assert "Traceback" not in stderr
    assert stdout == ""


def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "models", "info", "no_such"]
    run = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: There is no model named 'no_such'.")
    assert "Traceback" not in run.stderr


def test_list_does_not_load_torch() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from models.cli import app;"
        "print(CliRunner().invoke(app, ['list']).exit_code, 'torch' in sys.modules)"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["0", "False"]
