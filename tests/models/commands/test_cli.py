import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from _edgeship.models import zoo
from _edgeship.models.commands.cli import app

ROOT = Path(__file__).parents[3]


def _run(*arguments: str, code: int = 0) -> tuple[str, str]:
    """Return stdout and stderr of `python -m models ARGUMENTS`, having checked its exit code."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def test_list_prints_a_line_of_published_figures_per_model() -> None:
    stdout, stderr = _run("list", "shufflenet_v2_x?_?")
    header, *rows, caption, _ = stdout.splitlines()
    assert " ".join(header.split()) == "name input mult-adds params top-1 error GPU ARM"
    assert [" ".join(row.split()) for row in rows] == [
        "shufflenet_v2_x0_5 3x224x224 41 M 1.4 M 39.7 % 417 57",
        "shufflenet_v2_x1_0 3x224x224 146 M 2.3 M 30.6 % 341 24.4",
        "shufflenet_v2_x1_5 3x224x224 299 M 3.5 M 27.4 % 255 11.8",
        "shufflenet_v2_x2_0 3x224x224 591 M 7.4 M 25.1 % 217 6.7",
    ]
    assert "as published" in caption
    assert stderr == ""


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "shufflenet_v2",
            "shufflenet_v2 = shufflenet_v2_x1_0 3x224x224 146 M 2.3 M 30.6 % 341 24.4",
        ),
        # Figures have the digits they were published with.
        ("rexnet_x1_0", "rexnet_x1_0 3x224x224 0.40 G 4.8 M 22.1 % - -"),
        ("se_shufflenet_v2_164", "se_shufflenet_v2_164 3x224x224 12.7 G - 18.56 % - -"),
        ("probe_g1_arm_1to1", "probe_g1_arm_1to1 32x56x56 - - - - 76.2"),
    ],
)
def test_list_shows_what_an_entry_has(name: str, row: str) -> None:
    stdout, _ = _run("list", name)
    assert " ".join(stdout.splitlines()[1].split()) == row


def test_list_takes_a_pattern() -> None:
    stdout, _ = _run("list", "*_x2_0", "--json")
    assert [entry["name"] for entry in json.loads(stdout)] == zoo.names("*_x2_0")


def test_list_json_holds_every_model() -> None:
    stdout, _ = _run("list", "--json")
    entries = {entry["name"]: entry for entry in json.loads(stdout)}
    assert list(entries) == zoo.names()
    assert entries["shufflenet_v2"]["alias_of"] == "shufflenet_v2_x1_0"
    assert entries["shufflenet_v2_x0_5"]["published"] == {
        "mult_adds": 41e6,
        "params": 1.4e6,
        "top1_error": 39.7,
        "speed": {"gpu": 417, "arm": 57.0},
    }
    assert entries["shufflenet_v2_x0_5"]["crop"] == 0.875


def test_list_markdown_counts_and_explains() -> None:
    stdout, stderr = _run("list", "mobilenet_v2_x0_[45]", "--markdown")
    header, rule, *rows, empty, summary, _, footnote = stdout.splitlines()
    assert header.startswith("| name | input | mult-adds | counted | difference | params |")
    assert rule.count("|") == header.count("|") == 9
    assert rows == [
        "| `mobilenet_v2_x0_4` | 3x160x160 | 43 M | 41.798 M | -2.80 % [^1] | - | 1.771 M | - |",
        "| `mobilenet_v2_x0_5` | 3x224x224 | 97 M | 97.132 M | +0.14 % | 1.95 M | 1.969 M |"
        " +0.96 % |",
    ]
    assert summary.startswith("2 names, 3 published figures: 2 met, 1 not. ")
    assert footnote == f"[^1]: {zoo.spec('mobilenet_v2_x0_4').note}"
    assert (empty, stderr) == ("", "")


def _lines(*arguments: str) -> list[str]:
    """Return the lines of stdout with single spaces."""
    stdout, stderr = _run(*arguments)
    assert stderr == ""
    return [" ".join(line.split()) for line in stdout.splitlines()]


def test_info_puts_counted_figures_beside_the_published_ones() -> None:
    entry = zoo.spec("shufflenet_v2_x0_5")
    assert _lines("info", "shufflenet_v2_x0_5") == [
        "shufflenet_v2_x0_5: ShuffleNet V2 (arXiv 1807.11164), 2018",
        "input 3x224x224 (channels x height x width), centre crop 0.875",
        "mean (0.485, 0.456, 0.406), std (0.229, 0.224, 0.225)",
        "",
        "published counted difference",
        "mult-adds 41 M 40.476 M -1.28 % see the note",
        "params 1.4 M 1.367 M -2.37 % within rounding",
        "activations - 4.1 MB - float32",
        "memory access - 3.414 M - values",
        "intensity - 2.96 - mult-adds per byte accessed",
        "top-1 error 39.7 % - -",
        "GPU 417 - - batches of 8/s",
        "ARM 57 - - images/s",
        "",
        entry.note,
        "",
        *entry.guidelines,
    ]


def test_info_layers_adds_a_row_for_each_layer() -> None:
    lines = _lines("info", "probe_g2_gpu_2groups", "--layers")
    assert "mean 0 in each of 180 channels, std 1 in each of 180 channels" in lines
    header, *rows = lines[lines.index(zoo.spec("probe_g2_gpu_2groups").guidelines[0]) + 2 :]
    assert header == "layer kind output groups params mult-adds MAC MAC / bound intensity"
    assert len(rows) == 20
    # 3136 * 180 * 180 / 2 mult-adds; a MAC of 3136 * 360 + 16200 = 1145160 values, with a bound
    # of 2 * 3136 * sqrt(16200) + 16200 = 814501.
    assert rows[:2] == [
        "0 Conv2d 180x56x56 2 16.200 k 50.803 M 1.145 M 1.406 11.09",
        "1 BatchNorm2d 180x56x56 1 360 0 0 - -",
    ]


def test_info_of_a_video_network_names_its_axes() -> None:
    lines = _lines("info", "shufflenet_v2_3d_x0_25", "--layers")
    assert lines[1].startswith("input 3x16x112x112 (channels x frames x height x width)")
    assert any("Conv3d 24x16x56x56 1" in line for line in lines)


def test_info_json_holds_the_layers() -> None:
    stdout, _ = _run("info", "shufflenet_v2_x0_5", "--json")
    entry = json.loads(stdout)
    assert entry["published"]["params"] == 1.4e6
    assert entry["computed"]["params"] == 1_366_792
    assert entry["input_size"] == [3, 224, 224]
    assert entry["note"] and entry["guidelines"]
    for key in ("mult_adds", "params", "activation_bytes", "memory_access"):
        assert entry["computed"][key] == sum(layer[key] for layer in entry["layers"])
    first, *_, last = entry["layers"]
    assert (first["name"], first["kind"], first["bound"]) == ("conv1.0", "Conv2d", None)
    assert last["output_shape"] == [1, 1000]
    assert last["intensity"] == 1_024_000 / (4 * (1024 + 1000 + 1_024_000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "shufflenet_v2_x10"), "Did you mean shufflenet_v2_x1_0"),
        (("list", "nothing*"), "No model's name matches 'nothing*'"),
        (("info",), "Missing argument"),
        (("list", "--yaml"), "No such option"),
        (("list", "--json", "--markdown"), "--json and --markdown exclude each other"),
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


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_and_not_in_the_table() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "models", "list", "effnet*", "--markdown"]
    run = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=True
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert b"counting" in shown
    assert run.stdout.startswith(b"| name |")
    assert b"counting" not in run.stdout


def test_list_does_not_load_torch() -> None:
    code = (
        "import sys; from typer.testing import CliRunner;"
        "from _edgeship.models.commands.cli import app;"
        "print(CliRunner().invoke(app, ['list']).exit_code, 'torch' in sys.modules)"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["0", "False"]
