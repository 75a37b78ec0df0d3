"""What Android granted an app while it measured, as values and in words."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.results.record import Record

#: Importance of an app in front, as Android counts it.
IN_FRONT = 100

#: Android's names of its throttling statuses, by their number.
THERMAL_STATUS = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")


class AppConditions(Record):
    """What Android granted an app while it measured, as its interfaces for apps tell.

    Attributes:
        version: The app's.
        abi: ABI of the app's process.
        cores: The cores that it may run on, as the kernel writes them: "0-7".
        sustained_performance: Whether Android's mode for steady speed was on: it holds the clock
            at what the phone can keep up.
        importance: `ActivityManager.RunningAppProcessInfo.importance`: `IN_FRONT`, or more for an
            app that is less important.
        thermal_status: Android's throttling status before the runs, an index of `THERMAL_STATUS`;
            None before Android 10.
        thermal_headroom: How near it is to severe throttling, which is 1; None if not told.
        thermal_status_after: The status after the runs.
        thermal_headroom_after: The headroom after the runs.
    """

    version: str
    abi: str
    cores: str
    sustained_performance: bool
    importance: int
    thermal_status: int | None = None
    thermal_headroom: float | None = None
    thermal_status_after: int | None = None
    thermal_headroom_after: float | None = None

    @property
    def worst_status(self) -> int | None:
        """The higher of the two throttling statuses; None if neither is known."""
        known = (self.thermal_status, self.thermal_status_after)
        return max((status for status in known if status is not None), default=None)

    @property
    def worst_headroom(self) -> float | None:
        """The higher of the two headrooms; None if neither is known."""
        known = (self.thermal_headroom, self.thermal_headroom_after)
        return max((value for value in known if value is not None), default=None)


def granted_text(every: Sequence[AppConditions]) -> str:
    """Return in words what Android granted an app, the worst of all; "" without any."""
    if not every:
        return ""
    least = max(one.importance for one in every)
    parts = [
        "version " + " and ".join(dict.fromkeys(one.version for one in every)),
        "in front" if least == IN_FRONT else f"not always in front (importance {least})",
        "cores " + " and ".join(dict.fromkeys(one.cores for one in every)),
        "sustained performance mode "
        + " and ".join(
            dict.fromkeys("on" if one.sustained_performance else "off" for one in every)
        ),
    ]
    statuses = [one.worst_status for one in every if one.worst_status is not None]
    if statuses:
        parts.append(f"thermal status {THERMAL_STATUS[max(statuses)]}")
    headrooms = [one.worst_headroom for one in every if one.worst_headroom is not None]
    if headrooms:
        parts.append(f"thermal headroom {max(headrooms):.2f} at most (1 is severe throttling)")
    return ", ".join(parts)
