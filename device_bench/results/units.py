"""Times in the unit of their device, formatted for people: "4.790 ms", or "12.35 M" instructions.

The two units never share a column or an axis: whoever prints a time takes its unit from
`Properties.unit`.
"""

from __future__ import annotations

INSTRUCTIONS = "instructions"

#: Said wherever instructions are shown.
NOT_TIME = (
    "The figures count instructions executed on the virtual device. They are not time: they leave "
    "out caches, memory stalls and dual issue."
)

_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")),
    INSTRUCTIONS: ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")),
}

#: Significant digits that are shown; the scatter from run to run hides the rest.
_DIGITS = 4


def scale(value: float, unit: str) -> tuple[float, str]:
    """Return the divisor for times of about this size, and the name of the unit it gives.

    Args:
        value: A time.
        unit: "ns" or "instructions".

    Returns:
        Such as (1e6, "ms"), or (1e6, "M") for instructions; single instructions have no name.
    """
    for divisor, name in _SCALES[unit]:
        if abs(value) >= divisor:
            return divisor, name
    return _SCALES[unit][-1]


def amount(value: float, unit: str) -> str:
    """Return a time with four digits: "4.790 ms", or "12.35 M" for instructions."""
    divisor, name = scale(value, unit)
    return f"{_rounded(value / divisor)} {name}".rstrip()


def span(low: float, high: float, unit: str) -> str:
    """Return an interval in the unit of its upper end: "4.781 to 4.802 ms"."""
    divisor, name = scale(high, unit)
    return f"{_rounded(low / divisor)} to {_rounded(high / divisor)} {name}".rstrip()


def axis(largest: float, unit: str) -> tuple[float, str]:
    """Return the divisor for times on an axis up to ``largest``, and the label of that axis."""
    divisor, name = scale(largest, unit)
    if unit == INSTRUCTIONS:
        return divisor, {"": INSTRUCTIONS}.get(name, f"{name} {INSTRUCTIONS}")
    return divisor, name


def heading(title: str, unit: str) -> str:
    """Return the heading of a column of times; one of instructions says so."""
    return f"{title}, {INSTRUCTIONS}" if unit == INSTRUCTIONS else title


def _rounded(value: float) -> str:
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, _DIGITS - whole)}f}"
