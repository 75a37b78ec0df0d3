"""Run a file in several runtimes and compare each with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from export.commands.subject import Subject
from export.errors import VerificationError
from export.verification.metrics import Outputs, Parity, compare
from export.verification.runtimes import run_onnx, run_tflite
from export.verification.tolerance import judge

#: What other runtimes are compared with where there is no ONNX graph: the plain kernels.
BASELINE = "litert-reference"


@dataclass(frozen=True)
class Comparison:
    """How one runtime did.

    Attributes:
        runtime: Its name.
        parity: Its distance from the reference, or None if it failed on the file.
        problem: Why it is not within tolerance, or None.
    """

    runtime: str
    parity: Parity | None
    problem: str | None


def compare_runtimes(subject: Subject, runtimes: Sequence[str]) -> list[Comparison]:
    """Compare each runtime's outputs with those of the ONNX graph, or of the plain kernels.

    Args:
        subject: What to run.
        runtimes: Keys of `export.verification.interpreters.RUNTIMES`.

    Raises:
        InputError: A runtime is not installed or not usable.
        VerificationError: The reference itself fails.
    """
    if subject.onnx is not None:
        reference = run_onnx(subject.onnx, subject.samples)
    else:
        reference = run_tflite(subject.data, subject.file_samples, subject.io, BASELINE)
        runtimes = [name for name in runtimes if name != BASELINE] or ["litert"]
    return [_compare(subject, name, reference) for name in runtimes]


def _compare(subject: Subject, runtime: str, reference: Outputs) -> Comparison:
    try:
        outputs = run_tflite(subject.data, subject.file_samples, subject.io, runtime)
        parity = compare(reference, outputs, [port.name for port in subject.io.outputs])
    except VerificationError as error:
        return Comparison(runtime, None, " ".join(f"{error.what} {error.why}".split()))
    return Comparison(runtime, parity, judge(parity, subject.kind, subject.rounded_db))
