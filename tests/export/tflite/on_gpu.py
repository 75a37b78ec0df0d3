"""Files on the GPU accelerator beside the same files on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from _edgeship.export.delegates.query import Query
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from tests.export.delegates.gpu_here import accelerator

#: A file, its ports, and the samples to run it on.
Case = tuple[bytes, FileIO, list[dict[str, Any]]]


def gaps(cases: list[Case]) -> list[float | str]:
    """How far the GPU's outputs are from the CPU's, by the largest of these; or what went wrong.

    All cases run in one process, but for those behind a crash.
    """
    sessions = [TFLiteSession(data, io) for data, io, _ in cases]
    queries = [
        Query(
            data,
            [session.feeds(sample) for sample in samples],
            [port.name for port in io.inputs],
            [port.name for port in io.outputs],
            [port.shape for port in io.outputs],
        )
        for session, (data, io, samples) in zip(sessions, cases, strict=True)
    ]
    found: list[float | str] = []
    for session, answer, (_, _, samples) in zip(
        sessions, accelerator().ask(queries), cases, strict=True
    ):
        if answer.problem:
            found.append(answer.problem)
            continue
        expected = [session.run(sample) for sample in samples]
        results = [session.results(raw) for raw in answer.outputs]
        found.append(max(map(_gap, expected, results)))
    return found


def _gap(expected: list[Any], results: list[Any]) -> float:
    worst = 0.0
    for one, other in zip(expected, results, strict=True):
        largest = max(float(np.abs(one).max()), 1e-6)
        worst = max(worst, float(np.abs(one.astype(np.float64) - other).max()) / largest)
    return worst
