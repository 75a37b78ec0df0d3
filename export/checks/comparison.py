"""Running a file in several runtimes and comparing each with the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnx_ir as ir

from _edgeship.errors import VerificationError
from _edgeship.export.checks.results import OutputRange, RuntimeResult
from _edgeship.export.checks.subject import Subject
from _edgeship.export.delegates.onnx_nodes import node_names
from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.runtimes.apart import run_apart
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.tflite.browser_run import BROWSER, BROWSER_RUNTIMES
from _edgeship.export.verification.joined import output_parts
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import Part


def compare_runtimes(subject: Subject, runtimes: Sequence[str]) -> list[RuntimeResult]:
    """Compare each runtime's outputs with those of the ONNX graph, or of the plain kernels.

    Args:
        subject: What to run.
        runtimes: Names that the subject's file knows; ``browser`` stands for two.

    Raises:
        InputError: A runtime is not installed or not usable, or the file is damaged.
        VerificationError: The reference itself fails.
    """
    runtimes = [
        each for name in runtimes for each in (BROWSER_RUNTIMES if name == BROWSER else (name,))
    ]
    reference = parts = None
    if subject.onnx is not None:
        doing = "Running the reference in ONNX Runtime"
        reference = run_apart(doing, run_onnx, subject.onnx, subject.samples)
        parts = output_parts(ir.from_proto(onnx.load_model_from_string(subject.onnx)), reference)
    elif subject.baseline is not None:
        reference = subject.file.run(subject.file_samples, subject.baseline).outputs
        others = [name for name in runtimes if name != subject.baseline]
        runtimes = others or list(subject.default_runtimes)
    return [_compare(subject, name, reference, parts) for name in runtimes]


def _compare(
    subject: Subject, runtime: str, reference: Outputs | None, parts: Sequence[Part] | None
) -> RuntimeResult:
    names = list(subject.file.outputs)
    try:
        ran = subject.file.run(subject.file_samples, runtime)
        delegate = None if ran.delegate is None else _with_nodes(ran.delegate, subject)
        if reference is None:
            ranges = _ranges(ran.outputs, names)
            return RuntimeResult(runtime, None, None, ranges, delegate)
        expected = subject.file.expected(reference, runtime)
        parity = compare(expected, ran.outputs, names, parts)
    except VerificationError as error:
        return RuntimeResult(runtime, None, " ".join(f"{error.what} {error.why}".split()))
    kind = _tolerance(subject.kind, delegate)
    problem = judge(parity, kind, subject.yardstick) if kind else None
    return RuntimeResult(runtime, parity, problem, delegate=delegate, tolerance=kind)


def _tolerance(kind: str, delegate: DelegateReport | None) -> str:
    """Return the tolerance of a file's kind, or of float16 where it was computed in that."""
    half = delegate is not None and delegate.precision == "float16"
    return "fp16" if half and kind == "float" else kind


def _with_nodes(report: DelegateReport, subject: Subject) -> DelegateReport:
    """Return a report whose operators name the ONNX nodes that they come from."""
    if subject.onnx is None or not report.left:
        return report
    return report.with_nodes(node_names(ir.from_proto(onnx.load_model_from_string(subject.onnx))))


def _ranges(outputs: Outputs, names: Sequence[str]) -> tuple[OutputRange, ...]:
    ranges = []
    for number, name in enumerate(names):
        arrays = [sample[number] for sample in outputs]
        values = np.concatenate([array.astype(np.float64).ravel() for array in arrays])
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
        ranges.append(OutputRange(name, arrays[0].shape, low, high, finite.size == values.size))
    return tuple(ranges)
