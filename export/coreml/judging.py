"""Running a package with the evaluator on the samples of its network, and finding what is off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.coreml.evaluator import Evaluator, MilProgram
from export.coreml.lowering import Lowered
from export.coreml.ports import Adapted, Sample
from export.coreml.prediction import softmax
from export.errors import VerificationError
from export.onnx_graph import serialize
from export.verification.divergence import onnx_values, out_of_tolerance
from export.verification.metrics import Outputs, Parity, compare

#: What coremltools appends to the name of a variable that becomes float16.
_FLOAT16 = "_cast_fp16"

#: How far a probability may be from the softmax of the scores, as a part of the largest: float16
#: rounds by 0.0005.
_MOST_GAP = 2e-3


@dataclass(frozen=True)
class Divergence:
    """The first variable of a program that is out of tolerance.

    Attributes:
        name: In the program.
        onnx_name: The value of the ONNX graph that it should equal.
        kind: The operator that computes it, such as ``conv``.
        sqnr_db: Signal to quantization noise in dB; -inf if the shapes differ.
    """

    name: str
    onnx_name: str
    kind: str
    sqnr_db: float


def evaluate(
    evaluator: Evaluator, lowered: Lowered, adapted: Adapted, samples: Sequence[Sample]
) -> Outputs:
    """Return what a package computes, in the place of the network's own outputs.

    Where a package gives probabilities and its network scores, these are the scores inside of the
    package: probabilities are so much alike that a wrong package could pass.

    Args:
        evaluator: The package.
        lowered: What it was made from.
        adapted: The graph that this was made from.
        samples: What that graph takes.
    """
    compared = [
        classified(evaluator.program, inside=bool(adapted.scores))
        if adapted.probabilities and port.onnx_name == adapted.probabilities
        else port.name
        for port in lowered.io.outputs
    ]
    outputs: Outputs = []
    for sample in samples:
        values = evaluator.run(_feeds(lowered, sample), compared)
        outputs.append(
            [
                values[name].reshape(port.shape)
                for name, port in zip(compared, lowered.io.outputs, strict=True)
            ]
        )
    return outputs


def _feeds(lowered: Lowered, sample: Sample) -> dict[str, NDArray[Any]]:
    return {port.name: sample[port.onnx_name] for port in lowered.io.inputs}


def classified(program: MilProgram, inside: bool) -> str:
    """Return the variable that a classifier's labels are chosen by.

    Args:
        program: A classifier.
        inside: Whether to return the scores that its softmax reads, instead of probabilities.

    Raises:
        VerificationError: There is no such variable.
    """
    producers = {output.name: one for one in program.operations for output in one.outputs}
    wanted = ["classify", "softmax"] if inside else ["classify"]
    name = program.predicted_feature
    while name in producers and wanted:
        operation = producers[name]
        parameter = "probabilities" if operation.kind == "classify" else "x"
        if operation.kind == wanted[0]:
            wanted.pop(0)
        elif operation.kind != "cast":
            break
        given = operation.inputs.get(parameter)
        name = given[0] if isinstance(given, tuple) and given else ""
    if wanted:
        raise VerificationError(f"The package's label does not come from a {wanted[0]}.")
    return name


def check_classifier(
    evaluator: Evaluator, lowered: Lowered, adapted: Adapted, labels: Sequence[str]
) -> None:
    """Check a classifier's labels, and that its probabilities are the softmax of its scores.

    Raises:
        VerificationError: They are not.
    """
    program = evaluator.program
    if program.labels != tuple(labels):
        raise VerificationError("The package's labels are not those of --labels.")
    if not adapted.scores:
        return
    scores, probabilities = (classified(program, inside) for inside in (True, False))
    values = evaluator.run(_feeds(lowered, adapted.samples[0]), [scores, probabilities])
    expected = softmax(values[scores])
    gap = float(np.abs(values[probabilities].ravel() - expected.ravel()).max() / expected.max())
    if not gap <= _MOST_GAP:
        raise VerificationError(
            "The package's probabilities are not the softmax of its scores.",
            why=f"they differ by {gap:.2g} of the largest",
        )


def first_divergence(
    evaluator: Evaluator, lowered: Lowered, adapted: Adapted, min_sqnr_db: float | None
) -> Divergence | None:
    """Walk a program's operators in order and name the first that computes something else.

    Args:
        evaluator: The package.
        lowered: What it was made from; variables that it does not trace are passed over.
        adapted: The graph that this was made from.
        min_sqnr_db: The SQNR in dB that a variable must reach; None for the tolerance of float.
    """
    traced = _traced(evaluator.program, lowered.trace)
    sample = adapted.samples[0]
    values = evaluator.run(_feeds(lowered, sample), list(traced))
    expected = onnx_values(serialize(adapted.graph), set(traced.values()), sample)
    for operation in evaluator.program.operations:
        for output in operation.outputs:
            onnx_name = traced.get(output.name, "")
            if onnx_name not in expected:
                continue
            parity = _parity(expected[onnx_name], values[output.name])
            if out_of_tolerance(parity, min_sqnr_db):
                return Divergence(output.name, onnx_name, operation.kind, parity.sqnr_db)
    return None


def _traced(program: MilProgram, trace: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the saved program that hold values of the ONNX graph."""
    found: dict[str, str] = {}
    for operation in program.operations:
        for output in operation.outputs:
            name = output.name if output.name in trace else output.name.removesuffix(_FLOAT16)
            if name in trace and operation.kind != "const":
                found[output.name] = trace[name]
    return found


def _parity(expected: NDArray[Any], values: NDArray[Any]) -> Parity:
    if values.shape != expected.shape:
        return Parity(math.inf, math.inf, -math.inf, None)
    return compare([[expected]], [[values]])
