"""From any folder, with any of the user's files in it: the same files come out.

What the user's code may do in its own process is tested in tests/export/network.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.front_door.doors import DOORS, EDGESHIP, call, write

pytestmark = pytest.mark.slow

CONV = "from torch import nn\ndef Conv():\n    return nn.Conv2d(3, 2, 1)\n"
NET = "def build():\n    return Conv()\n"
TRAP = "raise SystemExit('this file is the user\\'s own')\n"

PYTHON, INSTALLED = DOORS["export"]


def exported(command: tuple[str, ...], folder: Path, model: str) -> bytes:
    """Export a network quietly; return the .tflite file, the path of which is printed."""
    shape = ("--input", "1,3,4,4", "--quiet", "--out", str(folder / "out"))
    stdout, stderr = call((*command, model, *shape), folder)
    assert stderr == ""
    [_, file, manifest] = map(Path, stdout.splitlines())
    assert manifest == folder / "out" / "manifest.json"
    assert manifest.is_file()
    assert file.suffix == ".tflite"
    return file.read_bytes()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the file that comes from a folder with nothing else in it."""
    folder = write(tmp_path_factory.mktemp("alone"), {"net.py": CONV + NET})
    return exported(INSTALLED, folder, "net.py:build")


SITUATIONS = {
    "own models package": (
        PYTHON,
        {
            "models/__init__.py": "",
            "models/common.py": CONV,
            "models/net.py": "from models.common import Conv\n" + NET,
        },
        "models/net.py:build",
    ),
    "models folder without __init__": (
        PYTHON,
        {"models/common.py": CONV, "models/net.py": "from models.common import Conv\n" + NET},
        "models/net.py:build",
    ),
    "models.py": (
        PYTHON,
        {"models.py": CONV, "net.py": "from models import Conv\n" + NET},
        "net.py:build",
    ),
    "own export.py": (
        INSTALLED,
        {"export.py": TRAP, "common.py": CONV, "net.py": "from common import Conv\n" + NET},
        "net.py:build",
    ),
    "utils package": (
        PYTHON,
        {
            "utils/__init__.py": "",
            "utils/blocks.py": CONV,
            "research/net.py": "from utils.blocks import Conv\n" + NET,
        },
        "research/net.py:build",
    ),
    "relative imports": (
        INSTALLED,
        {
            "nets/__init__.py": "from .net import build\n",
            "nets/common.py": CONV,
            "nets/net.py": "from .common import Conv\n" + NET,
        },
        "nets.net:build",
    ),
    "device_bench folder, and files named like packages": (
        PYTHON,
        {
            "device_bench/notes.py": TRAP,
            **{f"{name}.py": TRAP for name in ("numpy", "onnx", "rich", "typer", "coremltools")},
            "net.py": CONV + NET,
        },
        "net.py:build",
    ),
    "prints": (
        INSTALLED,
        {"net.py": "print('loading', flush=True)\n" + CONV + "print('x' * 100_000)\n" + NET},
        "net.py:build",
    ),
}


@pytest.mark.parametrize(("command", "files", "model"), SITUATIONS.values(), ids=SITUATIONS.keys())
def test_the_same_file_comes_out(
    tmp_path: Path,
    expected: bytes,
    command: tuple[str, ...],
    files: dict[str, str],
    model: str,
) -> None:
    assert exported(command, write(tmp_path, files), model) == expected


@pytest.mark.parametrize("code", ["0", "3", "'no data'"])
@pytest.mark.parametrize("place", ["import", "build"])
def test_a_network_that_exits_is_an_error(tmp_path: Path, place: str, code: str) -> None:
    leave = f"import sys\nprint('so far')\nsys.exit({code})\n"
    body = "".join(f"    {line}\n" for line in leave.splitlines())
    text = leave + NET if place == "import" else f"def build():\n{body}"
    write(tmp_path, {"net.py": text})
    stdout, stderr = call(
        (*INSTALLED, "net.py:build", "--input", "1,3,4,4", "--quiet", "--out", "out"),
        tmp_path,
        code=2,
    )
    assert stdout == ""
    first = stderr.splitlines()[0]
    failed = "cannot be imported." if place == "import" else ":build() failed."
    assert re.fullmatch(rf"error: net\.py ?{re.escape(failed)}", first)
    assert f"SystemExit: {code.strip(chr(39))}" in stderr
    assert "it printed last:\n    so far" in stderr
    assert not (tmp_path / "out").exists()


NOTEBOOK = [
    "import models\nfrom models.net import net_build\nimport torch\ntorch.manual_seed(0)\n"
    "net = net_build(3, 2, 1).train()",
    "import edgeship\n"
    "result = edgeship.export(net, input_shapes=[(1, 3, 4, 4)], out='out')\n"
    "assert net.training\n"
    "assert models.__file__.startswith(FOLDER), models.__file__\n"
    "import export\n"
    "assert export.__file__.startswith(FOLDER), export.__file__",
]


def test_a_notebook_beside_own_models_and_export(tmp_path: Path, expected: bytes) -> None:
    import nbformat
    from nbclient import NotebookClient

    write(
        tmp_path,
        {
            "models/__init__.py": "",
            # A live module is named by its class, and the file keeps the name.
            "models/net.py": "from torch import nn\nclass net_build(nn.Conv2d):\n    pass\n",
            "export.py": "",
        },
    )
    cells = [f"FOLDER = {str(tmp_path)!r}", *NOTEBOOK]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    [file] = (tmp_path / "out").glob("*.tflite")
    assert file.read_bytes() == expected


def test_lists_are_the_same_everywhere(tmp_path: Path) -> None:
    names = ("models", "utils", "numpy", "device_bench", "export")
    folder = write(tmp_path / "full", {f"{name}.py": TRAP for name in names})
    (tmp_path / "empty").mkdir()
    for words in (("models", "list", "effnet*"), ("export", "list", "--ops", "Conv")):
        assert call((*EDGESHIP, *words), folder) == call((*EDGESHIP, *words), tmp_path / "empty")
