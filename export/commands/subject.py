"""What `verify` runs: the file, the graph to compare it with, and the samples."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.calibration.preprocess import COLOR_MODES
from export.calibration.samples import RANDOM, load_samples
from export.capture import read_onnx
from export.commands.files import read_bytes
from export.commands.ports import Shapes, match, on_their_own
from export.commands.recorded import Record, find_record
from export.errors import InputError, VerificationError
from export.onnx_graph import input_shapes, serialize
from export.pipeline import CALIBRATION_SAMPLES, VERIFICATION_SAMPLES, assumed_preprocess
from export.tflite.inspection import Inspection, inspect
from export.tflite.io import FileIO
from export.tflite.layout import inverse, permuted
from export.verification.tolerance import TOLERANCES

#: Tolerance of a scheme of a manifest, or of what `inspect` finds; others have one of their name.
_KINDS = {
    "none": "float",
    "float16 weights": "fp16",
    "int8 weights": "dynamic",
    "uint8": "int8",
}


@dataclass(frozen=True)
class Subject:
    """All that a verification needs.

    Attributes:
        data: The file.
        io: How its inputs and outputs relate to the reference's.
        onnx: The reference graph, or None to compare runtimes only.
        reference_name: The reference, for people.
        kind: The tolerance, a key of `export.verification.tolerance.TOLERANCES`.
        rounded_db: SQNR in dB with rounded weights as the manifest records it, for the tolerance.
        samples: Input name of the reference -> float32 array in ONNX order, for each run.
        source: Where they come from, for people.
        notes: What a reader must know to judge the result.
    """

    data: bytes
    io: FileIO
    onnx: bytes | None
    reference_name: str
    kind: str
    rounded_db: float | None
    samples: list[dict[str, np.ndarray]]
    source: str
    notes: tuple[str, ...]

    @property
    def file_samples(self) -> list[dict[str, np.ndarray]]:
        """The samples under the names of the file's inputs, which stand in the same order."""
        names = [port.name for port in self.io.inputs]
        return [dict(zip(names, sample.values(), strict=True)) for sample in self.samples]


def load_subject(
    file: Path,
    reference: Path | None = None,
    shapes: Sequence[tuple[int, ...]] = (),
    calib: str | None = None,
) -> Subject:
    """Find what a file is to be compared with, and on what.

    Args:
        file: The .tflite file. A manifest.json beside it gives the reference, the axis orders,
            the preprocessing and the tolerance.
        reference: An ONNX file to compare with instead of the manifest's.
        shapes: Input shapes of the reference, where it leaves dimensions open.
        calib: Samples, as for `export.calibration.samples.load_samples`.

    Raises:
        InputError: A file is missing or damaged, or the reference does not fit the file.
        VerificationError: The file is not the one that the manifest was written for.
    """
    data = read_bytes(file)
    found = inspect(data)
    record = find_record(file, data)
    notes: list[str] = []
    if record is not None and not record.unchanged:
        if reference is None:
            raise _changed(file, record)
        notes.append(f"{record.path} was written for another {file.name}, and is left out")
        record = None
    if reference is None and record is not None:
        reference = _recorded_reference(record)
    if reference is None:
        notes.append(
            "there is no reference: runtimes are compared with one another only, which does not "
            "show that the file computes what its network computes"
        )
        onnx, io = None, FileIO(on_their_own(found.inputs), on_their_own(found.outputs))
        inputs = {port.name: permuted(port.shape, inverse(port.perm)) for port in io.inputs}
    else:
        onnx, inputs, outputs = _read_reference(reference, shapes)
        recorded = record.artifact if record is not None else None
        io = FileIO(
            match("input", found.inputs, inputs, recorded.inputs if recorded else ()),
            match("output", found.outputs, outputs, recorded.outputs if recorded else ()),
        )
    samples, source = _samples(calib, inputs, record, notes)
    return Subject(
        data=data,
        io=io,
        onnx=onnx,
        reference_name="the runtime litert-reference" if onnx is None else str(reference),
        kind=_kind(found, record),
        rounded_db=record.artifact.rounded_weights_sqnr_db if record is not None else None,
        samples=samples,
        source=source,
        notes=tuple(notes),
    )


def _changed(file: Path, record: Record) -> VerificationError:
    return VerificationError(
        f"{file} is not the file that was exported.",
        where=str(record.path),
        why=f"the manifest records {record.artifact.file} with another sha256",
        todo="export again, or compare with a graph of your own: --reference FILE.onnx",
    )


def _recorded_reference(record: Record) -> Path:
    # Only the last part: a manifest must not lead out of its folder.
    path = record.path.parent / Path(record.manifest.onnx.file).name
    if not path.is_file():
        raise InputError(
            f"The reference graph {path} does not exist.",
            why="an export writes it beside the .tflite files",
            todo="export again, or give --reference FILE.onnx",
        )
    if hashlib.sha256(read_bytes(path)).hexdigest() != record.manifest.onnx.sha256:
        raise VerificationError(
            f"{path} is not the graph that the file was made from.",
            where=str(record.path),
            why="the manifest records another sha256",
            todo="export again, or compare with a graph of your own: --reference FILE.onnx",
        )
    return path


def _read_reference(path: Path, shapes: Sequence[tuple[int, ...]]) -> tuple[bytes, Shapes, Shapes]:
    graph = read_onnx(path, shapes)
    outputs = {
        value.name or "": tuple(int(str(extent)) for extent in value.shape or ())
        for value in graph.graph.outputs
    }
    return serialize(graph), input_shapes(graph), outputs


def _samples(
    calib: str | None, inputs: Shapes, record: Record | None, notes: list[str]
) -> tuple[list[dict[str, np.ndarray]], str]:
    """Return the samples an export would verify on, and where they come from."""
    shape = next(iter(inputs.values()), ())
    images = len(inputs) == 1 and len(shape) in (4, 5) and shape[1] in COLOR_MODES
    preprocess = record.preprocess if record is not None else None
    if preprocess is None:
        preprocess = assumed_preprocess(shape[1] if images else 3)
        if images and calib != RANDOM:
            notes.append(
                "no manifest says how images are normalised; assumed: mean "
                f"{preprocess.mean}, std {preprocess.std}"
            )
    source = calib or (None if images else RANDOM)
    samples = load_samples(source, inputs, preprocess, limit=CALIBRATION_SAMPLES)
    return samples.arrays[:VERIFICATION_SAMPLES], samples.source


def _kind(found: Inspection, record: Record | None) -> str:
    scheme = found.quantization.scheme if record is None else record.artifact.scheme
    kind = _KINDS.get(scheme, scheme)
    if kind not in TOLERANCES:
        raise InputError(f"There is no tolerance for files whose quantization is {scheme!r}.")
    return kind
