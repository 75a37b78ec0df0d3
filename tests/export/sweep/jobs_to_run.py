"""Functions that tests run as jobs, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from _edgeship.errors import UnsupportedError

HERE = "tests.export.sweep.jobs_to_run"


def answer(payload, folder: Path, tell):
    tell({"said": payload["text"]})
    (folder / "made.txt").write_text(payload["text"])
    return {"length": len(payload["text"]), "threads": os.environ["OMP_NUM_THREADS"]}


def talk(payload, folder: Path, tell):
    for number in range(payload["messages"]):
        tell({"number": number, "text": 2000 * "x"})
    return {}


def read(payload, folder: Path, tell):
    return {name: Path(name).read_text() for name in payload["names"]}


def sleep(payload, folder: Path, tell):
    tell({"pid": os.getpid()})
    # Of a child of its own, which must end, too.
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    tell({"pid": child.pid})
    time.sleep(payload["seconds"])
    child.kill()
    return {}


def grow(payload, folder: Path, tell):
    kept = []
    while True:
        kept.append(b"x" * (20 << 20))
        time.sleep(0.02)


def refuse(payload, folder: Path, tell):
    raise UnsupportedError("It has no such operator.", where="a node", todo="use another")


def crash(payload, folder: Path, tell):
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(payload, folder: Path, tell):
    raise KeyError("a bug")
