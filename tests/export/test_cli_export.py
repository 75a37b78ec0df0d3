"""`python -m export MODEL`: what it prints, writes and leaves behind."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from _edgeship.errors import DeviceError, UnsupportedError
from _edgeship.export.verification.tolerance import TOLERANCES, Tolerance
from _edgeship.terminal.command_group import explain
from tests.export.command_line import ROOT, run, write_network, write_unsupported


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("net") / "small.onnx")


def test_an_export_prints_its_stages_files_and_what_to_do_next(
    network: Path, tmp_path: Path
) -> None:
    out = tmp_path / "the files"
    stdout, stderr = run("--quant", "none,int8", "--io-dtype", "int8", network, "--out", out)
    assert stderr == ""
    assert "\x1b" not in stdout  # no control characters where there is no terminal
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert lines[0] == "load ..."
    rows = {
        line.split(" ")[0]: line
        for line in lines[lines.index("stage what it did seconds parity") :]
    }
    assert "max rel error" in rows["rewrite"]
    quantized = next(line for line in lines if line.startswith("TFLite int8 int8 weights"))
    assert "SQNR" in quantized
    assert "top-1 agreement" in quantized
    assert "UNTRAINED" not in stdout
    manifest = json.loads((out / "manifest.json").read_text())
    for artifact in manifest["artifacts"]:
        data = (out / artifact["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == artifact["sha256"]
        assert str(out / artifact["file"]) in stdout
    [port] = manifest["artifacts"][1]["inputs"]
    assert f"int8 input image int8 1x16x16x3 NHWC {port['scale']:.6g} {port['zero_point']}" in lines
    assert "none input image float32 1x16x16x3 NHWC" in lines
    assert f"python -m export verify '{out / 'small_int8.tflite'}'" in lines
    assert any("with none inputs and outputs stay float32" in line for line in lines)
    assert any("Calibrated on the pictures shipped" in line for line in lines)


def test_random_weights_are_called_untrained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.export.network import source

    network = write_network(tmp_path / "small.onnx")
    load = source.load_network
    monkeypatch.setattr(
        source,
        "load_network",
        lambda *args, **options: dataclasses.replace(load(*args, **options), untrained=True),
    )
    stdout, _ = run(network, "--out", tmp_path / "out")
    assert "WARNING: the weights are UNTRAINED (random)." in stdout


def test_names_with_markup_quotes_and_blanks_are_names(tmp_path: Path) -> None:
    network = write_network(tmp_path / 'it\'s [red]my[bold] "net".onnx')
    out = tmp_path / "[bold]out"
    stdout, _ = run(network, "--out", out)
    assert str(out / "it_s_red_my_bold_net_fp32.tflite") in stdout


def test_an_open_dimension_is_fixed_by_input(tmp_path: Path) -> None:
    network = write_network(tmp_path / "open.onnx", shape=("batch", 3, "height", 16))
    stdout, _ = run(network, "--input", "1,3,32,16", "--out", tmp_path / "out")
    assert "1x32x16x3" in stdout


def test_an_unsupported_operator_exits_4_and_is_named(tmp_path: Path) -> None:
    network = write_unsupported(tmp_path / "regions.onnx")
    _, stderr = run(network, "--out", tmp_path / "out", code=4)
    assert "MaxRoiPool (act)" in stderr
    assert "where: lower" in stderr
    assert not (tmp_path / "out").exists()


def test_a_failed_verification_exits_3_and_leaves_no_file(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(network, "--quant", "int8", "--out", out)
    monkeypatch.setitem(TOLERANCES, "int8", Tolerance(min_sqnr_db=1000.0))
    _, stderr = run(network, "--quant", "int8", "--out", out, code=3)
    assert "where: TFLite int8" in stderr
    assert "needs 1000.0 dB" in stderr
    assert {path.name for path in out.iterdir()} == {
        "manifest.json.previous",
        "small.onnx.previous",
        "small_int8.tflite.previous",
    }


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    _, stderr = run(network, "--out", tmp_path / "out", code=2)
    assert "no space is left on the device" in stderr
    assert not (tmp_path / "out").exists()


def test_a_bug_is_one_line_and_debug_shows_where(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.export.network import source

    def broken(*args: object, **options: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(source, "load_network", broken)
    _, stderr = run(network, "--out", tmp_path / "out", code=1)
    assert stderr == (
        "internal error: ZeroDivisionError: division by zero\n"
        "  do: run it again with --debug and report what it prints\n"
    )
    from typer.testing import CliRunner

    from _edgeship.export.commands.cli import app

    debugged = CliRunner().invoke(app, ["--debug", str(network)])
    assert debugged.exit_code == 1
    assert "Traceback" in debugged.stderr
    assert "in broken" in debugged.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), 2, "The memory ran out."),
        (OSError(errno.ENOSPC, "full", "/x"), 2, "No space is left on the device for /x."),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 2, "/x cannot be used."),
        (ModuleNotFoundError("No module named 'onnx'", name="onnx"), 2, "python -m export doctor"),
        (UnsupportedError("No."), 4, "error: No."),
        (DeviceError("No."), 5, "error: No."),
        (OSError("something"), 1, "internal error: OSError: something"),
    ],
)
def test_every_exception_has_a_message_and_a_code(error: Exception, code: int, words: str) -> None:
    message, exit_code = explain(error)
    assert exit_code == code
    assert words in message


# Runs the command line with a stage that hangs until Ctrl-C, and that may swallow it as torch does.
HANGING = """
import sys, time
import _edgeship.export.tflite.float_file as float_file
def hang(*args):
    print("hanging", flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        {reaction}
float_file.lower = hang
from _edgeship.terminal.entry import start
start("_edgeship.export.commands.cli")
"""


@pytest.mark.slow
@pytest.mark.parametrize("reaction", ["raise", "raise RuntimeError('swallowed')"])
def test_ctrl_c_says_so_and_leaves_nothing_behind(
    network: Path, tmp_path: Path, reaction: str
) -> None:
    out = tmp_path / "made" / "out"
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", HANGING.format(reaction=reaction), str(network), "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    seen = []
    while (line := process.stdout.readline()) and "hanging" not in line:
        seen.append(line)
    assert "lower to TFLite ...\n" in seen
    assert any(out.iterdir())  # the temporary folder
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    # A shell shows 130 for a process that a SIGINT ended, too.
    assert process.returncode in (130, -signal.SIGINT)
    assert stderr == "interrupted\n"
    assert not (tmp_path / "made").exists()


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "export", "list", "--ops"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert process.returncode != 0
    assert process.stderr == ""


def test_files_that_passed_are_written_beside_one_that_failed(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(network, "--quant", "int8", "--out", out)
    earlier = (out / "small_int8.tflite").read_bytes()
    monkeypatch.setitem(TOLERANCES, "int8", Tolerance(min_sqnr_db=1000.0))
    stdout, stderr = run(
        network, "--to", "tflite,onnx", "--quant", "none,int8,fp16", "--out", out, code=3
    )
    # Each scheme has its own line.
    rows = {line.partition("  ")[0]: line for line in stdout.splitlines() if "not written" in line}
    assert set(rows) == {"TFLite int8", "ONNX Runtime int8"}
    assert "Not written: small_int8.tflite, small_int8.onnx. The other files were." in stderr
    assert "needs 1000.0 dB" in stderr
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "small.onnx",
        "small_fp16.onnx",
        "small_fp16.tflite",
        "small_fp32.onnx",
        "small_fp32.tflite",
        "small_int8.tflite.previous",
    }
    assert (out / "small_int8.tflite.previous").read_bytes() == earlier
    manifest = json.loads((out / "manifest.json").read_text())
    assert {one["file"] for one in manifest["artifacts"]} == {
        path.name for path in out.iterdir() if "_fp" in path.name
    }
    stdout, _ = run("verify", out / "small_fp16.tflite")
    assert "yes" in stdout
    # Quiet, the paths of what was written are all that is printed.
    stdout, _ = run(network, "--quant", "none,int8", "--out", out, "-q", code=3)
    assert stdout.splitlines() == [
        str(out / name) for name in ("small.onnx", "small_fp32.tflite", "manifest.json")
    ]
