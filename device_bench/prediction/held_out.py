"""How wrong predictions are: each family of networks is predicted by what all others teach.

Networks of one family share their layers' shapes, so that a width of MobileNet V2 tells much about
another: whole families are held out, not single files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from _edgeship.device_bench.prediction.examples import Example
from _edgeship.device_bench.prediction.rules import Ruler, learn
from _edgeship.device_bench.results.record import Record

#: The part of held-out networks that an interval is to cover.
COVERED = 0.9

#: With fewer families nothing can be held out of what is learned from.
LEAST_FAMILIES = 3


class HeldOut(Record):
    """A file that was predicted by what other families taught.

    Attributes:
        name: Name of the network and its input.
        family: Its family, which nothing was learned from.
        dtype: Type of most of its layers.
        predicted: Time of a run as predicted, in the unit of the device.
        measured: Median time of a run.
        layers: For each pair of unequal layers of one kind that follow one another: how wrong the
            ratio of their times is, as the absolute logarithm.
    """

    name: str
    family: str
    dtype: str
    predicted: float
    measured: float
    layers: tuple[float, ...] = ()

    @property
    def error(self) -> float:
        """By how much the prediction is off, as a fraction of the measured time."""
        return self.predicted / self.measured - 1


def hold_out(examples: Sequence[Example]) -> tuple[HeldOut, ...]:
    """Predict each example by what the other families teach; empty with too few families.

    Args:
        examples: Measured files.
    """
    families = sorted({one.family for one in examples})
    if len(families) < LEAST_FAMILIES:
        return ()
    return tuple(
        _predicted(ruler, one)
        for family in families
        for ruler in [Ruler(learn([one for one in examples if one.family != family]))]
        for one in examples
        if one.family == family
    )


def spread(errors: Sequence[float], covered: float = COVERED) -> float:
    """Return the factor by which a prediction may be off in either direction.

    It is the quantile of the absolute logarithms that holds for one more network like those held
    out ("conformal prediction", Vovk, Gammerman, Shafer, 2005); with too few of them for that
    share, the largest.

    Args:
        errors: Logarithms of predicted over measured time.
        covered: The share of networks that are to lie within the factor.
    """
    if not errors:
        return math.inf
    ordered = sorted(abs(one) for one in errors)
    rank = min(math.ceil((len(ordered) + 1) * covered), len(ordered))
    return math.exp(ordered[rank - 1])


def median_error(held_out: Sequence[HeldOut]) -> float:
    """Return the median of the absolute errors, as a fraction."""
    return float(np.median([abs(one.error) for one in held_out]))


def _predicted(ruler: Ruler, one: Example) -> HeldOut:
    timed = ruler.network(one.network)
    return HeldOut(
        name=one.name,
        family=one.family,
        dtype=one.dtype,
        predicted=sum(step.time for step in timed),
        measured=one.run,
        layers=tuple(_ratios(ruler, one)),
    )


def _ratios(ruler: Ruler, one: Example) -> Iterator[float]:
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for work, time in one.layers:
        found = ruler.step(work, one.dtype).time
        if found > 0:
            by_kind.setdefault(work.kind, []).append((found, time))
    for pairs in by_kind.values():
        for (a, a_time), (b, b_time) in pairwise(pairs):
            if a != b:
                yield abs(math.log(b / a) - math.log(b_time / a_time))
