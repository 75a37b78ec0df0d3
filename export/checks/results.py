"""What the runtimes made of a file."""

from __future__ import annotations

from dataclasses import dataclass

from _edgeship.export.delegates.report import DelegateReport
from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class OutputRange:
    """What an output held over all samples, where there was nothing to compare it with.

    Attributes:
        name: Of the output.
        shape: Of one sample's.
        low: The smallest finite value, or None.
        high: The largest finite value, or None.
        finite: Whether all values were finite.
    """

    name: str
    shape: tuple[int, ...]
    low: float | None
    high: float | None
    finite: bool


@dataclass(frozen=True)
class RuntimeResult:
    """How one runtime did on a file.

    Attributes:
        runtime: Its name, such as ``litert``.
        parity: Its distance from the reference; None where it failed or nothing was compared.
        problem: Why it failed or is out of tolerance, in a sentence, or None.
        outputs: What it computed, where there was no reference.
        tolerance: What it was judged by: the file's kind, or ``fp16`` where a driver computed a
            float32 file in float16; "" where it was not judged.
        delegate: How much of the file a delegate ran; None where that is not known.
    """

    runtime: str
    parity: Parity | None
    problem: str | None
    outputs: tuple[OutputRange, ...] = ()
    delegate: DelegateReport | None = None
    tolerance: str = ""
