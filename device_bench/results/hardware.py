"""What a file ran on, in words, and which measurements that makes comparable."""

from __future__ import annotations

from _edgeship.device_bench.results.records import Measurement

#: What is said wherever times of a software driver are shown.
SOFTWARE = (
    "The GPU is a software driver, a program on the CPU: it takes and computes what a GPU does, "
    "and its times are no GPU's."
)

#: What stands behind the name of an accelerator then.
SOFTWARE_MARK = " (software)"


def accelerator_text(measurement: Measurement) -> str:
    """Return what a file ran on: "cpu", "gpu", or "gpu (software)"."""
    name = measurement.settings.accelerator
    return name + SOFTWARE_MARK if on_software(measurement) else name


def on_software(measurement: Measurement) -> bool:
    """Return whether a program on the CPU stood in for the accelerator."""
    found = measurement.acceleration
    return found is not None and found.software is True


def why_not_compared(a: Measurement, b: Measurement) -> str:
    """Return why the times of two measurements are not to be compared; "" if they are.

    Two files on one software driver can be; nothing else can be compared with such a driver.
    """
    drivers = {_software_driver(a), _software_driver(b)}
    if len(drivers) == 1:
        return ""
    names = " and ".join(sorted(driver for driver in drivers if driver))
    kind = "is a program on the CPU" if "" in drivers else "are programs on the CPU"
    return f"{names} {kind}, and not a GPU: such times are compared with those of nothing else."


def _software_driver(measurement: Measurement) -> str:
    found = measurement.acceleration
    return (found.driver or "the driver") if found is not None and found.software else ""
