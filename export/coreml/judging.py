"""Running a package with the evaluator on the samples of its network, and finding what is off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import EdgeshipError, UnsupportedError, VerificationError
from _edgeship.export.contract.target import Judge
from _edgeship.export.coreml.evaluator import Evaluator, MilProgram
from _edgeship.export.coreml.evaluator.mil.program import Operation
from _edgeship.export.coreml.lowering import Lowered
from _edgeship.export.coreml.ports import Adapted
from _edgeship.export.coreml.probabilities import (
    Classification,
    check_probabilities,
    classification,
)
from _edgeship.export.coreml.weights import FLOAT16
from _edgeship.export.coreml.wiring import Wiring
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.divergence import onnx_values, out_of_tolerance
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class Divergence:
    """The first variable of a program that is out of tolerance.

    Attributes:
        name: In the program.
        onnx_name: The value of the ONNX graph that it should equal.
        kind: The operator that computes it, such as ``conv``.
        sqnr_db: Signal to quantization noise in dB; -inf if the shapes differ.
        passed_over: How many variables before it could not be compared.
    """

    name: str
    onnx_name: str
    kind: str
    sqnr_db: float
    passed_over: int


def evaluate(
    evaluator: Evaluator, lowered: Lowered, adapted: Adapted, samples: Sequence[Sample]
) -> Outputs:
    """Return what a package computes, in the order of the network's outputs.

    Where a package gives probabilities and its network gives scores, these are the scores inside
    the package: probabilities are so much alike that a wrong package could pass.

    Args:
        evaluator: The package.
        lowered: What it was made from.
        adapted: The graph that this was made from.
        samples: What that graph takes.
    """
    compared = {port.onnx_name: port.name for port in lowered.io.outputs}
    if adapted.probabilities:
        found = _classification(evaluator.program, scored=bool(adapted.scores))
        compared[adapted.probabilities] = found.scores if adapted.scores else found.probabilities
    names = list(compared.values())
    outputs: Outputs = []
    for sample in samples:
        values = evaluator.run(package_feeds(lowered, sample), names)
        outputs.append(
            [
                values[name].reshape(port.shape)
                for name, port in zip(names, lowered.io.outputs, strict=True)
            ]
        )
    return outputs


def package_feeds(lowered: Lowered, sample: Sample) -> dict[str, NDArray[Any]]:
    """Return a sample as the package takes it: by its names, in its types and shapes."""
    return {
        port.name: np.asarray(sample[port.onnx_name]).astype(port.dtype).reshape(port.shape)
        for port in lowered.io.inputs
    }


def _classification(program: MilProgram, scored: bool) -> Classification:
    """Return where a package that was written as a classifier computes labels and scores.

    Args:
        program: The package.
        scored: Whether its probabilities must come from scores.

    Raises:
        VerificationError: It is no classifier, or they do not.
    """
    found = classification(program)
    if program.predicted_feature not in found.outputs:
        raise VerificationError("The package's label does not come from a classify.")
    if scored and not found.scores:
        raise VerificationError("The package's label does not come from a softmax.")
    return found


def check_batches(
    evaluator: Evaluator,
    lowered: Lowered,
    samples: Sequence[Sample],
    sizes: Sequence[int],
    judge: Judge,
) -> None:
    """Check that a package gives the same in batches of every size.

    Args:
        evaluator: The package.
        lowered: What it was made from.
        samples: What the graph takes, one by one.
        sizes: Of batches; those of 1 are judged anyway.
        judge: Judges the outputs of all samples.

    Raises:
        UnsupportedError: It gives something else, or nothing for each sample.
    """
    for size in (size for size in sizes if size > 1):
        try:
            problem = judge(_in_batches(evaluator, lowered, samples, size))
        except EdgeshipError as error:
            problem = f"{error.what} {error.why}".strip()
        if problem:
            raise UnsupportedError(
                f"The package cannot take batches of {size}.",
                why=problem,
                todo="leave --batch out",
            )


def _in_batches(
    evaluator: Evaluator, lowered: Lowered, samples: Sequence[Sample], size: int
) -> Outputs:
    """Return what a package gives for each sample, run in batches; the last one is filled up."""
    names = [port.name for port in lowered.io.outputs]
    outputs: Outputs = []
    for start in range(0, len(samples), size):
        group = [samples[(start + offset) % len(samples)] for offset in range(size)]
        each = [package_feeds(lowered, sample) for sample in group]
        feeds = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
        values = evaluator.run(feeds, names)
        for name, port in zip(names, lowered.io.outputs, strict=True):
            if values[name].shape != (size * port.shape[0], *port.shape[1:]):
                raise VerificationError(f"{name} has shape {list(values[name].shape)}.")
        parts = [np.split(values[name], size) for name in names]
        outputs += [list(one) for one in zip(*parts, strict=True)]
    return outputs[: len(samples)]


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
    found = _classification(program, scored=True)
    feeds = package_feeds(lowered, adapted.samples[0])
    values = evaluator.run(feeds, [found.scores, found.probabilities])
    check_probabilities(adapted.probabilities, values[found.probabilities], values[found.scores])


def first_divergence(
    evaluator: Evaluator, lowered: Lowered, adapted: Adapted, min_sqnr_db: float | None
) -> Divergence | None:
    """Walk a program's operators in order, and return the first variable that is out of tolerance.

    Sums whose scale coremltools changes are passed over; what is made of them is compared.

    Args:
        evaluator: The package.
        lowered: What it was made from; variables that it does not trace are passed over.
        adapted: The graph that this was made from.
        min_sqnr_db: The SQNR in dB that a variable must reach; None for the tolerance of float.
    """
    traced = _traced(evaluator.program, lowered.trace)
    sample = adapted.samples[0]
    values = evaluator.run(package_feeds(lowered, sample), list(traced))
    expected = onnx_values(serialize(adapted.graph), set(traced.values()), sample)
    scaled = _scaled_sums(evaluator.program)
    passed_over = 0
    for operation in evaluator.program.operations:
        for output in operation.outputs:
            onnx_name = traced.get(output.name, "")
            if onnx_name not in expected:
                continue
            if output.name in scaled:
                passed_over += 1
                continue
            parity = _parity(expected[onnx_name], values[output.name])
            if out_of_tolerance(parity, min_sqnr_db):
                return Divergence(
                    output.name, onnx_name, operation.kind, parity.sqnr_db, passed_over
                )
    return None


def _scaled_sums(program: MilProgram) -> set[str]:
    """Return the sums of dequantized activations, and their relus, that are quantized again.

    coremltools divides both operands, and the scale of the ``quantize`` after them, by the scale of
    one of the operands (``distributive_quantized_binary_op_scale_normalization``). The integers
    stay the same, but the sum is another multiple of the network's.
    """
    wiring = Wiring(program)
    readers: dict[str, list[Operation]] = {}
    for operation in program.operations:
        for _, name in wiring.names(operation):
            readers.setdefault(name, []).append(operation)
    found: set[str] = set()
    for operation in program.operations:
        operands = [wiring.producer(operation, name) for name in ("x", "y")]
        if operation.kind not in ("add", "sub") or not all(
            operand is not None and operand.kind == "dequantize" for operand in operands
        ):
            continue
        chain = [operation.outputs[0].name]
        behind = readers.get(chain[0], [])
        if len(behind) == 1 and behind[0].kind == "relu":
            chain.append(behind[0].outputs[0].name)
            behind = readers.get(chain[1], [])
        if [reader.kind for reader in behind] == ["quantize"]:
            found.update(chain)
    return found


def _traced(program: MilProgram, trace: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the saved program that hold values of the ONNX graph."""
    found: dict[str, str] = {}
    for operation in program.operations:
        for output in operation.outputs:
            name = output.name if output.name in trace else output.name.removesuffix(FLOAT16)
            if name in trace and operation.kind != "const":
                found[output.name] = trace[name]
    return found


def _parity(expected: NDArray[Any], values: NDArray[Any]) -> Parity:
    if values.shape != expected.shape:
        return Parity(math.inf, math.inf, -math.inf, None)
    return compare([[expected]], [[values]])
