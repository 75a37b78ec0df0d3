"""All roofs of a device together: learned from examples, and asked for the time of a network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from _edgeship.device_bench.prediction.between import Gap, fit_gaps
from _edgeship.device_bench.prediction.examples import Example, main_dtype
from _edgeship.device_bench.prediction.layers import fit_layers
from _edgeship.device_bench.prediction.roof import Roof, Sample
from _edgeship.device_bench.prediction.work import Work, work_of
from _edgeship.device_bench.results.record import Record
from _edgeship.export.advice.steps import NetworkSteps

#: With fewer layers than this, a kind has the roof of all layers, times one factor.
ENOUGH_LAYERS = 6


class Rules(Record):
    """How long operators take on a device.

    Attributes:
        roofs: One for each kind and type that was measured.
        stand_ins: One for each family of kinds ("layer", "movement", ...) and type, for kinds that
            were not; its kind is the family's name.
    """

    roofs: tuple[Roof, ...]
    stand_ins: tuple[Roof, ...]

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The types whose layers were measured."""
        return tuple(dict.fromkeys(one.dtype for one in self.stand_ins if one.kind == "layer"))


@dataclass(frozen=True)
class Timed:
    """An operator with the time that rules give it.

    Attributes:
        work: The operator.
        time: In the unit of the device.
        known: Whether operators of its kind and type were measured.
        within: Whether some of them were as large.
    """

    work: Work
    time: float
    known: bool
    within: bool


def learn(examples: Sequence[Example]) -> Rules:
    """Return what examples teach.

    Args:
        examples: Measured files; those without times of layers teach nothing.
    """
    layers: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    gaps: dict[str, list[Gap]] = defaultdict(list)
    for one in examples:
        for sample in one.layers:
            layers[sample.work.kind, sample.work.dtype].append(sample)
        gaps[one.dtype] += one.gaps
    stand_ins = [
        fit_layers(
            "layer",
            dtype,
            [sample for (_, of), some in layers.items() if of == dtype for sample in some],
        )
        for dtype in sorted({dtype for _, dtype in layers})
    ]
    of_all = {one.dtype: one for one in stand_ins}
    roofs = [
        fit_layers(kind, dtype, samples)
        if len(samples) >= ENOUGH_LAYERS
        else _scaled(of_all[dtype], kind, samples)
        for (kind, dtype), samples in sorted(layers.items())
    ]
    for dtype, some in sorted(gaps.items()):
        roofs += fit_gaps(some, lambda work: work.kind, dtype)
        stand_ins += fit_gaps(some, lambda work: work.family, dtype)
    return Rules(roofs=tuple(roofs), stand_ins=tuple(stand_ins))


def _scaled(base: Roof, kind: str, samples: Sequence[Sample]) -> Roof:
    """Return a roof of the same shape, as high as the median of a few layers."""
    factor = float(np.median([sample.time / base.time(sample.work) for sample in samples]))
    works = [sample.work for sample in samples]
    return base.model_copy(
        update={
            "kind": kind,
            "overhead": base.overhead * factor,
            "per_mult_add": base.per_mult_add * factor,
            "per_byte": base.per_byte * factor,
            "samples": len(works),
            "most_mult_adds": max(work.mult_adds for work in works),
            "most_bytes": max(work.bytes for work in works),
        }
    )


class Ruler:
    """Rules by kind and type, to ask many times.

    Args:
        rules: The rules.
    """

    def __init__(self, rules: Rules) -> None:
        self._roofs = {(one.kind, one.dtype): one for one in rules.roofs}
        self._stand_ins = {(one.kind, one.dtype): one for one in rules.stand_ins}

    def network(self, network: NetworkSteps) -> tuple[Timed, ...]:
        """Return the time of each step that costs something, in order."""
        main = main_dtype(network)
        return tuple(
            self.step(work_of(step), main)
            for step in network.steps
            if step.kind == "layer" or step.memory_access
        )

    def step(self, work: Work, main: str) -> Timed:
        """Return the time of one operator.

        Args:
            work: The operator.
            main: The type of most layers of the network that it is in. What lies between layers
                was fitted by that.
        """
        dtype = work.dtype if work.family == "layer" else main
        known = self._roofs.get((work.kind, dtype))
        found = known or self._stand_ins.get((work.family, dtype))
        if found is None:
            return Timed(work, 0.0, known=False, within=False)
        return Timed(work, found.time(work), known is not None, found.reaches(work))
