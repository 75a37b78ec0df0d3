"""What `verify` runs: the file, the graph to compare it with, and the samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.arrays import Arrays
from _edgeship.export.calibration.input_spec import InputSpec, input_specs, specs_of
from _edgeship.export.calibration.named_source import RANDOM
from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess
from _edgeship.export.calibration.samples import verification_samples
from _edgeship.export.contract.model_file import ModelFile, Reference, Related
from _edgeship.export.contract.recorded import (
    Record,
    find_digest,
    manifest_of_graph,
    preprocess_in,
    yardstick_in,
)
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.network.capture import read_onnx
from _edgeship.export.network.user_samples import resolved
from _edgeship.export.preparation.budgets import check_fed
from _edgeship.export.runtimes.apart import read_apart
from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.tolerance import TOLERANCES
from _edgeship.export.verification.yardstick import Yardstick
from _edgeship.files import read_bytes


@dataclass(frozen=True)
class Subject:
    """All that a verification needs.

    Attributes:
        file: What is run.
        baseline: The runtime that stands in for the reference, if there is no graph.
        default_runtimes: What runs the file where the user does not say.
        onnx: The reference graph, or None.
        reference_name: The reference, for people; "" where nothing can be compared.
        kind: The tolerance, a key of `export.verification.tolerance.TOLERANCES`; "" where there
            is none for files like this.
        yardstick: What rounding leaves of the network, as the manifest records it.
        samples: Input name of the reference -> float32 array in ONNX order, for each run.
        file_samples: The same for the file.
        source: Where they come from, for people.
        notes: What a reader must know to judge the result.
    """

    file: Related
    baseline: str | None
    default_runtimes: tuple[str, ...]
    onnx: bytes | None
    reference_name: str
    kind: str
    yardstick: Yardstick | None
    samples: list[Sample]
    file_samples: list[Sample]
    source: str
    notes: tuple[str, ...]


def load_subject(
    path: Path,
    model: ModelFile,
    reference: Path | None = None,
    shapes: Sequence[tuple[int, ...]] = (),
    calib: str | Arrays | None = None,
) -> Subject:
    """Find what a file is to be compared with, and on what.

    Args:
        path: The file. A manifest.json beside it gives the reference, the axis orders, the
            preprocessing and the tolerance.
        model: What was read from it.
        reference: An ONNX file to compare with instead of the manifest's.
        shapes: Input shapes of the reference, where it leaves dimensions open.
        calib: Samples, as for `export.calibration.samples.load_samples`.

    Raises:
        InputError: A file is missing or damaged, or the reference does not fit the file.
        VerificationError: The file is not the one that the manifest was written for.
    """
    record = find_digest(path, model.digest)
    notes: list[str] = []
    if record is not None and not record.unchanged:
        if reference is None:
            raise _changed(path, record)
        notes.append(f"{record.path} was written for another {path.name}, and is left out")
        record = None
    if reference is None and record is not None:
        reference = _recorded_reference(record)
    graph = None
    if reference is not None:
        graph = read_apart(f"Reading {reference}", read_reference, reference, shapes)
    recorded = None if record is None else record.preprocess
    inputs: Mapping[str, InputSpec]
    if graph is None:
        own = manifest_of_graph(path, model.digest)
        if own is not None:
            recorded = preprocess_in(own)
            notes.append(f"{path} is the graph that the other files beside it were made from")
        notes.append(_nothing_to_compare(model))
        check_fed(model.inputs)
        file, inputs = model.alone(), specs_of(model.inputs)
    else:
        file = model.beside(graph, record.artifact if record is not None else None)
        inputs = graph.specs
    notes += file.notes
    preprocess = _preprocess(model, inputs, graph is not None, recorded, calib, notes)
    if record is not None and recorded is None:  # its network takes no pictures
        inputs = {name: replace(spec, inner=True) for name, spec in inputs.items()}
    samples, source = _samples(calib, inputs, preprocess)
    samples, file_samples = file.fed(samples, preprocess)
    return Subject(
        file=file,
        baseline=model.baseline if graph is None else None,
        default_runtimes=model.default_runtimes,
        onnx=graph.data if graph is not None else None,
        reference_name=_reference_name(graph, model),
        kind=_kind(model, record, notes),
        yardstick=yardstick_in(record.artifact) if record is not None else None,
        samples=samples,
        file_samples=file_samples,
        source=source,
        notes=tuple(notes),
    )


def _nothing_to_compare(model: ModelFile) -> str:
    if model.baseline is None:
        return (
            "there is no reference: the file is run, and nothing is compared; compare it with "
            "its graph by --reference FILE.onnx"
        )
    return (
        "there is no reference: runtimes are compared with one another only, which does not "
        "show that the file computes what its network computes"
    )


def _reference_name(graph: Reference | None, model: ModelFile) -> str:
    if graph is not None:
        return str(graph.path)
    return f"the runtime {model.baseline}" if model.baseline is not None else ""


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
            why="an export writes it beside the other files",
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


def read_reference(path: Path, shapes: Sequence[tuple[int, ...]]) -> Reference:
    """Return an ONNX file as something that files are compared with.

    Args:
        path: The file.
        shapes: Shapes of its inputs, where it leaves dimensions open.

    Raises:
        InputError: It is missing or damaged, or the shapes do not fit.
        UnsupportedError: It cannot be prepared for a target.
    """
    graph = read_onnx(path, shapes)
    outputs = {
        value.name or "": tuple(int(str(extent)) for extent in value.shape or ())
        for value in graph.graph.outputs
    }
    ends = {value.name or "": value.producer() for value in graph.graph.outputs}
    probabilities = frozenset(
        name for name, node in ends.items() if node is not None and node.op_type == "Softmax"
    )
    specs = input_specs(graph)
    return Reference(path, serialize(graph), specs, outputs, probabilities)


def _preprocess(
    model: ModelFile,
    inputs: Mapping[str, InputSpec],
    compared: bool,
    recorded: Preprocess | None,
    calib: str | Arrays | None,
    notes: list[str],
) -> Preprocess:
    """Return what images go through before the graph gets them, as recorded or assumed."""
    if recorded is not None:
        return recorded
    assumed = assumed_preprocess(model, inputs)
    matters = (
        compared
        if model.takes_pictures
        else _picture(inputs) is not None and not (isinstance(calib, str) and calib == RANDOM)
    )
    if matters:
        notes.append(
            "no manifest says how images are normalised; assumed: mean "
            f"{assumed.mean}, std {assumed.std}"
        )
    return assumed


def assumed_preprocess(model: ModelFile, inputs: Mapping[str, InputSpec]) -> Preprocess:
    """Return what images go through where nobody says: as ImageNet's do, in the file's colours."""
    picture = _picture(inputs)
    assumed = default_preprocess(picture[0] if picture is not None else 3)
    if model.reads_bgr and len(assumed.mean) == 3:
        return Preprocess(assumed.mean[::-1], assumed.std[::-1], assumed.crop, bgr=True)
    return assumed


def _samples(
    calib: str | Arrays | None, inputs: Mapping[str, InputSpec], preprocess: Preprocess
) -> tuple[list[Sample], str]:
    """Return the samples an export would verify on, and where they come from."""
    source: str | Arrays | None = RANDOM
    if calib is not None or _picture(inputs) is not None:
        source = calib
    source, name = resolved(source)
    samples = verification_samples(source, inputs, preprocess, name=name)
    return samples.arrays, samples.source


def _picture(inputs: Mapping[str, InputSpec]) -> Shape | None:
    """Return the shape of one picture, channels first, if the only input takes pictures."""
    spec = next(iter(inputs.values()), None)
    return spec.picture if spec is not None and len(inputs) == 1 else None


def _kind(model: ModelFile, record: Record | None, notes: list[str]) -> str:
    kind = model.tolerance(record.artifact.scheme if record is not None else None)
    if kind not in TOLERANCES:
        notes.append(f"there is no tolerance for files whose quantization is {kind!r}")
        return ""
    return kind
