"""What the stages of an export did: rows that are filled while the stages run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from _edgeship.errors import EdgeshipError

if TYPE_CHECKING:
    from _edgeship.export.verification.parity import Parity


@dataclass(frozen=True)
class StageResult:
    """One stage.

    Attributes:
        stage: Its name.
        detail: What it did.
        seconds: Wall time.
        parity: How its outputs compare with the network's, if it was compared.
        warning: What the user should know about it.
        noise: Whether to show its noise (SQNR) rather than its largest error.
    """

    stage: str
    detail: str = ""
    seconds: float = 0.0
    parity: Parity | None = None
    warning: str = ""
    noise: bool = False


@dataclass
class StageLog:
    """The stages so far, and remarks to print at the end.

    Attributes:
        report: Told the name of each stage as it begins.
    """

    report: Callable[[str], None]
    stages: list[StageResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, *, noise: bool = False) -> Iterator[None]:
        """Time a stage and name it in errors; `done`, called in the block, fills its row."""
        self.report(name)
        self.stages.append(StageResult(name, noise=noise))
        start = time.perf_counter()
        try:
            yield
        except EdgeshipError as error:
            self._timed(start)
            if not error.where:
                error.where = name
            elif error.where not in name:
                error.where = f"{name}, {error.where}"
            raise
        self._timed(start)

    def _timed(self, start: float) -> None:
        self.stages[-1] = replace(self.stages[-1], seconds=time.perf_counter() - start)

    def failed(self, error: EdgeshipError) -> None:
        """Say that the stage which ended with an error is not the end of all."""
        self.stages[-1] = replace(self.stages[-1], detail=f"not written: {error.what}")

    def done(self, detail: str, parity: Parity | None = None, warning: str = "") -> None:
        """Say what the running stage did."""
        self.stages[-1] = replace(self.stages[-1], detail=detail, parity=parity, warning=warning)
        if warning:
            self.notes.append(f"{self.stages[-1].stage}: {warning}")
