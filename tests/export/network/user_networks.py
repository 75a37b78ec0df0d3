"""Networks in files of a user, and what happens to them in a process of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.network.user_process import UserProcess

SHAPE = (1, 3, 4, 4)
SAMPLE = {"x": np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)}
HEAD = "import os, signal, sys, threading, time\nimport torch\nfrom torch import nn\n"
BUILD = HEAD + "def build():\n    return nn.Conv2d(3, 2, 1)\n"


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
