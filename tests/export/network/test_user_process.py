"""Users' code in a process of its own: whatever it does, we get a network or one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.network.source import load_network
from _edgeship.export.network.user_process import UserProcess

pytestmark = pytest.mark.slow

SHAPE = (1, 3, 4, 4)
SAMPLE = {"x": np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)}
HEAD = "import os, signal, sys, threading, time\nimport torch\nfrom torch import nn\n"
BUILD = HEAD + "def build():\n    return nn.Conv2d(3, 2, 1)\n"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep temporary files apart, so that what is left of them can be seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def write(folder: Path, text: str, name: str = "net.py") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def loads(place: str, function: str = "build") -> None:
    """Build, capture and run a network; check the results against each other."""
    process = UserProcess(place, function)
    try:
        graph = process.capture([SHAPE])
        [[found]] = process.run([SAMPLE])
        [node] = graph.graph
        assert node.op_type == "Conv"
        assert found.shape == (1, 2, 4, 4)
        assert process.parameters() == 8
    finally:
        process.close()


def builds(place: str) -> None:
    process = UserProcess(place, "build")
    [[found]] = process.run([SAMPLE])
    process.close()
    assert found.shape == (1, 2, 4, 4)


def refused(place: str, function: str = "build") -> InputError:
    """Return the error of a network that is not even built."""
    with pytest.raises(InputError) as caught:
        UserProcess(place, function)
    return caught.value


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
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
sys.path[:] = [folder for folder in sys.path if "lib" in folder]
sys.stdout.close()
sys.stdin = sys.stdout = sys.stderr = None
for number in (0, 1, 2):
    os.close(number)
"""


def test_what_code_does_to_its_interpreter_does_no_harm(tmp_path: Path, temporary: Path) -> None:
    loads(write(tmp_path, BUILD + HARMLESS))
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


def test_a_network_itself_and_its_class_can_be_named(tmp_path: Path) -> None:
    text = "class Net(nn.Conv2d):\n    def __init__(self):\n        super().__init__(3, 2, 1)\n"
    place = write(tmp_path, HEAD + text + "NET = Net()\n")
    loads(place, "Net")
    loads(place, "NET")


@pytest.mark.parametrize("name", ["net.pt2", "net.pt", "net.torchscript"])
def test_networks_that_torch_has_saved_whole(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()).eval()
    path, x = tmp_path / name, torch.from_numpy(SAMPLE["x"])
    if name.endswith(".pt2"):
        torch.export.save(torch.export.export(module, (x,)), path)
    else:
        torch.jit.script(module).save(str(path))
    with load_network(str(path), shapes=() if name.endswith(".pt2") else [SHAPE]) as network:
        assert network.shapes == (SHAPE,)
        assert network.name == "net"
        graph = network.definition.capture(network.shapes)
        assert bool(network.definition.traced) != name.endswith(".pt2")
        assert [node.op_type for node in graph.graph] == ["Conv", "Relu"]
        [[found]] = network.definition.run([SAMPLE])
        np.testing.assert_allclose(found, module(x).detach().numpy(), atol=1e-6)


def test_a_saved_network_without_shapes_and_a_damaged_one(tmp_path: Path) -> None:
    torch.jit.script(nn.ReLU()).save(str(tmp_path / "net.pt"))
    with pytest.raises(InputError, match="input shape of") as caught:
        load_network(str(tmp_path / "net.pt"))
    assert "--input" in caught.value.todo
    with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as archive:
        archive.writestr("nothing", "")
    with pytest.raises(InputError, match="cannot be read"):
        load_network(str(tmp_path / "bad.pt2"))
    torch.save(nn.ReLU().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(InputError, match="holds weights, not a network"):
        load_network(str(tmp_path / "weights.pt"))


def test_networks_built_while_importing_are_seeded(tmp_path: Path) -> None:
    place = write(tmp_path, HEAD + "NET = nn.Conv2d(3, 2, 1)\ndef build():\n    return NET\n")
    graphs = []
    for _ in range(2):
        process = UserProcess(place, "build")
        graphs.append(serialize(process.capture([SHAPE])))
        process.close()
    assert graphs[0] == graphs[1]


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
            "net.py": "from capture import Conv\nfrom export import EXPORT\nbuild = Conv\n",
            "capture.py": CONV,
            "export.py": "EXPORT = 1\n",
            "_edgeship.py": "raise ImportError('not this one')\n",
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


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_are_read_here_and_used_there(tmp_path: Path, suffix: str) -> None:
    from safetensors.torch import save_file

    trained = nn.Conv2d(3, 2, 1)
    checkpoint = tmp_path / f"w.{suffix}"
    (torch.save if suffix == "pth" else save_file)(trained.state_dict(), checkpoint)
    with load_network(
        f"{write(tmp_path, BUILD)}:build", shapes=[SHAPE], weights=str(checkpoint)
    ) as network:
        graph = network.definition.capture([SHAPE])
        assert len(network.weights_sha256 or "") == 64
    assert serialize(graph) == serialize(LiveModule(trained).capture([SHAPE]))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path, temporary: Path) -> None:
    torch.save(nn.Conv2d(3, 5, 1).state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match="does not fit"):
        load_network(
            f"{write(tmp_path, BUILD)}:build", shapes=[SHAPE], weights=str(tmp_path / "w.pth")
        )
    assert not list(temporary.glob("edgeship-*"))


PARENT = """
import sys, time
from _edgeship.export.network.user_process import UserProcess
process = UserProcess(sys.argv[1], "build")
print(process._process.pid, flush=True)
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
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text():
            break
        time.sleep(0.1)
    else:
        os.kill(child, 9)
        pytest.fail("the process of the network is still running")
    assert not list(temporary.glob("edgeship-*"))
