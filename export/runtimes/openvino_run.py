"""Running a .tflite file in OpenVINO, which shares no code with LiteRT."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.runtimes.child import run_program
from _edgeship.export.runtimes.tflite_apart import SessionApart
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.work_folders import temporary_folder

#: What `verify` calls it.
OPENVINO = "openvino"

INSTALL = "pip install 'edgeship[openvino]'"

#: Seconds that a file may take, with all samples.
_LIMIT_S = 600.0

_PROGRAM = Path(__file__).with_name("openvino_program.py")


def run_in_openvino(data: bytes, samples: Sequence[Sample], io: FileIO) -> Outputs:
    """Run a file in OpenVINO, in float32 on the CPU.

    Args:
        data: The whole file.
        samples: As for `export.runtimes.running.run_tflite`.
        io: Likewise.

    Raises:
        InputError: OpenVINO is not installed.
        VerificationError: It refuses the file, crashes or hangs on it.
    """
    if find_spec("openvino") is None:
        raise InputError(
            "The openvino runtime is not installed.",
            why="it is an optional package of 57 MB",
            todo=f"install it: {INSTALL}",
        )
    with SessionApart(data, io) as session, temporary_folder() as folder:
        _write(folder, data, samples, session)
        problem = run_program(_PROGRAM, [str(folder)], folder / "log", _LIMIT_S, os.environ)
        refused = folder / "refused.txt"
        if refused.is_file():
            problem = " ".join(refused.read_text().split())
        if problem:
            raise VerificationError("OpenVINO fails on the file.", why=f"{problem}.")
        return [
            session.results(
                [np.load(folder / f"{n}.{port}.out.npy") for port in range(len(io.outputs))]
            )
            for n in range(len(samples))
        ]


def _write(folder: Path, data: bytes, samples: Sequence[Sample], session: SessionApart) -> None:
    (folder / "file.tflite").write_bytes(data)
    for number, sample in enumerate(samples):
        for port, array in enumerate(session.feeds(sample)):
            np.save(folder / f"{number}.{port}.npy", array)
    inputs, outputs = session.tensor_names
    job = {"samples": len(samples), "inputs": inputs, "outputs": outputs}
    (folder / "job.json").write_text(json.dumps(job))
