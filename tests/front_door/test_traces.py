"""What commands leave behind: their results, and nothing among temporary files or in the home."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from _edgeship.cache import cache_folder
from _edgeship.export.runtimes.browser_parts import missing
from tests.export.command_line import write_network
from tests.front_door.doors import EDGESHIP

#: Torch makes its folder when it is imported, once for each user.
_OF_TORCH = "torchinductor_"


@pytest.fixture
def places() -> Iterator[dict[str, str]]:
    """Empty folders, as variables of the environment: short, since paths of sockets must be."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as temporary:
        yield {"HOME": home, "TMPDIR": temporary}


@pytest.mark.slow
def test_of_all_targets_and_runtimes_nothing_is_left(
    tmp_path: Path, places: dict[str, str]
) -> None:
    def call(*words: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own commands
            [*EDGESHIP, "export", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            # Nothing else of the environment: where CI is in it, some libraries behave.
            env={"PATH": os.environ["PATH"], "EDGESHIP_CACHE": str(cache_folder()), **places},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        left = [path for place in places.values() for path in Path(place).rglob("*")]
        assert [path for path in left if not path.name.startswith(_OF_TORCH)] == []

    write_network(tmp_path / "net.onnx")
    targets = ["tflite", "coreml", "onnx", *(["coreai"] if find_spec("coreai") else [])]
    call("net.onnx", "--to", ",".join(targets), "--quant", "int8")
    runtimes = ["litert", *(["openvino"] if find_spec("openvino") else [])]
    runtimes += [] if missing() else ["browser"]
    call("verify", "build/net/net_int8.tflite", "--runtime", ",".join(runtimes))
