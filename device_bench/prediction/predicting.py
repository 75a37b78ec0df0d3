"""From the steps of a network to how long it will take, and what that rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from _edgeship.device_bench.prediction.examples import main_dtype
from _edgeship.device_bench.prediction.held_out import COVERED, spread
from _edgeship.device_bench.prediction.model import LatencyModel
from _edgeship.device_bench.prediction.rules import Ruler, Timed
from _edgeship.errors import InputError
from _edgeship.export.advice.steps import NetworkSteps

#: How many kinds a note names.
_NAMED = 4


@dataclass(frozen=True)
class Prediction:
    """How long a network will take.

    Attributes:
        name: The network.
        dtype: Type of most of its layers.
        mult_adds: Of one run.
        time: In the unit of the device.
        low: Lower end of the interval, from what held-out networks of this type missed.
        high: Upper end.
        held_out: Number of networks that the interval rests on; with 0 there is none.
        steps: Each operator with its time.
        notes: What is extrapolated; each a sentence.
    """

    name: str
    dtype: str
    mult_adds: int
    time: float
    low: float
    high: float
    held_out: int
    steps: tuple[Timed, ...]
    notes: tuple[str, ...]


def predict(model: LatencyModel, network: NetworkSteps) -> Prediction:
    """Return how long a network will take on the device of a model.

    Args:
        model: The model.
        network: The steps of the file that is to run.

    Raises:
        InputError: No layers of the network's type were measured.
    """
    dtype = main_dtype(network)
    if dtype not in model.rules.dtypes:
        raise InputError(
            f"The model of {model.device.selector} does not know networks in {dtype}.",
            where=network.name,
            why=f"it was fitted to {' and '.join(model.rules.dtypes) or 'nothing'}",
            todo="fit it with files of that type: `python -m device_bench fit --quant SCHEMES`",
        )
    steps = Ruler(model.rules).network(network)
    time = sum(step.time for step in steps)
    alike = [one for one in model.held_out if one.dtype == dtype]
    factor = spread([math.log(one.predicted / one.measured) for one in alike])
    return Prediction(
        name=network.name,
        dtype=dtype,
        mult_adds=network.mult_adds,
        time=time,
        low=time / factor,
        high=time * factor,
        held_out=len(alike),
        steps=steps,
        notes=tuple(_notes(steps, time, len(alike))),
    )


def covered(networks: int) -> float:
    """Return which share of networks an interval covers that rests on so many held-out ones."""
    return min(COVERED, networks / (networks + 1))


def _notes(steps: Sequence[Timed], time: float, held_out: int) -> Iterator[str]:
    unseen = [step for step in steps if not step.known]
    if unseen:
        part = sum(step.time for step in unseen) / (time or 1)
        yield (
            f"{_number(unseen)} of kinds that were never measured there ({_kinds(unseen)}): "
            f"others stand in for them, for {part:.0%} of the time."
        )
    nothing = [step for step in unseen if not step.time]
    if nothing:
        yield f"Of {_kinds(nothing)} nothing stands in: it counts as no time at all."
    larger = [step for step in steps if step.known and not step.within]
    if larger:
        part = sum(step.time for step in larger) / (time or 1)
        yield (
            f"{_number(larger)} larger than all of their kind that were measured "
            f"({_kinds(larger)}): {part:.0%} of the time is extrapolated."
        )
    if not held_out:
        yield "No network of this type was held out, so nothing is known of the error."


def _number(steps: Sequence[Timed]) -> str:
    return "1 operator is" if len(steps) == 1 else f"{len(steps)} operators are"


def _kinds(steps: Sequence[Timed]) -> str:
    kinds = list(dict.fromkeys(step.work.kind for step in steps))
    more = f" and {len(kinds) - _NAMED} more" if len(kinds) > _NAMED else ""
    return ", ".join(kinds[:_NAMED]) + more
