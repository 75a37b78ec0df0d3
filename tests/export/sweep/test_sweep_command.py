"""`sweep` as a user runs it: files, table and report; killed and started again; limits."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.export.command_line import ROOT, run, write_network, write_unsupported

SWEEP = """
networks = ["a.onnx", {model = "b.onnx", name = "second"}, "roi.onnx"]
schemes = ["none", "int8"]

[options.small]
calib-samples = 8

[[exclude]]
networks = ["second", "roi"]
schemes = ["int8"]
"""


def prepare(folder: Path, text: str = SWEEP) -> Path:
    write_network(folder / "a.onnx", seed=0)
    write_network(folder / "b.onnx", seed=1)
    write_unsupported(folder / "roi.onnx")
    (folder / "sweep.toml").write_text(text)
    return folder / "sweep.toml"


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> tuple[Path, str, str]:
    """A folder with a sweep that was run, and what that printed."""
    folder = tmp_path_factory.mktemp("sweep")
    prepare(folder)
    # Neither the sweep file nor --out is where the user stands.
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        printed = run("sweep", f"{folder.name}/sweep.toml", "--out", f"{folder.name}/out")
    return folder, *printed


@pytest.mark.slow
def test_the_table_and_the_reasons_are_printed(swept):
    _, out, progress = swept

    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == [
        *("network", "target", "scheme", "options", "result", "size", "SQNR", "seconds", "memory")
    ]
    assert [row[:5] for row in rows[1:5]] == [
        ["a", "tflite", "none", "small", "ok"],
        ["a", "tflite", "int8", "small", "ok"],
        ["second", "tflite", "none", "small", "ok"],
        ["roi", "tflite", "none", "small", "refused"],
    ]
    assert "refused: roi tflite none small: " in out
    assert "MaxRoiPool" in out
    assert "4 files wanted: 3 ok, 1 refused; 0 known before, 3 exports run." in out
    assert "[4/4" in progress


@pytest.mark.slow
def test_the_files_are_those_of_a_plain_export(swept, tmp_path):
    folder, _, _ = swept
    plain = tmp_path / "plain"
    run(folder / "a.onnx", "--quant", "int8", "--calib-samples", 8, "--out", plain)

    there = folder / "out" / "files" / "a" / "tflite-int8-small"
    assert (there / "a_int8.tflite").read_bytes() == (plain / "a_int8.tflite").read_bytes()
    assert (there / "a.onnx").read_bytes() == (plain / "a.onnx").read_bytes()
    # Its manifest is beside it, and is about it alone.
    [artifact] = json.loads((there / "manifest.json").read_bytes())["artifacts"]
    assert artifact["file"] == "a_int8.tflite"
    run("verify", there / "a_int8.tflite")


@pytest.mark.slow
def test_the_report_is_a_page_a_text_and_json(swept):
    folder, _, _ = swept

    found = json.loads((folder / "out" / "report.json").read_bytes())

    assert [one["status"] for one in found["files"]] == ["ok", "ok", "ok", "refused"]
    for one in found["files"][:3]:
        content = (folder.parent / one["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert one["peak_bytes"] > 10**7
    assert "4 files wanted: 3 ok" in (folder / "out" / "report.html").read_text()
    assert "| roi | tflite | none | small | refused |" in (
        folder / "out/report.md"
    ).read_text() or ("| roi | none | refused |" in (folder / "out" / "report.md").read_text())


@pytest.mark.slow
def test_nothing_is_exported_a_second_time(swept):
    folder, _, _ = swept

    out, _ = run("sweep", folder / "sweep.toml", "--out", folder / "out", "--json")

    found = json.loads(out)
    assert (found["exports_started"], found["known_before"]) == (0, 4)
    assert all(one["before"] for one in found["files"])


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on(tmp_path):
    prepare(tmp_path, 'networks = ["a.onnx", "b.onnx", "roi.onnx"]\n[options.x]\ncalib-samples = 8')
    command = [sys.executable, "-c", "from edgeship.cli import main; main()", "export", "sweep"]
    argv = [*command, "sweep.toml", "--out", "out", "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.Popen(argv, cwd=tmp_path, env=environment, stderr=subprocess.PIPE)  # noqa: S603
    assert killed.stderr is not None
    with killed:
        line = killed.stderr.readline().decode()
        children = psutil.Process(killed.pid).children(recursive=True)
        killed.send_signal(signal.SIGKILL)
    assert "ok a tflite none" in line
    psutil.wait_procs(children, timeout=10)
    assert not any(map(alive, children))

    out, _ = run("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "out", "--json")

    found = json.loads(out)
    # On a busy machine the second one can end before the command is killed.
    assert found["known_before"] in (1, 2)
    assert found["exports_started"] == 3 - found["known_before"]
    assert [one["status"] for one in found["files"]] == ["ok", "ok", "refused"]
    assert list((tmp_path / "out" / "work").iterdir()) == []


def alive(process: psutil.Process) -> bool:
    deadline = time.monotonic() + 5
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_limits_are_named_and_end_in_3(tmp_path):
    text = 'networks = ["a.onnx"]\n[limits]\nmemory = "0.1 GB"'

    out, _ = run("sweep", prepare(tmp_path, text), "--out", tmp_path / "out", code=3)

    assert "failed: a tflite none: It took more than 0.1 GB of memory, and was ended." in out
    late = text.replace('memory = "0.1 GB"', "minutes = 0.01")
    out, _ = run("sweep", prepare(tmp_path, late), "--out", tmp_path / "out", code=3)
    assert "failed: a tflite none: It did not end within 0.01 minutes, and was killed." in out


def test_a_wrong_file_is_named_before_anything_is_made(tmp_path):
    path = prepare(tmp_path, 'networks = ["a.onnx"]\ntargets = ["tflit"]')

    _, problems = run("sweep", path, "--out", tmp_path / "out", code=2)

    assert "There is no target 'tflit' for targets of the sweep." in problems
    assert "did you mean tflite?" in problems
    assert not (tmp_path / "out").exists()
