"""How far a candidate's outputs are from a reference's, in four numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.parity import Parity


def compare(reference: Outputs, candidate: Outputs, names: Sequence[str] | None = None) -> Parity:
    """Measure how far the candidate's outputs are from the reference's.

    Args:
        reference: Per sample, the arrays of all outputs.
        candidate: The same samples and outputs, in the same order and axis order.
        names: The names of the outputs, for error messages.

    Returns:
        The worst numbers over all outputs. All sums are taken in float64.

    Raises:
        VerificationError: The two differ in the number of samples or outputs or in an output's
            shape, or there is nothing to compare.
    """
    _check_counts(reference, candidate)
    count = len(reference[0])
    labels = [f"'{name}'" for name in names] if names else [str(k) for k in range(count)]
    parities = [
        _compare_output([s[k] for s in reference], [s[k] for s in candidate], labels[k])
        for k in range(count)
    ]
    return Parity(
        max_abs=max(p[0] for p in parities),
        max_rel=max(p[1] for p in parities),
        sqnr_db=min(p[2] for p in parities),
        top1_agreement=_top1_agreement([s[0] for s in reference], [s[0] for s in candidate]),
    )


def _check_counts(reference: Outputs, candidate: Outputs) -> None:
    if len(reference) != len(candidate):
        raise VerificationError(
            f"The reference ran on {len(reference)} samples, the candidate on {len(candidate)}."
        )
    if not reference or not reference[0]:
        raise VerificationError("There are no outputs to compare.")
    count = len(reference[0])
    for position, outputs in enumerate([*reference, *candidate]):
        if len(outputs) != count:
            raise VerificationError(
                f"A run returned {len(outputs)} outputs where the reference has {count}.",
                where=f"sample {position % len(reference)}",
            )


def _compare_output(
    reference: list[np.ndarray], candidate: list[np.ndarray], label: str
) -> tuple[float, float, float]:
    """Return max_abs, max_rel and sqnr_db of one output over all samples."""
    largest_error, signal, noise = 0.0, 0.0, 0.0
    low, high = math.inf, -math.inf
    for position, (ref, cand) in enumerate(zip(reference, candidate, strict=True)):
        if ref.shape != cand.shape:
            raise VerificationError(
                f"Output {label} has shape {cand.shape} where the reference has {ref.shape}.",
                where=f"sample {position}",
            )
        if ref.size == 0:
            continue
        exact = ref.astype(np.float64)
        error = _absolute_error(exact, cand.astype(np.float64))
        finite = exact[np.isfinite(exact)]
        largest_error = max(largest_error, float(error.max()))
        signal += float(np.square(finite).sum())
        noise += float(np.square(error).sum())
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    scale = _scale(low, high)
    return largest_error, largest_error / scale, _sqnr_db(signal, noise)


def _absolute_error(reference: np.ndarray, candidate: np.ndarray) -> np.ndarray:
    """Return the error of every element: inf where exactly one is finite or infinities differ."""
    same = (reference == candidate) | (np.isnan(reference) & np.isnan(candidate))
    comparable = np.isfinite(reference) & np.isfinite(candidate)
    error = np.full(reference.shape, np.inf)
    np.subtract(reference, candidate, out=error, where=comparable)
    np.abs(error, out=error)
    error[same] = 0.0
    return error


def _scale(low: float, high: float) -> float:
    if low > high:  # nothing finite was seen
        return 1.0
    return (high - low) or max(abs(low), abs(high)) or 1.0


def _sqnr_db(signal: float, noise: float) -> float:
    if noise == 0.0:
        return math.inf
    if signal == 0.0 or math.isinf(noise):
        return -math.inf
    return 10.0 * (math.log10(signal) - math.log10(noise))


def _top1_agreement(reference: list[np.ndarray], candidate: list[np.ndarray]) -> float | None:
    rows = 0
    agreeing = 0
    for ref, cand in zip(reference, candidate, strict=True):
        if ref.ndim != 2 or ref.shape[1] < 2:
            return None
        rows += ref.shape[0]
        agreeing += int((ref.argmax(axis=1) == cand.argmax(axis=1)).sum())
    return agreeing / rows if rows else None
