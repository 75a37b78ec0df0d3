"""What one file gives on samples, with its own preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.named_source import RANDOM
from _edgeship.export.calibration.samples import verification_samples
from _edgeship.export.checks.opening import open_model
from _edgeship.export.checks.relating import related
from _edgeship.export.checks.subject import assumed_preprocess
from _edgeship.export.contract.recorded import find_digest, manifest_of_graph, preprocess_in
from _edgeship.export.network.user_samples import resolved
from _edgeship.export.runtimes.values import Outputs


@dataclass(frozen=True)
class Sampled:
    """What came of the samples.

    Attributes:
        names: Of the outputs, in the order of ``outputs``.
        outputs: Per sample, the arrays of all outputs: floats where the file has integers with a
            scale, in ONNX axis order.
        source: What the samples are, in words.
        notes: What a reader must know.
    """

    names: tuple[str, ...]
    outputs: Outputs
    source: str
    notes: tuple[str, ...]


def run_samples(path: Path, source: str | None) -> Sampled:
    """Run a file.

    Args:
        path: The file; a manifest.json beside it says what its pictures go through.
        source: Samples, as for `load_samples`.

    Raises:
        InputError: The file or the samples cannot be read, or do not fit together.
        UnsupportedError: Nothing here can run the file.
        VerificationError: It does not run.
    """
    model = open_model(path)
    record = find_digest(path, model.digest)
    if record is not None and not record.unchanged:
        record = None
    file, inputs = related(path, model, record)
    manifest = manifest_of_graph(path, model.digest) if record is None else record.manifest
    known = None if manifest is None else preprocess_in(manifest)
    notes = list(file.notes)
    if manifest is not None and known is None:  # its network takes no pictures
        inputs = {name: replace(spec, inner=True) for name, spec in inputs.items()}
    preprocess = known or assumed_preprocess(model, inputs)
    if known is None and _takes_one_picture(inputs) and not model.takes_pictures:
        mean, std = (", ".join(f"{x:g}" for x in one) for one in (preprocess.mean, preprocess.std))
        notes.append(
            f"nothing says how {path.name} wants its pictures; assumed: mean {mean}, std {std}"
        )
    if source is None and not _takes_one_picture(inputs):
        source = RANDOM
    loaded, name = resolved(source)
    samples = verification_samples(loaded, inputs, preprocess, name=name)
    _, fed = file.fed(samples.arrays, preprocess)
    outputs = file.run(fed, model.default_runtimes[0]).outputs
    rows = [
        [
            _row(array, len(model.labels.get(name, ())))
            for name, array in zip(file.outputs, each, strict=True)
        ]
        for each in outputs
    ]
    return Sampled(tuple(file.outputs), rows, samples.source, tuple(notes))


def _row(array: np.ndarray, classes: int) -> np.ndarray:
    """Return the probabilities of a classifier, which have no axis but their own, as one row."""
    return array[None] if array.shape == (classes,) else array


def _takes_one_picture(inputs: Mapping[str, InputSpec]) -> bool:
    return len(inputs) == 1 and next(iter(inputs.values())).picture is not None
