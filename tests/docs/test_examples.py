import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import notebooks

pytestmark = pytest.mark.slow


def test_the_notebook_exports_a_live_module_and_verifies_it(tmp_path: Path) -> None:
    path = notebooks.FOLDER / "export_a_network.ipynb"
    printed = notebooks.printed(notebooks.executed(path, tmp_path))
    assert int(re.findall(r"right: (\d+)%", printed)[0]) >= 90
    assert "Sequential_fp32.tflite" in printed
    assert "Sequential_int8.tflite" in printed
    assert "ok: True" in printed
    assert "There is no scheme 'int3'" in printed
    assert list(tmp_path.iterdir()) == []  # it writes into a folder of its own


def test_every_notebook_is_run() -> None:
    assert [path.name for path in notebooks.NOTEBOOKS] == ["export_a_network.ipynb"]


def test_the_script_prints_a_row_for_each_scheme(tmp_path: Path) -> None:
    done = run_script(tmp_path, "shufflenet_v2_x0_25", "--calib", "random")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith("within tolerance")]
    assert [row[0] for row in rows] == ["none", "fp16", "dynamic", "int8", "int16x8"]
    sizes = {row[0]: int(row[1].replace(",", "")) for row in rows}
    assert sizes["int8"] < sizes["fp16"] < sizes["none"]
    assert list(tmp_path.iterdir()) == []


def test_the_script_passes_an_error_on(tmp_path: Path) -> None:
    done = run_script(tmp_path, "no_such_network")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def run_script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = notebooks.FOLDER / "export_and_compare.py"
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, str(script), *words],
        cwd=folder,
        capture_output=True,
        text=True,
    )
