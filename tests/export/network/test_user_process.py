"""Users' code in a process of its own: whatever it does, we get a network or one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.user_process import UserProcess
from tests.export.network.user_networks import BUILD, HEAD, SAMPLE, SHAPE, loads, refused, write

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("temporary")]


def test_the_graph_is_the_one_that_this_process_would_export(
    tmp_path: Path, temporary: Path
) -> None:
    process = UserProcess(write(tmp_path, BUILD), "build")
    torch.manual_seed(0)
    module = nn.Conv2d(3, 2, 1).eval()
    here = LiveModule(module)
    graph = process.capture([SHAPE])
    assert serialize(graph) == serialize(here.capture([SHAPE]))
    assert np.array_equal(process.run([SAMPLE])[0][0], here.run([SAMPLE])[0][0])
    assert list(temporary.glob("edgeship-*"))
    process.close()
    process.close()
    assert not list(temporary.glob("edgeship-*"))


def _runs(process: int) -> bool:
    """Return whether a process runs; one that has ended and that nobody waits for does not."""
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_outputs_come_per_sample_in_order(tmp_path: Path) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n"
        "    def forward(self, a, b):\n"
        "        return {'sum': a + b, 'rest': (a.argmax(1), b.sum())}\n"
    )
    process = UserProcess(write(tmp_path, text), "Net")
    a, b = np.ones((2, 3), np.float32), np.full((2, 3), 4, np.float32)
    first, second = process.run([{"b/odd name": a, "a": b}, {"b/odd name": b, "a": b}])
    process.close()
    assert [values.dtype for values in first] == [np.float32, np.int64, np.float32]
    assert np.array_equal(first[0], np.full((2, 3), 5))
    assert np.array_equal(second[0], np.full((2, 3), 8))
    assert float(first[2]) == 24


# What the user's code may do to its interpreter; none of it reaches ours.
HARMLESS = """
assert sys.stdin.read() == ""
import argparse; argparse.ArgumentParser().parse_args()
import atexit; atexit.register(os._exit, 7)
print("a" * 100_000); print("b", file=sys.stderr)
threading.Thread(target=time.sleep, args=(600,)).start()
os.fork() or time.sleep(600)
os.chdir("/")
import builtins, shutil
shutil.rmtree(os.path.dirname(os.path.abspath(__file__)))
sys.exit = os._exit = builtins.print = builtins.input = lambda *given: None
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
sys.path[:] = [folder for folder in sys.path if "lib" in folder]
sys.stdout.close()
sys.stdin = sys.stdout = sys.stderr = None
for number in (0, 1, 2):
    os.close(number)
"""


def test_what_code_does_to_its_interpreter_does_no_harm(tmp_path: Path, temporary: Path) -> None:
    loads(write(tmp_path / "own", BUILD + HARMLESS))
    assert not list(temporary.glob("edgeship-*"))


# How code ends badly, and what is said then. The first half is tried while it is imported, the
# other half while it builds.
IMPORTS = {
    "exit 0": ("print('so far'); sys.exit(0)", r"^SystemExit: 0; it printed last:\n    so far$"),
    "arguments": ("import argparse; argparse.ArgumentParser().error('no')", "SystemExit: 2; it p"),
    "os._exit 0": ("print('bye'); os._exit(0)", r"ended itself with exit code 0; it .*\n    bye"),
    "an exception": ("raise ValueError('no such width')", "^ValueError: no such width$"),
    "forks and exits": ("os.fork() or time.sleep(600)\nos._exit(4)", "with exit code 4"),
}
BUILDS = {
    "exit with words": ("sys.exit('no data')", "^SystemExit: no data$"),
    "os._exit 0": ("os._exit(0)", "ended itself with exit code 0$"),
    "killed": ("os.kill(os.getpid(), 9)", "by the signal SIGKILL; perhaps the memory ran out"),
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "by the signal SIGSEGV"),
    "no exception": ("class Odd(BaseException): pass\nraise Odd('odd')", "^Odd: odd$"),
    "mute": (
        "class Mute(Exception):\n    def __str__(self): raise self\nraise Mute",
        r"^Mute: \(it has no message\)$",
    ),
    "exits a generator": ("raise GeneratorExit", r"^GeneratorExit: $"),
    "takes all memory": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))\n"
        "held = bytearray(1 << 40)",
        "^MemoryError",
    ),
    "removes the folder between us": (
        "import shutil; shutil.rmtree(os.path.dirname(os.readlink('/proc/self/fd/1')))\n"
        "raise ValueError('gone')",
        "^ValueError: gone$",
    ),
    "closes all descriptors": ("os.closerange(3, 256)", "ended itself with exit code 1"),
}


@pytest.mark.parametrize(("code", "why"), IMPORTS.values(), ids=IMPORTS.keys())
def test_an_import_that_ends_badly(tmp_path: Path, temporary: Path, code: str, why: str) -> None:
    error = refused(write(tmp_path, BUILD + code + "\n"))
    assert error.what == f"{tmp_path / 'net.py'} cannot be imported."
    assert re.search(why, error.why)
    assert not list(temporary.glob("edgeship-*"))


@pytest.mark.parametrize(("code", "why"), BUILDS.values(), ids=BUILDS.keys())
def test_a_function_that_ends_badly(tmp_path: Path, code: str, why: str) -> None:
    body = "".join(f"    {line}\n" for line in code.splitlines())
    error = refused(write(tmp_path, HEAD + "def build():\n" + body))
    assert error.what == f"{tmp_path / 'net.py'}:build() failed."
    assert re.search(why, error.why)


def test_a_function_that_returns_no_module(tmp_path: Path) -> None:
    error = refused(write(tmp_path, "def build():\n    return 3\n"))
    assert "returned int, not a torch.nn.Module" in error.what


def test_an_error_says_where_in_the_users_files_it_arose(tmp_path: Path) -> None:
    write(tmp_path, "def helper():\n    int('x')\n", "helper.py")
    error = refused(write(tmp_path, "from helper import helper\nbuild = helper\n"))
    assert error.where == f"{tmp_path / 'helper.py'}, line 2"
    assert "in helper" in str(error.__cause__)  # what --debug shows


@pytest.mark.parametrize(
    ("code", "what", "why"),
    [
        ("sys.exit(0)", "cannot be captured", "SystemExit: 0"),
        ("os._exit(0)", "cannot be captured", "exit code 0"),
        ("raise ValueError('odd')", "does not run on inputs of shape 1,3,4,4", "odd"),
    ],
)
def test_a_network_that_fails_when_it_runs(tmp_path: Path, code: str, what: str, why: str) -> None:
    text = f"class Net(nn.Module):\n    def forward(self, x):\n        {code}\n"
    process = UserProcess(write(tmp_path, HEAD + text), "Net")
    with pytest.raises(InputError, match=what) as caught:
        process.capture([SHAPE])
    assert why in caught.value.why
    process.close()


def test_what_torch_cannot_export_is_unsupported(tmp_path: Path) -> None:
    text = "    def forward(self, x):\n        return torch.linalg.svdvals(x)\n"
    process = UserProcess(write(tmp_path, HEAD + "class Net(nn.Module):\n" + text), "Net")
    with pytest.raises(UnsupportedError) as caught:
        process.capture([SHAPE])
    assert caught.value.why
    process.close()


PARENT = """
import sys, time
from _edgeship.export.network.user_process import UserProcess
process = UserProcess(sys.argv[1], "build")
print(process._link.pid, flush=True)
assert "torch" not in sys.modules
process.capture([(1, 3, 4, 4)])
"""


def test_process_and_files_do_not_outlive_a_parent_that_is_killed(
    tmp_path: Path, temporary: Path
) -> None:
    text = HEAD + (
        "class Net(nn.Module):\n    def forward(self, x):\n        time.sleep(600)\nbuild = Net\n"
    )
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", PARENT, write(tmp_path, text)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 60
    while _runs(child):
        if time.monotonic() > end:
            os.kill(child, 9)
            pytest.fail("the process of the network is still running")
        time.sleep(0.1)
    assert not list(temporary.glob("edgeship-*"))
