"""Files of one export, given on together as soon as all of them are finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from _edgeship.export.sweep.running import Finished
from _edgeship.export.sweep.variants import Variant


def when_whole(
    variants: Sequence[Variant], then: Callable[[Sequence[Finished]], None]
) -> Callable[[Finished], None]:
    """Return what is to be told of each variant that is finished.

    Args:
        variants: Everything that is wanted.
        then: Called with all variants of an export that are there, in the order in which they
            finished, once all are finished; not at all where none is there.
    """
    left: dict[tuple[str, str, str], int] = {}
    for one in variants:
        left[one.export] = left.get(one.export, 0) + 1
    there: dict[tuple[str, str, str], list[Finished]] = {}

    def finished(one: Finished) -> None:
        group = one.variant.export
        left[group] -= 1
        if one.status == "ok":
            there.setdefault(group, []).append(one)
        if not left[group] and group in there:
            then(there.pop(group))

    return finished
