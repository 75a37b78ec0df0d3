"""Commands that write something, and what of it is there: the old, the new, or neither."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.processes.inputs import NAME, write_network

ROOT = Path(__file__).parents[2]

#: Which command makes it, as the words behind ``python -m``.
Words = tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """A command that is done again and again in one place, with one of two inputs.

    Attributes:
        name: For people.
        words: Variant -> the command.
        folder: Where its files appear.
        state: Returns file -> digest, with equal digests where a variant has made the file.
        kept: Returns what must still be there afterwards, whatever happened.
    """

    name: str
    words: Callable[[int], Words]
    folder: Path
    state: Callable[[], Mapping[str, str]]
    kept: Callable[[], frozenset[str]] = frozenset


def environment(place: Path) -> dict[str, str]:
    """Return an environment with temporary files of its own."""
    temporary = place / "temporary"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}


def started(words: Words, place: Path) -> subprocess.Popen[str]:
    """Start a command in a session of its own."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def done(words: Words, place: Path) -> None:
    """Run a command to its end.

    Raises:
        RuntimeError: It fails.
    """
    process = started(words, place)
    said, _ = process.communicate(timeout=300)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{said}")


def exporting(place: Path) -> Work:
    """Exports to TFLite and ONNX, each into the folder of the one before."""
    out = place / "export" / "out"
    return Work("export", lambda variant: _export(place, variant, out), out, lambda: _digests(out))


def bundling(place: Path) -> Work:
    """Bundles of two exports, each in the place of the one before: a folder and a zip file."""
    out = place / "bundle" / "out"
    made = [place / "bundle" / f"made{variant}" for variant in (0, 1)]
    for variant, folder in enumerate(made):
        done(_export(place, variant, folder), place)

    def words(variant: int) -> Words:
        return "export", "bundle", str(made[variant]), "--out", str(out)

    return Work("bundle", words, out, lambda: _digests(out))


def measuring(place: Path) -> Work:
    """Measurements on this computer, all in one store."""
    folder = place / "bench"
    done(_export(place, 0, folder / "made"), place)
    store = folder / "store.sqlite"
    words = (
        *("device_bench", "run", str(folder / "made" / f"{NAME}_fp32.tflite")),
        *(
            "--device",
            "local",
            "--store",
            str(store),
        ),
        *("--rounds", "4", "--runs", "1", "--seconds", "0", "--warmup", "0"),
    )

    def state() -> Mapping[str, str]:
        return {store.name: "whole"} if store.exists() and _whole(store) else {}

    return Work("device_bench run", lambda variant: words, folder, state, lambda: _rounds(store))


def _export(place: Path, variant: int, out: Path) -> Words:
    path = write_network(place / "networks" / str(variant), variant)
    return "export", str(path), "--out", str(out), "--to", "tflite,onnx", "--quant", "none"


def _digests(folder: Path) -> dict[str, str]:
    """Return a digest of each file; folders, such as a bundle's, have one for all of theirs."""
    if not folder.is_dir():
        return {}
    return {path.name: _digest(path) for path in folder.iterdir() if not path.name.startswith(".")}


def _digest(path: Path) -> str:
    if path.is_dir():
        files = {
            one.relative_to(path).as_posix(): _digest(one)
            for one in path.rglob("*")
            if one.is_file()
        }
        return _sha256(json.dumps(files, sort_keys=True).encode())
    data = path.read_bytes()
    if path.name == "manifest.json" and path.parent.name == "out":
        # It says how long the stages took, too.
        manifest = json.loads(data)
        data = json.dumps([manifest["onnx"], [one["sha256"] for one in manifest["artifacts"]]])
        data = data.encode()
    return _sha256(data)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _whole(store: Path) -> bool:
    with sqlite3.connect(store) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def _rounds(store: Path) -> frozenset[str]:
    """Return what was measured; a round that was kept must not go away."""
    if not store.exists():
        return frozenset()
    with sqlite3.connect(store) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "rounds" not in tables:
            return frozenset()
        return frozenset(map(repr, connection.execute("SELECT * FROM rounds")))
