"""What to say where the ratio of two files and their medians do not agree.

A ratio is of the fast runs, and a median of all (see `comparing.py`): on a busy device they can say
opposite things, and a reader of both must be told why.
"""

from __future__ import annotations

from _edgeship.device_bench.results.comparing import Comparison
from _edgeship.device_bench.results.statistics import Summary
from _edgeship.device_bench.results.units import amount


def disagreement(found: Comparison, a: Summary, b: Summary, unit: str) -> str:
    """Return in words that the medians of two files say something else than their ratio, or "".

    They do if one file is called slower or faster whose median is on the other side, or if no
    difference is called while the intervals of the medians lie apart by more than the margin.

    Args:
        found: The comparison of B with A.
        a: Figures of A.
        b: Figures of B.
        unit: Of the figures.
    """
    if found.confidence in (0.0, 1.0):
        return ""  # Nothing was decided, or nothing varies.
    if found.verdict in ("slower", "faster"):
        against = (b.median < a.median) if found.verdict == "slower" else (b.median > a.median)
    else:
        apart = 1 + found.margin
        against = b.low > a.high * apart or b.high * apart < a.low
    if not against:
        return ""
    medians = f"{amount(b.median, unit)} against {amount(a.median, unit)}"
    return (
        f"The medians ({medians}) say otherwise than the ratio, which is of the fastest twentieth "
        "of each round's runs: what else used the device slowed most runs. Close it, or pin to "
        "cores with --cores, before you trust either."
    )
