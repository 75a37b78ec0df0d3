"""Which new file takes the place of which old one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from _edgeship.errors import InputError
from _edgeship.export.differences.delivery import Delivery, Shipped

#: What two files can have in common, the surest first.
_KEYS: tuple[Callable[[Shipped], Hashable], ...] = (
    lambda file: file.name,
    lambda file: (file.target, file.artifact.scheme if file.artifact is not None else None),
    lambda file: file.target,
)


def paired(before: Delivery, after: Delivery) -> list[tuple[Shipped, Shipped]]:
    """Return the files that belong together, in the old order.

    They have the same name; or else, alone of their kind, the same target and scheme; or else the
    same target. One file beside one file is always compared.

    Raises:
        InputError: There is no such pair.
    """
    if len(before.files) == 1 and len(after.files) == 1:
        return [(before.files[0], after.files[0])]
    found: dict[int, int] = {}
    for key in _KEYS:
        left = _once(before.files, set(found), key)
        right = _once(after.files, set(found.values()), key)
        found |= {left[value]: right[value] for value in left if value in right}
    # A single file is compared with the one that is most like it, and with no other.
    if not found:
        raise InputError(
            f"{after.name} has no file that takes the place of one in {before.name}.",
            why=f"the one has {_names(before)}, the other {_names(after)}",
        )
    return [(before.files[old], after.files[new]) for old, new in sorted(found.items())]


def _once(
    files: Sequence[Shipped], taken: set[int], key: Callable[[Shipped], Hashable]
) -> dict[Hashable, int]:
    """Return key -> place, for the files that are not taken and whose key no other of them has."""
    places = [place for place in range(len(files)) if place not in taken]
    counts = Counter(key(files[place]) for place in places)
    return {key(files[place]): place for place in places if counts[key(files[place])] == 1}


def _names(delivery: Delivery) -> str:
    return ", ".join(file.name for file in delivery.files)
