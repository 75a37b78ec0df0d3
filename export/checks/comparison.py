"""Running a file in several runtimes and comparing each with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from _edgeship.errors import VerificationError
from _edgeship.export.checks.subject import Subject
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.tolerance import judge


@dataclass(frozen=True)
class Range:
    """The values of an output over all samples, where there was nothing to compare them with.

    Attributes:
        name: Of the output.
        shape: Of one sample's.
        low: The smallest finite value, or None.
        high: The largest finite value, or None.
        finite: Whether all values were finite.
    """

    name: str
    shape: tuple[int, ...]
    low: float | None
    high: float | None
    finite: bool


@dataclass(frozen=True)
class Comparison:
    """What one runtime made of the file.

    Attributes:
        runtime: Its name.
        parity: Its distance from the reference; None if it failed on the file, or there was
            nothing to compare with.
        problem: Why it failed or is out of tolerance, or None.
        outputs: What it computed, where there was nothing to compare with.
    """

    runtime: str
    parity: Parity | None
    problem: str | None
    outputs: tuple[Range, ...] = ()


def compare_runtimes(subject: Subject, runtimes: Sequence[str]) -> list[Comparison]:
    """Compare each runtime's outputs with those of the ONNX graph, or of the plain kernels.

    Args:
        subject: What to run.
        runtimes: Names that the subject's file knows.

    Raises:
        InputError: A runtime is not installed or not usable, or the file is damaged.
        VerificationError: The reference itself fails.
    """
    reference = None
    if subject.onnx is not None:
        reference = run_onnx(subject.onnx, subject.samples)
    elif subject.baseline is not None:
        reference = subject.file.run(subject.file_samples, subject.baseline)
        others = [name for name in runtimes if name != subject.baseline]
        runtimes = others or subject.default_runtimes
    return [_compare(subject, name, reference) for name in runtimes]


def _compare(subject: Subject, runtime: str, reference: Outputs | None) -> Comparison:
    names = list(subject.file.outputs)
    try:
        outputs = subject.file.run(subject.file_samples, runtime)
        if reference is None:
            return Comparison(runtime, None, None, _ranges(outputs, names))
        parity = compare(subject.file.expected(reference, runtime), outputs, names)
    except VerificationError as error:
        return Comparison(runtime, None, " ".join(f"{error.what} {error.why}".split()))
    problem = judge(parity, subject.kind, subject.rounded_db) if subject.kind else None
    return Comparison(runtime, parity, problem)


def _ranges(outputs: Outputs, names: Sequence[str]) -> tuple[Range, ...]:
    ranges = []
    for number, name in enumerate(names):
        arrays = [sample[number] for sample in outputs]
        values = np.concatenate([array.astype(np.float64).ravel() for array in arrays])
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
        ranges.append(Range(name, arrays[0].shape, low, high, finite.size == values.size))
    return tuple(ranges)
