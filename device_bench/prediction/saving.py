"""How much time a change of a network saves on a device, by its fitted model.

A model is better at how two layers of one kind compare than at how long either takes, since what
it gets wrong about both cancels. So the time of what is there is measured, where that was done, and
the model only says by which factor it changes. What such factors miss is known from held-out
networks: the times of layers of one kind that follow one another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from _edgeship.device_bench.prediction.held_out import spread
from _edgeship.device_bench.prediction.model import LatencyModel
from _edgeship.device_bench.prediction.rules import Ruler, Timed
from _edgeship.device_bench.prediction.work import work_of
from _edgeship.export.advice.steps import Step


@dataclass(frozen=True)
class Saving:
    """How much less time a changed network takes.

    Attributes:
        time: In the unit of the device; below 0 if it takes more.
        low: Lower end of the interval.
        high: Upper end.
        measured: Whether the time of what is there now was measured, and not predicted.
        extrapolated: Whether a kind of operator, or its size, is none that the model was fitted to.
    """

    time: float
    low: float
    high: float
    measured: bool
    extrapolated: bool


class Savings:
    """What changes of networks of one type save on one device.

    Args:
        model: The model of the device.
        dtype: The type of most layers of the network.
        times: Measured time of layers, by their names.
    """

    def __init__(self, model: LatencyModel, dtype: str, times: Mapping[str, float]) -> None:
        self._ruler = Ruler(model.rules)
        self._dtype = dtype
        self._times = times
        errors = [one for held in model.held_out if held.dtype == dtype for one in held.layers]
        #: By which factor the ratio of two layers may be off, in either direction.
        self.factor = spread(errors)

    def of(self, before: Sequence[Step], after: Sequence[Step]) -> Saving | None:
        """Return what it saves to have some steps instead of others; None if nothing is known.

        Args:
            before: The steps that are there.
            after: Those that would be there instead; none if they are left out.
        """
        old, new = self._timed(before), self._timed(after)
        there = sum(step.time for step in old)
        if not there:
            return None
        ratio = sum(step.time for step in new) / there
        known = all(step.name in self._times for step in before)
        now = sum(self._times[step.name] for step in before) if known else there
        low, high = now * (1 - ratio * self.factor), now * (1 - ratio / self.factor)
        if not known:
            # The time itself may be off as much, too; that leaves the sign as it is.
            low = low / self.factor if low > 0 else low * self.factor
            high = high * self.factor if high > 0 else high / self.factor
        sure = all(step.known and step.within for step in (*old, *new))
        return Saving(now * (1 - ratio), low, high, known, not sure)

    def _timed(self, steps: Sequence[Step]) -> list[Timed]:
        return [
            self._ruler.step(work_of(step), self._dtype)
            for step in steps
            if step.kind == "layer" or step.memory_access
        ]
