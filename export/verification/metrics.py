"""How far a candidate's outputs are from a reference's, in four numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from _edgeship.errors import VerificationError
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.parity import Parity, PartParity
from _edgeship.export.verification.parts import Part, whole_outputs

#: Float32 rounds numbers near 1 by 6e-8, however near to each other they are. So a smaller range
#: than this share of the largest number counts as this.
_LEAST_RANGE = 1e-2

#: A Sigmoid is computed from numbers near 1, with errors of 1e-7 however small its result is. So
#: where its results are smaller than this, they are compared on a scale of this.
_SIGMOID_RANGE = 1e-2

#: Whole numbers, scaled perhaps, that are this near to each other are the same one.
_SAME_STEP = 1e-3

#: The distance of two neighbours among what integer kernels of Sigmoid give.
_SIGMOID_STEP = 1 / 256

#: How many numbers are compared at a time.
_BLOCK = 1 << 22


def compare(
    reference: Outputs,
    candidate: Outputs,
    names: Sequence[str] | None = None,
    parts: Sequence[Part] | None = None,
) -> Parity:
    """Measure how far the candidate's outputs are from the reference's.

    Args:
        reference: Per sample, the arrays of all outputs.
        candidate: The same samples and outputs, in the same order and axis order.
        names: The names of the outputs, for error messages.
        parts: What of the outputs to compare (`export.verification.parts.parts_of`); the outputs
            themselves by default.

    Returns:
        The worst numbers over all parts. All sums are taken in float64.

    Raises:
        VerificationError: The two differ in the number of samples or outputs or in an output's
            shape, or there is nothing to compare.
    """
    _check_counts(reference, candidate)
    parts = parts if parts is not None else whole_outputs(reference, names or ())
    _check_shapes(reference, candidate, [f"'{name}'" for name in names] if names else None)
    parities = [_compare_part(reference, candidate, part) for part in parts]
    return Parity(
        max_abs=max(one.max_abs for one in parities),
        max_rel=max(one.max_rel for one in parities),
        sqnr_db=min(one.sqnr_db for one in parities),
        top1_agreement=_top1_agreement([s[0] for s in reference], [s[0] for s in candidate]),
        parts=tuple(parities),
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


def _check_shapes(reference: Outputs, candidate: Outputs, labels: Sequence[str] | None) -> None:
    for position, (expected, found) in enumerate(zip(reference, candidate, strict=True)):
        for k, (ref, cand) in enumerate(zip(expected, found, strict=True)):
            if ref.shape != cand.shape:
                label = labels[k] if labels is not None else str(k)
                raise VerificationError(
                    f"Output {label} has shape {cand.shape} where the reference has {ref.shape}.",
                    where=f"sample {position}",
                )


def _compare_part(reference: Outputs, candidate: Outputs, part: Part) -> PartParity:
    """Return the distance of one part over all samples."""
    counted = part.steps or reference[0][part.output].dtype.kind in "biu"
    near = _SAME_STEP if part.steps else 0.0
    sums = _Sums(near=near if counted else None, grid=part.sigmoid)
    for expected, found in zip(reference, candidate, strict=True):
        sums.add(part.of(expected[part.output]), part.of(found[part.output]))
    agreement = None
    if counted:
        agreement = 1.0 - sums.differing / max(sums.elements, 1)
    scale = _scale(sums.low, sums.high)
    if part.sigmoid:
        scale = max(scale, _SIGMOID_RANGE)
    differing = None if agreement is None else 1.0 - agreement
    return PartParity(
        name=part.name,
        max_abs=sums.largest_error,
        max_rel=sums.largest_error / scale if differing is None else differing,
        sqnr_db=_sqnr_db(sums.signal, sums.noise) if differing is None else _sqnr_db(1, differing),
        agreement=agreement,
        partial=part.mask is not None,
        found=part.found,
        chosen=part.chosen,
        levels_db=_levels_db(sums, reference[0][part.output].dtype, part),
        grid_db=_sqnr_db(sums.signal, sums.grid_noise) if part.sigmoid else None,
    )


def _levels_db(sums: _Sums, dtype: np.dtype, part: Part) -> float | None:
    """Return the SQNR of integers of 8 bits, which are pixels or quantized numbers, or None.

    Their mean says nothing, since a zero point may be in it. What the largest of several numbers
    decides are labels, which are equal or not.
    """
    if dtype.kind not in "iu" or dtype.itemsize != 1 or part.chosen:
        return None
    varying = sums.signal - sums.total**2 / max(sums.elements, 1)
    return _sqnr_db(max(varying, 0.0), sums.noise)


@dataclass
class _Sums:
    """What is summed over the samples of one part.

    Attributes:
        near: Numbers this near to each other are equal, as a fraction of the largest; None if
            equal ones are not counted.
        grid: Whether to sum the noise of an integer Sigmoid's steps.
        grid_noise: The noise that the steps of an integer Sigmoid make of the reference.
    """

    near: float | None = None
    grid: bool = False
    largest_error: float = 0.0
    total: float = 0.0
    signal: float = 0.0
    noise: float = 0.0
    grid_noise: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    elements: int = 0
    differing: int = 0

    def add(self, ref: np.ndarray, cand: np.ndarray) -> None:
        """Add a sample, block by block: what is computed in between is ten times as large."""
        ref, cand = ref.ravel(), cand.ravel()
        blocks = [slice(first, first + _BLOCK) for first in range(0, ref.size, _BLOCK)]
        near = 0.0
        if self.near is not None:
            near = self.near * max((_largest(ref[block]) for block in blocks), default=0.0)
        for block in blocks:
            self._add_block(ref[block], cand[block], near)

    def _add_block(self, ref: np.ndarray, cand: np.ndarray, near: float) -> None:
        exact = ref.astype(np.float64)
        error = _absolute_error(exact, cand.astype(np.float64))
        finite = exact[np.isfinite(exact)]
        self.largest_error = max(self.largest_error, float(error.max()))
        self.total += float(finite.sum())
        self.signal += float(np.square(finite).sum())
        self.noise += float(np.square(error).sum())
        self.elements += ref.size
        if self.grid:
            steps = finite / _SIGMOID_STEP
            self.grid_noise += float(np.square((steps - np.rint(steps)) * _SIGMOID_STEP).sum())
        if self.near is not None:
            self.differing += int(np.count_nonzero(error > near))
        if finite.size:
            self.low = min(self.low, float(finite.min()))
            self.high = max(self.high, float(finite.max()))


def _largest(values: np.ndarray) -> float:
    """Return the largest magnitude among the finite numbers."""
    exact = values.astype(np.float64)
    finite: np.ndarray = np.abs(exact[np.isfinite(exact)])
    return float(finite.max(initial=0.0))


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
    magnitude = max(abs(low), abs(high))
    return max(high - low, _LEAST_RANGE * magnitude) if high > low else magnitude or 1.0


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
