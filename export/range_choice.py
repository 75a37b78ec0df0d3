"""Which way to choose ranges keeps most of a network: each is tried, on calibration samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from _edgeship.errors import EdgeshipError
from _edgeship.export.calibration.observers import OBSERVERS, Observer
from _edgeship.export.calibration.source import tried_on

if TYPE_CHECKING:
    from _edgeship.export.calibration.ranges import Observed, Ranges
    from _edgeship.export.contract.schemes import Scheme
    from _edgeship.export.contract.target import Job, Prepared

#: What is taken where nothing can be tried.
_UNTRIED: Observer = "mse"


@dataclass(frozen=True)
class Choice:
    """The ranges for a scheme.

    Attributes:
        ranges: Tensor name -> range.
        observer: How they were chosen.
        tried: In words, what each way left of the network, if all were tried.
    """

    ranges: Ranges
    observer: Observer
    tried: str = ""

    @property
    def in_words(self) -> str:
        """The choice, for the table of stages."""
        return f"{self.observer} ranges{self.tried}"


def choose_ranges(
    prepared: Prepared, observed: Observed, scheme: Scheme, exact: Scheme, job: Job
) -> Choice:
    """Choose the ranges for a scheme.

    Args:
        prepared: What the scheme's file is made from.
        observed: What was seen of its activations.
        scheme: The scheme.
        exact: The target's scheme without any rounding.
        job: What is exported.
    """
    observer, tried = _named(prepared, observed, scheme, exact, job)
    return Choice(observed.ranges(observer, scheme.bits), observer, tried)


def _named(
    prepared: Prepared, observed: Observed, scheme: Scheme, exact: Scheme, job: Job
) -> tuple[Observer, str]:
    """Return how ranges are chosen, and in words what was tried."""
    wanted = job.request.ranges
    if wanted != "auto":
        return wanted, ""
    if scheme.bits > 8:
        return "min-max", ""
    found = _measured(prepared, observed, scheme, exact, job)
    if not found:
        return _UNTRIED, ""
    each = ", ".join(f"{observer} {db:.1f} dB" for observer, db in found.items())
    return max(found, key=lambda observer: found[observer]), f" (the best of {each})"


def _measured(
    prepared: Prepared, observed: Observed, scheme: Scheme, exact: Scheme, job: Job
) -> dict[Observer, float]:
    """Return the SQNR in dB of the worst part of the outputs, with the ranges of each observer.

    It is empty where that cannot be measured; why not shows when the scheme's file is written.
    """
    from _edgeship.export.verification.metrics import compare

    if job.given is not None:
        return {}
    samples = tried_on(job.samples)
    found: dict[Observer, float] = {}
    try:
        reference = prepared.rehearse(exact, {}, samples)
        for observer in OBSERVERS:
            outputs = prepared.rehearse(scheme, observed.ranges(observer, scheme.bits), samples)
            if reference is None or outputs is None:
                return {}
            parity = compare(reference, outputs, parts=job.parts)
            found[observer] = min(part.sqnr_db for part in parity.parts)
    except EdgeshipError:
        return {}
    return found
