"""Whether outputs are within the tolerance of a kind, part by part, and why not if they are not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from _edgeship.export.verification.parity import Parity, PartParity
from _edgeship.export.verification.tolerance import TOLERANCES, Tolerance, needed_sqnr_db
from _edgeship.export.verification.yardstick import Yardstick

#: A file that keeps this many dB less than the ideal one has the same kinds of errors. With the
#: errors of the one where the other has none, they differ by 3 dB.
_LIKE_IDEAL_DB = 6.0

#: The least that may be asked of what nearly equal numbers decide on, in dB: unrelated positive
#: numbers keep 1.7 at most.
_LEAST_CHOSEN_DB = 6.0

#: How much larger the error of a part that was found by its numbers may be than an output's.
_GROSS = 100.0


@dataclass(frozen=True)
class Failure:
    """Why outputs are out of tolerance.

    Attributes:
        sentence: For people.
        needed_db: The SQNR in dB that the part which fails needs; None if the kind asks for none.
        in_joined: Whether it is a part of an output that the graph joins.
        chosen: Whether nearly equal numbers decide what is in it.
    """

    sentence: str
    needed_db: float | None
    in_joined: bool = False
    chosen: bool = False


def judge(parity: Parity, stage_kind: str, yardstick: Yardstick | None = None) -> str | None:
    """Return None when the parity is within the tolerance of the kind, or a sentence why not.

    Args:
        parity: The measured distance.
        stage_kind: A key of `TOLERANCES`.
        yardstick: What rounding alone leaves of the network, if it was measured.

    Raises:
        KeyError: The kind is not in the table.
    """
    failure = find_failure(parity, stage_kind, yardstick)
    return None if failure is None else failure.sentence


def find_failure(
    parity: Parity, stage_kind: str, yardstick: Yardstick | None = None
) -> Failure | None:
    """Return why the parity is out of tolerance, by the part that is furthest off, or None.

    Args: as for `judge`.

    Raises:
        KeyError: The kind is not in the table.
    """
    parts = parity.parts or (PartParity("", parity.max_abs, parity.max_rel, parity.sqnr_db),)
    alone = len(parts) < 2
    failures = []
    for part in parts:
        where = "" if alone or not part.name else f" of {part.name}"
        found = _failure(part, where, TOLERANCES[stage_kind], stage_kind, yardstick)
        if found is not None:
            failures.append((part, found))
    if not failures:
        return None
    part, worst = min(failures, key=lambda one: one[0].sqnr_db)
    return replace(worst, in_joined=part.partial and not part.found, chosen=part.chosen)


def _failure(
    part: PartParity, where: str, tolerance: Tolerance, kind: str, yardstick: Yardstick | None
) -> Failure | None:
    if part.agreement is not None:
        return _disagreement(part, part.agreement, where, tolerance, kind, yardstick)
    # Where a part was found by its numbers, their errors may be those of larger ones, which the
    # same sums gave: only gross errors count.
    largest = tolerance.max_rel
    if largest is not None and part.found:
        largest = _GROSS * largest
    # Negated, so that a NaN is out of tolerance.
    far = largest is not None and not part.max_rel <= largest
    if largest is not None and far and not _as_the_ideal(part, tolerance, yardstick):
        sentence = (
            f"The largest error{where} is {part.max_rel:.2g} of the output's range; "
            f"{kind} allows {largest:.2g}."
        )
        return Failure(sentence, None)
    weights_db = yardstick.rounded_db(part.name) if yardstick is not None else None
    needed = needed_sqnr_db(kind, weights_db, grid_db=part.grid_db)
    enough = needed is None or part.sqnr_db >= needed
    if enough and weights_db != math.inf:
        return None
    reason = ""
    if weights_db is not None and math.isfinite(weights_db):
        reason = f"where rounding the weights alone leaves {weights_db:.1f} dB"
    if yardstick is not None and tolerance.below_ideal_db is not None:
        best_db = yardstick.ideal_db(tolerance.ideal).get(part.name)
        needed = needed_sqnr_db(kind, weights_db, best_db, part.grid_db)
        if best_db is not None:
            reason = f"where {tolerance.ideal} can give {best_db:.1f} dB"
        if best_db is not None and part.chosen and needed is not None:
            # Whole rows change places, up to four times as many as in the ideal file.
            needed = min(needed, max(best_db - _LIKE_IDEAL_DB, _LEAST_CHOSEN_DB))
    if needed is None or part.sqnr_db >= needed:
        return None
    words = f"The SQNR{where} is {part.sqnr_db:.1f} dB; {kind} needs {needed:.1f} dB {reason}"
    return Failure(f"{words.strip()}.", needed)


def _as_the_ideal(part: PartParity, tolerance: Tolerance, yardstick: Yardstick | None) -> bool:
    """Return whether a part has the noise of an ideal file, whose largest errors it may then have.

    Behind a comparison, one number that falls on the other side is as far off as can be.
    """
    if yardstick is None or tolerance.below_ideal_db is None:
        return False
    best_db = yardstick.ideal_db(tolerance.ideal).get(part.name)
    return best_db is not None and part.sqnr_db >= best_db - _LIKE_IDEAL_DB


def _near_in_levels(part: PartParity, tolerance: Tolerance) -> bool:
    """Return whether pixels or quantized numbers are so near that no warning is called for."""
    limit = tolerance.warn_sqnr_db
    return part.levels_db is not None and limit is not None and part.levels_db >= limit


def _disagreement(
    part: PartParity,
    agreement: float,
    where: str,
    tolerance: Tolerance,
    kind: str,
    yardstick: Yardstick | None,
) -> Failure | None:
    """Return why too few elements of an output of integers are equal, or None.

    Two scores that are nearly equal change places under the least noise, and how many such there
    are is the network's affair. So a file may disagree four times as often as the ideal one, and
    where even that one rarely agrees, as on the order of many equal scores, agree a quarter as
    often.
    """
    needed = tolerance.min_agreement
    reason = ""
    if agreement < needed and yardstick is not None and tolerance.below_ideal_db is not None:
        best_db = yardstick.ideal_db(tolerance.ideal).get(part.name)
        if best_db is not None:
            best = 1.0 - 10.0 ** (-best_db / 10.0)
            needed = min(needed, max(1.0 - 4.0 * (1.0 - best), best / 4.0))
            reason = f" where {tolerance.ideal} can give {best:.1%}"
    if agreement >= needed or _near_in_levels(part, tolerance):
        return None
    sentence = f"Only {agreement:.1%} of the elements{where} are equal; {kind} needs {needed:.1%}"
    return Failure(f"{sentence}{reason}.", None)
