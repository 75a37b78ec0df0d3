"""From a request to the layers of its network that lose most of it when they are rounded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from _edgeship.export.contract.request import Request
from _edgeship.export.contract.stage_log import StageLog
from _edgeship.export.pipeline import TARGETS
from _edgeship.export.preparing import load, make_ready

if TYPE_CHECKING:
    from _edgeship.export.sensitivity.results import Sensitivity
    from _edgeship.terminal.progress import Listener


def locate(request: Request, samples: int, listener: Listener) -> tuple[Sensitivity, list[str]]:
    """Round each layer of a network alone, and all but each.

    Args:
        request: The network, its calibration data, and the target whose operators are named.
        samples: The most samples of the calibration to round layers on.
        listener: Is told how far it is.

    Returns:
        What was measured, and remarks of the stages before.

    Raises:
        EdgeshipError: As for an export.
    """
    from _edgeship.export.calibration.source import evenly_spaced
    from _edgeship.export.sensitivity.measure import measure, steps

    log = StageLog(listener.say)
    [name] = request.targets
    target = TARGETS[name]
    network = load(request, log)
    with network:
        job = make_ready(request, network, True, log).job
        listener.say(f"lowering to {target.title}")
        prepared = target.lower(replace(job, schemes=(target.schemes["none"],)))
        listener.say("rounding layers")
        listener.begin(steps(job.graph))
        some = evenly_spaced(job.samples or job.checked, samples)
        observer = None if request.ranges == "auto" else request.ranges
        found = measure(job.graph, some, job.parts, observer, listener.done, job.samples)
    return found.with_operators(dict(prepared.operators())), log.notes
