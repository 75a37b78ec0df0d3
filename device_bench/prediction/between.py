"""Fits what operators between layers take: additions, copies, poolings, activations.

Runtimes split, join and leave out such operators, and call them by other names than the file does:
which of them a profile's "Copy" or "Clamp" belongs to is not told. What is known is the time
between one layer and the next. It is explained as a sum over the operators of the file that lie
there, each with an overhead, a time per byte and a time per place, none below 0: nonnegative least
squares on the relative error, in which gaps that fit badly count less from turn to turn (Huber's
weights).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from _edgeship.device_bench.prediction.roof import Roof, roof
from _edgeship.device_bench.prediction.work import Work

# A gap counts with its relative error, but is not asked for more precision than this part of the
# median gap.
_FLOOR = 0.2

_TURNS = 8
# Errors above this many times the median error count only linearly.
_HUBER = 2.0


@dataclass(frozen=True)
class Gap:
    """What lies between two layers that follow one another, or before the first, after the last.

    Attributes:
        works: The operators of the file.
        time: Time of the operators of the profile there, together.
    """

    works: tuple[Work, ...]
    time: float


def fit_gaps(gaps: Sequence[Gap], kind_of: Callable[[Work], str], dtype: str) -> tuple[Roof, ...]:
    """Return a roof for each kind of operator in the gaps; those have no mult-adds.

    Args:
        gaps: Gaps with at least one operator.
        kind_of: Which operators share a roof.
        dtype: The type that the roofs are said to be of.
    """
    by_kind: dict[str, list[Work]] = defaultdict(list)
    for gap in gaps:
        for work in gap.works:
            by_kind[kind_of(work)].append(work)
    if not by_kind:
        return ()
    kinds = sorted(by_kind)
    columns = np.zeros((len(gaps), 3 * len(kinds)))
    for row, gap in enumerate(gaps):
        for work in gap.works:
            place = 3 * kinds.index(kind_of(work))
            columns[row, place : place + 3] += (1, work.bytes, work.rows)
    times = np.array([gap.time for gap in gaps], float)
    weights = 1 / np.maximum(times, _FLOOR * max(float(np.median(times)), 1e-9))
    rates = np.zeros(columns.shape[1])
    trust = np.ones_like(times)
    # Columns of like size, which the solver needs to tell nothing from little.
    sizes = np.maximum(np.abs(columns).max(axis=0), 1)
    for _ in range(_TURNS):
        factor = weights * np.sqrt(trust)
        rates, _ = nnls(columns / sizes * factor[:, None], times * factor)
        errors = np.abs(columns / sizes @ rates - times) * weights
        bound = _HUBER * max(float(np.median(errors)), 1e-3)
        trust = np.minimum(1, bound / np.maximum(errors, 1e-12))
    rates = (rates / sizes).reshape(-1, 3)
    return tuple(
        roof(kind, dtype, by_kind[kind], overhead=overhead, per_byte=per_byte, per_row=per_row)
        for kind, (overhead, per_byte, per_row) in zip(kinds, rates, strict=True)
    )
