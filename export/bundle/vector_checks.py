"""Whether files, and the code that is generated for them, give what the test vectors say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import VerificationError
from _edgeship.export.bundle import code_program
from _edgeship.export.bundle.check import Check, check
from _edgeship.export.bundle.layout import INDEX, inside
from _edgeship.export.bundle.top import dequantized
from _edgeship.export.bundle.vectors import FileRecord, VectorRecord, read_array
from _edgeship.export.contract.manifest import Artifact, Port
from _edgeship.export.contract.model_file import ModelFile
from _edgeship.work_folders import temporary_folder

#: How far an output may be from what was expected, as a fraction of its range. On the machine that
#: made a bundle both are the same bits; other processors round otherwise, and in 8 bits a step of
#: an inner tensor moves an output by a few per cent.
_FLOAT_LIMIT = 1e-4
_ROUNDED_LIMIT = 0.05

#: How far a prepared picture may be from the one in the bundle: two of 255 steps.
_PREPARED_LIMIT = 2 / 255

#: Seconds that the generated code may take for the samples of one file.
_WITHIN_S = 300


def check_file(folder: Path, artifact: Artifact, record: FileRecord, model: ModelFile) -> Check:
    """Run a file on its vectors."""
    name = f"{artifact.file} on its vectors"
    names = [port.name for port in artifact.inputs]
    if set(names) != set(model.inputs):
        return check(name, "", [f"it has other inputs than {', '.join(names)}"])
    run = model.alone().open_stored()
    problems: list[str] = []
    furthest = 0.0
    for number, vector in enumerate(record.vectors, 1):
        _demand_all(artifact, vector)
        inputs = [read_array(folder, path) for path in vector.inputs]
        problems += _unfit(number, artifact.inputs, inputs)
        if problems:
            break
        results = run({port.name: each for port, each in zip(artifact.inputs, inputs, strict=True)})
        for port, path in zip(artifact.outputs, vector.outputs, strict=True):
            if path and port.name not in results:
                problems.append(f"it has no output {port.name}")
            elif path:
                expected = read_array(folder, path)
                far = _distance(port, results[port.name], expected)
                furthest = max(furthest, far)
                if far > _limit(artifact):
                    problems.append(_too_far(number, port, far))
    compared = f"what {len(record.vectors)} samples give with vectors/: {_words(furthest)}"
    return check(name, compared, problems)


def check_code(
    folder: Path, artifact: Artifact, record: FileRecord, script: str, data: bytes
) -> Check:
    """Run the generated Python code on the vectors of its file, in a process of its own.

    Args:
        folder: The bundle.
        artifact: The file.
        record: Its vectors.
        script: Where the code lies in the bundle.
        data: The code, which this version of edgeship generates, too: nobody else's is run.
    """
    name = f"{script} on the vectors"
    if (folder / inside(script)).read_bytes() != data:
        return Check(
            name, "", skipped="it is not what this version of edgeship generates, so it is not run"
        )
    with temporary_folder() as place:
        _run(folder, script, record, place)
        problems: list[str] = []
        furthest, prepared = 0.0, list[float]()
        for number, vector in enumerate(record.vectors, 1):
            _demand_all(artifact, vector)
            for place_, (port, path) in enumerate(
                zip(artifact.outputs, vector.outputs, strict=True)
            ):
                found = read_array(place, f"{number}.output{place_}.npy")
                far = _distance(port, found, read_array(folder, path))
                furthest = max(furthest, far)
                if far > _limit(artifact):
                    problems.append(_too_far(number, port, far))
            if (place / f"{number}.prepared.npy").is_file():
                found = read_array(place, f"{number}.prepared.npy")
                far = _distance(artifact.inputs[0], found, read_array(folder, vector.inputs[0]))
                prepared.append(far)
                if far > _PREPARED_LIMIT:
                    problems.append(f"picture {number} is prepared {far:.2g} of its range off")
    compared = f"what it gives: {_words(furthest)}"
    if prepared:
        compared += f"; how it prepares pictures: {_words(max(prepared))}"
    return check(name, compared, problems)


def _run(folder: Path, script: str, record: FileRecord, place: Path) -> None:
    """Run the code; it leaves its outputs as arrays in a folder.

    Raises:
        VerificationError: It fails or takes too long.
    """
    asked = json.dumps([vector.model_dump() for vector in record.vectors])
    command = [sys.executable, code_program.__file__, str(folder), script, str(place), asked]
    try:
        done = subprocess.run(  # noqa: S603  (our program, on code that we generate)
            command, capture_output=True, text=True, timeout=_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise VerificationError(
            f"{script} takes too long.", why=f"it was stopped after {_WITHIN_S} s"
        ) from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise VerificationError(f"{script} fails.", why=lines[-1] if lines else "it says nothing")


def _demand_all(artifact: Artifact, vector: VectorRecord) -> None:
    """Demand an array for every port.

    Raises:
        VerificationError: There are more or less.
    """
    for side, ports, paths in (
        ("inputs", artifact.inputs, vector.inputs),
        ("outputs", artifact.outputs, vector.outputs),
    ):
        if len(ports) != len(paths):
            raise VerificationError(
                f"{INDEX} has {len(paths)} {side} for {artifact.file}, and not {len(ports)}."
            )


def _unfit(number: int, ports: Sequence[Port], arrays: Sequence[NDArray[Any]]) -> list[str]:
    """Return what of some inputs is not what the manifest says."""
    return [
        f"the input {port.name} of sample {number} is {array.dtype} {list(array.shape)}"
        for port, array in zip(ports, arrays, strict=True)
        if port.dtype != "image"
        and (str(array.dtype), list(array.shape)) != (port.dtype, port.shape)
    ]


def _distance(port: Port, found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return how far two arrays are apart, as a fraction of the range of what is expected."""
    if found.shape != expected.shape:
        return float("inf")
    if np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f"):
        return 0.0
    wanted = dequantized(port, expected)
    far = float(np.max(np.abs(dequantized(port, found) - wanted)))
    span = float(np.ptp(wanted))
    return far / span if span and np.isfinite(far) else float("inf")


def _limit(artifact: Artifact) -> float:
    return _FLOAT_LIMIT if artifact.compute == "float32" else _ROUNDED_LIMIT


def _words(far: float) -> str:
    return "the same bits" if far == 0 else f"{far:.2g} of the range apart at most"


def _too_far(number: int, port: Port, far: float) -> str:
    return f"{port.name} of sample {number} is {far:.2g} of its range off"
