"""The ways in: the installed command, and ``python -m`` in any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EDGESHIP = (str(Path(sys.executable).with_name("edgeship")),)

#: What each command line is called in a checkout, and when it is installed.
DOORS = {
    "export": ((sys.executable, "-m", "export"), (*EDGESHIP, "export")),
    "models": ((sys.executable, "-m", "models"), (*EDGESHIP, "models")),
    "bench": ((sys.executable, "-m", "device_bench"), (*EDGESHIP, "bench")),
}


def call(
    command: tuple[str, ...], folder: Path, code: int = 0, **environment: str
) -> tuple[str, str]:
    """Return stdout and stderr of a command that runs in a folder, its exit code checked."""
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of a project; return its folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
