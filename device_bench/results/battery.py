"""What a battery says of itself at one moment."""

from __future__ import annotations

from _edgeship.device_bench.results.record import Record


class Battery(Record):
    """The counters of a battery.

    Attributes:
        charge: What is in it, in microampere hours; it moves in steps.
        microvolts: Its voltage.
        draining: Whether the kernel calls it discharging; None if it does not say.
        frozen: Whether Android shows what was set by hand, with `dumpsys battery unplug` or so.
    """

    charge: int
    microvolts: int
    draining: bool | None = None
    frozen: bool = False
