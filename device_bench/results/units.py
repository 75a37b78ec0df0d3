"""Times in the unit of their device, as people read them: "4.790 ms", or "12.35 M" instructions.

The two units are never shown in one column or on one axis: who prints a time takes its unit from
`Properties.unit`.
"""

from __future__ import annotations

INSTRUCTIONS = "instructions"

#: Said wherever instructions are shown.
NOT_TIME = (
    "Counted are executed instructions, on the virtual device. They are not time: they leave out "
    "caches, memory stalls and dual issue."
)

_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")),
    INSTRUCTIONS: ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")),
}

#: What a number of digits is cut to; run-to-run scatter hides the rest.
_DIGITS = 4


def scale(value: float, unit: str) -> tuple[float, str]:
    """Return by what to divide times of about this size, and the name of what results.

    Args:
        value: A time.
        unit: "ns" or "instructions".

    Returns:
        Such as (1e6, "ms"); of instructions (1e6, "M"), with an empty name for single ones.
    """
    for divisor, name in _SCALES[unit]:
        if abs(value) >= divisor:
            return divisor, name
    return _SCALES[unit][-1]


def amount(value: float, unit: str) -> str:
    """Return a time with four digits: "4.790 ms"; of instructions "12.35 M"."""
    divisor, name = scale(value, unit)
    return f"{_rounded(value / divisor)} {name}".rstrip()


def span(low: float, high: float, unit: str) -> str:
    """Return an interval in the unit of its upper end: "4.781 to 4.802 ms"."""
    divisor, name = scale(high, unit)
    return f"{_rounded(low / divisor)} to {_rounded(high / divisor)} {name}".rstrip()


def axis(largest: float, unit: str) -> tuple[float, str]:
    """Return by what to divide times on an axis up to ``largest``, and the label of that axis."""
    divisor, name = scale(largest, unit)
    if unit == INSTRUCTIONS:
        return divisor, {"": INSTRUCTIONS}.get(name, f"{name} {INSTRUCTIONS}")
    return divisor, name


def heading(title: str, unit: str) -> str:
    """Return the heading of a column of times; instructions are named in each of them."""
    return f"{title}, {INSTRUCTIONS}" if unit == INSTRUCTIONS else title


def _rounded(value: float) -> str:
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, _DIGITS - whole)}f}"
