"""What the user's files import: what they do in the user's own project, and nothing of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export.network.user_networks import builds, loads, refused, write

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("temporary")]

CONV = "from torch import nn\ndef Conv():\n    return nn.Conv2d(3, 2, 1)\n"

# The files of a project, and how its network is named from the project's folder.
PROJECTS = {
    "neighbour": ({"net.py": "from common import Conv as build\n", "common.py": CONV}, "net.py"),
    "own models package": (
        {
            "models/__init__.py": "",
            "models/common.py": CONV,
            "models/net.py": "from models.common import Conv as build\n",
        },
        "models/net.py",
    ),
    "relative import": (
        {
            "nets/__init__.py": "",
            "nets/deep/__init__.py": "",
            "nets/common.py": CONV,
            "nets/deep/net.py": "from ..common import Conv as build\n",
        },
        "nets/deep/net.py",
    ),
    "relative import of a dotted name": (
        {
            "nets/__init__.py": "",
            "nets/common.py": CONV,
            "nets/net.py": "from .common import Conv as build\n",
        },
        "nets.net",
    ),
    "a package without __init__": (
        {"parts/common.py": CONV, "parts/net.py": "from parts.common import Conv as build\n"},
        "parts/net.py",
    ),
    "a package without __init__, by its dotted name": (
        {"parts/common.py": CONV, "parts/net.py": "from .common import Conv as build\n"},
        "parts.net",
    ),
    "a script in a package": (
        {
            "nets/__init__.py": "",
            "nets/common.py": CONV,
            "nets/net.py": "from common import Conv as build\n",
        },
        "nets/net.py",
    ),
    "the package itself": (
        {"nets/__init__.py": "from .common import Conv as build\n", "nets/common.py": CONV},
        "nets/__init__.py",
    ),
    "named like a module of Python": (
        {"json.py": "from common import Conv as build\n", "common.py": CONV},
        "json.py",
    ),
    "named like a package beside it": (
        {
            "models.py": "from models.common import Conv as build\n",
            "models/__init__.py": "",
            "models/common.py": CONV,
        },
        "models.py",
    ),
    "no identifier": (
        {
            "nets/__init__.py": "",
            "nets/common.py": CONV,
            "nets/my-net.v2.py": "from .common import Conv as build\n",
        },
        "nets/my-net.v2.py",
    ),
    "named like our own": (
        {
            "net.py": "from capture import Conv\nfrom export import EXPORT\n"
            "from _edgeship import OWN\nbuild = Conv\n",
            "capture.py": CONV,
            "export.py": "EXPORT = 1\n",
            "_edgeship.py": "OWN = 1\n",
        },
        "net.py",
    ),
}


@pytest.mark.parametrize(("files", "place"), PROJECTS.values(), ids=PROJECTS.keys())
def test_imports_work_as_they_do_in_the_users_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], place: str
) -> None:
    for name, text in files.items():
        write(tmp_path, text, name)
    monkeypatch.chdir(tmp_path)
    builds(place)


def test_files_named_like_what_the_exporter_imports_are_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("onnx", "onnxscript", "onnx_ir", "numpy", "pickletools", "sympy", "types"):
        write(tmp_path, "raise ImportError('not this one')\n", f"{name}.py")
    write(tmp_path, CONV, "utils.py")
    place = write(tmp_path, "from utils import Conv as build\n")
    monkeypatch.chdir(tmp_path)
    loads(place)


def test_a_file_elsewhere_finds_its_own_package_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write(tmp_path, "from models.common import Conv as build\n", "theirs/models/net.py")
    write(tmp_path, "", "theirs/models/__init__.py")
    write(tmp_path, CONV, "theirs/models/common.py")
    write(tmp_path, "", "here/models/__init__.py")
    monkeypatch.chdir(tmp_path / "here")
    builds(place)


def test_a_relative_import_outside_of_a_package_gets_advice(tmp_path: Path) -> None:
    write(tmp_path, CONV, "common.py")
    error = refused(write(tmp_path, "from .common import Conv as build\n"))
    assert "attempted relative import" in error.why
    assert "package.module:FUNCTION" in error.todo
