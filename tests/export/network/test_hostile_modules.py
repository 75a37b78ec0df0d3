"""Hostile modules of users: one sentence and the right exit code each, and nothing else happens.

`test_user_process` has those that end or crash, `test_user_replies` those that answer nonsense, or
nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from _edgeship.errors import InputError
from _edgeship.export.network import user_replies
from _edgeship.export.network.user_process import UserProcess
from tests.export.network.user_networks import BUILD, HEAD, builds, refused, write

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("temporary")]

ROOT = Path(__file__).parents[3]

FORKS_AND_SHOUTS = """
os.fork()
def build():
    os.fork()
    for _ in range(300):
        print('x' * 10**5)
    sys.stdout.close()
    os.close(1)
    sys.stderr = sys.stdout = None
    return nn.Conv2d(3, 2, 1)
"""

#: Writes over the graph, after it is captured and before that is told.
SPOILS = """
class Spoilt(nn.Conv2d):
    def parameters(self, *args, **kwargs):
        frame = sys._getframe()
        while frame:
            path = str(frame.f_locals.get('path'))
            if path.endswith('captured.onnx') and os.path.exists(path):
                open(path, 'wb').write(b'\\xff' * 9)
            frame = frame.f_back
        return super().parameters(*args, **kwargs)
def build():
    return Spoilt(3, 2, 1)
"""


def test_each_request_is_answered_once_however_many_processes_there_are(tmp_path: Path) -> None:
    builds(write(tmp_path, HEAD + FORKS_AND_SHOUTS))


def test_a_message_of_a_megabyte_is_cut(tmp_path: Path) -> None:
    error = refused(write(tmp_path, HEAD + "def build():\n    raise GeneratorExit('y' * 10**6)\n"))
    assert error.what == f"{tmp_path / 'net.py'}:build() failed."
    assert error.why == "GeneratorExit: " + "y" * 300 + "..."
    assert error.exit_code == 2


def test_what_writes_something_else_than_a_network(tmp_path: Path) -> None:
    process = UserProcess(write(tmp_path, HEAD + SPOILS), "build")
    with pytest.raises(InputError) as caught:
        process.capture([(1, 3, 4, 4)])
    process.close()
    assert caught.value.what == (
        "The files by which the network's process is spoken to cannot be used."
    )


def test_what_ends_the_command_itself(tmp_path: Path) -> None:
    text = BUILD + "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)\n"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "export", f"{write(tmp_path, text)}:build", "--input", "1,3,4,4"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [
        "error: Running code of yours failed.",
        "  why: the process was ended by the signal SIGKILL; perhaps the memory ran out",
        "  do: check where the file comes from; if it is sound, report it",
    ]


@pytest.mark.parametrize("forks", [False, True], ids=["itself", "in a child"])
def test_what_takes_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forks: bool
) -> None:
    free = psutil.virtual_memory().available
    monkeypatch.setattr(user_replies, "_MOST_MEMORY", 1.5 * 2**30 / free)
    fork = "    if os.fork():\n        time.sleep(60)\n" if forks else ""
    error = refused(
        write(tmp_path, HEAD + f"def build():\n{fork}    all = b'x' * 2**31\n    time.sleep(60)\n")
    )
    assert error.what == f"{tmp_path / 'net.py'}:build() failed."
    assert error.why.startswith("it took more than 1.5 GiB of memory, ")
    assert error.exit_code == 2
