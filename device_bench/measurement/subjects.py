"""What is known about a file before it is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from _edgeship.device_bench.results.records import Subject
from _edgeship.errors import InputError


def read_subjects(files: Sequence[Path]) -> list[tuple[Subject, bytes]]:
    """Return each file's description and content, in order.

    The content is read only once: replacing a file later must not change what is measured.

    Raises:
        InputError: There are no files, or one cannot be read or is no TFLite file.
    """
    if not files:
        raise InputError("No file is named.", todo="name one or more .tflite files")
    labels = unique_labels(files)
    return [_read(file, label) for file, label in zip(files, labels, strict=True)]


def unique_labels(files: Sequence[Path]) -> list[str]:
    """Return the shortest names that distinguish the files, in order.

    A file's name alone is used if that is enough, and otherwise as many folders with it as needed;
    a file that is named twice gets a number: "net.tflite", "net.tflite (2)".
    """
    depth = 1
    distinct = len({file.resolve() for file in files})
    most = max((len(file.parts) for file in files), default=1)
    while depth < most and len({file.parts[-depth:] for file in files}) < distinct:
        depth += 1
    labels: list[str] = []
    seen: dict[str, int] = {}
    for file in files:
        label = str(Path(*file.parts[-depth:]))
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return labels


def _read(file: Path, label: str) -> tuple[Subject, bytes]:
    from _edgeship.export.contract.recorded import find_record
    from _edgeship.export.tflite.inspection import inspect
    from _edgeship.files import read_bytes

    data = read_bytes(file)
    try:
        found = inspect(data)
    except InputError as error:
        raise InputError(
            f"{file} cannot be measured.", why=error.what, todo="name a .tflite file"
        ) from error
    subject = Subject(
        label=label,
        path=str(file),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        scheme=found.quantization.scheme,
        nodes=found.operator_count,
    )
    record = find_record(file, data)
    if record is None or not record.unchanged:
        return subject, data
    model = record.manifest.model
    mult_adds = model.get("mult_adds")
    return subject.model_copy(
        update={
            "model": str(model["name"]),
            "scheme": record.artifact.scheme,
            "mult_adds": mult_adds if isinstance(mult_adds, int) else None,
            "untrained": bool(record.manifest.weights["untrained"]),
        }
    ), data
