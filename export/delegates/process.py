"""Running queries to the GPU accelerator in a process that may crash or hang."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from _edgeship.export.delegates.gpu_log import GpuLog, read_log
from _edgeship.export.delegates.query import Answer, Query
from _edgeship.export.delegates.vulkan import Vulkan
from _edgeship.export.runtimes.child import end_group, ending, late
from _edgeship.work_folders import temporary_folder

_PROGRAM = Path(__file__).with_name("gpu_program.py")

#: Seconds that one file may take: a large network on a software driver takes half a minute.
LIMIT_S = 300


def answers(vulkan: Vulkan, queries: Sequence[Query], limit_s: int = LIMIT_S) -> Iterator[Answer]:
    """Yield an answer to each query; one that ends its process costs the others nothing."""
    while queries:
        answered = _run(vulkan, queries, limit_s)
        yield from answered
        queries = queries[len(answered) :]


def _run(vulkan: Vulkan, queries: Sequence[Query], limit_s: int) -> list[Answer]:
    """Return the answers up to the first query that ends the process, and that one's."""
    with temporary_folder() as folder:
        _write(folder, queries, limit_s)
        process = subprocess.Popen(  # noqa: S603  (our own program)
            [sys.executable, str(_PROGRAM), str(folder)],
            env=vulkan.environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "start.log").open("wb"),
            start_new_session=True,
        )
        try:
            code = process.wait()
        finally:
            end_group(process)
        return _read(folder, queries, code, limit_s)


def _write(folder: Path, queries: Sequence[Query], limit_s: int) -> None:
    described = []
    for index, query in enumerate(queries):
        (folder / f"{index}.tflite").write_bytes(query.data)
        for sample, arrays in enumerate(query.feeds):
            for port, array in enumerate(arrays):
                np.save(folder / f"{index}.{sample}.{port}.npy", array)
        described.append(
            {
                "file": f"{index}.tflite",
                "samples": len(query.feeds),
                "inputs": list(query.inputs),
                "outputs": list(query.outputs),
                "shapes": [list(shape) for shape in query.shapes],
                "fallback": query.fallback,
                "half": query.half,
            }
        )
    job = {"limit_s": limit_s, "queries": described}
    (folder / "job.json").write_text(json.dumps(job))


def _read(folder: Path, queries: Sequence[Query], code: int, limit_s: int) -> list[Answer]:
    answers = folder / "answers.jsonl"
    lines = answers.read_text().splitlines() if answers.is_file() else []
    found = []
    for index, line in enumerate(lines):
        refused, log = json.loads(line)["refused"], _log(folder, index)
        if refused is not None:
            found.append(Answer(log, _in_words(refused)))
            continue
        query = queries[index]
        outputs = [
            [
                np.load(folder / f"{index}.{sample}.{port}.out.npy")
                for port in range(len(query.outputs))
            ]
            for sample in range(len(query.feeds))
        ]
        found.append(Answer(log, outputs=outputs))
    if len(lines) < len(queries):
        log = _log(folder, len(lines))
        found.append(Answer(log, _ending(folder, code, limit_s), died=True))
    return found


def _log(folder: Path, index: int) -> GpuLog:
    path = folder / f"{index}.log"
    return read_log(path.read_text(errors="replace") if path.is_file() else "")


def _in_words(refused: str) -> str:
    """Return a runtime's message on one line, without the places in its sources."""
    lines = [line.strip(" └") for line in refused.splitlines()]
    kept = [line for line in lines if line and not line.startswith("ERROR: [")]
    return " ".join(kept) or "it gives no reason"


def _ending(folder: Path, code: int, limit_s: int) -> str:
    """Return how the process ended, in the middle of a sentence."""
    return late(limit_s) if code == -signal.SIGALRM else ending(code, folder / "start.log")
