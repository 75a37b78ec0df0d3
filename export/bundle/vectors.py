"""Test vectors: sample inputs, and what each file makes of them where it was verified.

Arrays are as the files store them, in their types and axis orders, so that an app can feed and
compare them without doing anything to them. Files are numbered and not named by ports, whose
names are the network's and may hold anything.
"""

from __future__ import annotations

import io
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.bundle.layout import INDEX, VECTORS, inside
from _edgeship.export.bundle.pictures import SamplePicture
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.named_source import RANDOM
from _edgeship.export.calibration.pictures import load_sample
from _edgeship.export.calibration.preprocess import Preprocess, default_preprocess
from _edgeship.export.calibration.samples import verification_samples
from _edgeship.export.checks.opening import open_model
from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.contract.model_file import Reference
from _edgeship.export.runtimes.values import Sample

#: Target -> what computes the expected outputs, and whether it only stands in for what phones use.
_RUNTIMES = {
    "tflite": ("LiteRT {}", "ai-edge-litert", False),
    "onnx": ("ONNX Runtime {}", "onnxruntime", False),
    "coreai": ("Apple's runtime of coreai-core {}", "coreai-core", False),
    "coreml": ("the evaluator of edgeship {}, not Core ML,", "edgeship", True),
}

#: The most bytes of an array that is read from a bundle.
_MOST_BYTES = 1 << 30


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureRecord(_Record):
    """One picture: its file in the bundle, what it was called, and whose it is."""

    file: str
    name: str
    source: str


class VectorRecord(_Record):
    """One sample: the files of its arrays, in the order of the ports in the manifest.

    Attributes:
        picture: The file of the picture that the inputs were made of; "" where there is none.
        inputs: One .npy for each input.
        outputs: Likewise of what is expected; "" for an output that holds no numbers, as the name
            of the best class in an .mlpackage does.
    """

    picture: str
    inputs: list[str]
    outputs: list[str]


class FileRecord(_Record):
    """The samples of one file.

    Attributes:
        file: The model file.
        runtime: What computed the outputs, with its version and the kind of processor.
        emulated: Whether that only stands in for what runs the file on phones.
        vectors: The samples.
    """

    file: str
    runtime: str
    emulated: bool
    vectors: list[VectorRecord]


class Index(_Record):
    """The whole of vectors.json.

    Attributes:
        source: Where inputs come from that are no pictures; "" where all are.
    """

    pictures: list[PictureRecord]
    source: str
    files: list[FileRecord]

    def of(self, file: str) -> FileRecord:
        """Return the samples of a model file.

        Raises:
            VerificationError: There are none.
        """
        for record in self.files:
            if record.file == file:
                return record
        raise VerificationError(f"The bundle has no test vectors for {file}.", where=INDEX)


def samples_of(
    specs: Mapping[str, InputSpec],
    preprocess: Preprocess | None,
    pictures: Sequence[SamplePicture],
    calib: str | None,
) -> tuple[list[Sample], bool, str]:
    """Return the sample inputs of a network.

    Args:
        specs: Its inputs, with what they take.
        preprocess: What pictures go through; None where the network takes none.
        pictures: The pictures.
        calib: Where other inputs come from; None for noise.

    Returns:
        One sample for each picture, whether they were made of the pictures, and where they come
        from if not.

    Raises:
        InputError: The source cannot be read, or does not fit the network.
    """
    [(name, spec), *others] = specs.items()
    if preprocess is not None and not others and spec.picture is not None:
        shape = spec.picture
        arrays = [
            spec.placed(load_sample(io.BytesIO(one.png), shape, preprocess, name=one.name))
            for one in pictures
        ]
        return [{name: np.stack([each] * spec.shape[0])} for each in arrays], True, ""
    found = verification_samples(calib or RANDOM, specs, preprocess or default_preprocess(3))
    return found.arrays[: len(pictures)], False, found.source


def file_vectors(
    path: Path,
    artifact: Artifact,
    reference: Reference,
    preprocess: Preprocess | None,
    samples: Sequence[Sample],
    pictures: Sequence[str],
) -> tuple[FileRecord, dict[str, NDArray[Any]]]:
    """Run a file on the samples.

    Args:
        path: The file or package.
        artifact: Its entry in the manifest.
        reference: The graph that it was made from.
        preprocess: What pictures go through.
        samples: Inputs of that graph.
        pictures: File of the picture behind each, or nothing.

    Returns:
        The record, and path in the bundle -> array.

    Raises:
        VerificationError: The file does not run.
    """
    related = open_model(path).beside(reference, artifact)
    _, fed = related.fed(list(samples), preprocess or default_preprocess(3))
    run = related.open_stored()
    arrays: dict[str, NDArray[Any]] = {}
    vectors = []
    for number, sample in enumerate(fed, 1):
        stored = related.stored(sample)
        results = run(stored)
        folder = f"{VECTORS}/{artifact.file}/{number}"
        inputs = {
            f"{folder}.input{place}.npy": stored[port.name]
            for place, port in enumerate(artifact.inputs)
        }
        outputs = [
            f"{folder}.output{place}.npy" if port.name in results else ""
            for place, port in enumerate(artifact.outputs)
        ]
        arrays |= inputs
        arrays |= {
            path: results[port.name]
            for path, port in zip(outputs, artifact.outputs, strict=True)
            if path
        }
        vectors.append(
            VectorRecord(
                picture=pictures[number - 1] if pictures else "",
                inputs=list(inputs),
                outputs=outputs,
            )
        )
    runtime, emulated = runtime_of(artifact.target)
    record = FileRecord(file=artifact.file, runtime=runtime, emulated=emulated, vectors=vectors)
    return record, arrays


def runtime_of(target: str) -> tuple[str, bool]:
    """Return what runs a target's files here, in words, and whether it only stands in for that."""
    title, package, emulated = _RUNTIMES[target]
    return f"{title.format(metadata.version(package))} on {platform.machine()}", emulated


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return an array as a .npy file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def read_array(folder: Path, name: str) -> NDArray[Any]:
    """Read an array of a bundle.

    Raises:
        InputError: The name leads out of the bundle, or there is no such array.
    """
    path = folder / inside(name)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        with path.open("rb") as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"it holds {array.dtype}, and no numbers")
    # The header of a damaged file makes NumPy raise more than ValueError.
    except (OSError, ValueError, TypeError, MemoryError, SyntaxError, EOFError) as error:
        raise InputError(f"{name} in the bundle is no readable array.", why=str(error)) from error
    return array


def read_index(data: bytes) -> Index:
    """Read vectors.json.

    Raises:
        InputError: It is damaged, or of another version.
    """
    try:
        return Index.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{INDEX} in the bundle cannot be read.", why=f"{place}: {first['msg']}"
        ) from error
