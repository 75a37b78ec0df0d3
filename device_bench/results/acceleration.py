"""What an accelerator took of a file."""

from __future__ import annotations

from _edgeship.device_bench.results.record import Record


class Acceleration(Record):
    """What an accelerator took of a file, seen before anything was timed.

    Attributes:
        driver: Its name, such as "SwiftShader Device (Subzero)"; "" if the runner does not tell.
        software: Whether that is a program on the CPU, whose times are no accelerator's; None if
            the runner does not tell.
        operators: How many the file has; None if unknown.
        taken: How many of them it runs; None if unknown.
    """

    driver: str = ""
    software: bool | None = None
    operators: int | None = None
    taken: int | None = None

    @property
    def taken_text(self) -> str:
        """How much it runs, such as "all 107 operators"; "" if unknown."""
        if self.taken is None:
            return ""
        if self.taken == self.operators:
            return f"all {self.taken} operators"
        of = "" if self.operators is None else f" of {self.operators}"
        return f"{self.taken}{of} operators"

    @property
    def driver_text(self) -> str:
        """The driver and what it is; "" if that is unknown."""
        return f"{self.driver}, a software driver" if self.software else self.driver
