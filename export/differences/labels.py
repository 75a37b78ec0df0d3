"""Names of classes: which score is which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from _edgeship.export.differences.delivery import Shipped
from _edgeship.export.differences.results import Change

#: How many names a message shows.
_SHOWN = 5


def labels_of(file: Shipped, output: str) -> tuple[str, ...]:
    """Return the names of the classes that an output of a file scores, in their order.

    Returns:
        Those that lie beside the manifest, or that it records, or that the file itself holds;
        nothing where there are none.

    Raises:
        InputError: The file of the names cannot be read.
    """
    return _recorded(file, output) or tuple(file.model.labels.get(output, ()))


def _recorded(file: Shipped, output: str) -> tuple[str, ...]:
    if file.record is None:
        return ()
    if found := file.record.labels.get(output):
        return found
    classes = file.record.manifest.weights.get("classes")
    # Of a network with several outputs nobody says which one the classes of its weights belong to.
    only = len(file.record.artifact.outputs) == 1
    return tuple(map(str, classes)) if only and isinstance(classes, list) else ()


def label_changes(output: str, before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Return what changed in the names of the classes of an output."""
    if tuple(before) == tuple(after):
        return []
    added = list((Counter(after) - Counter(before)).elements())
    removed = list((Counter(before) - Counter(after)).elements())
    app = "take the new names of classes"
    if not before or not after:
        shown = _some(before) if before else None, _some(after) if after else None
        return [Change("labels", f"{output}: classes", *shown)]
    changes = []
    if removed:
        changes.append(Change("labels", f"{output}: removed", _some(removed), None, app))
    if added:
        changes.append(Change("labels", f"{output}: added", None, _some(added), app))
    moved = [
        (place, old, new)
        for place, (old, new) in enumerate(zip(before, after, strict=False))
        if old != new
    ]
    kept, found = (
        [name for name in one if name in set(other)]
        for one, other in ((before, after), (after, before))
    )
    if moved and kept != found:
        place, old, new = moved[0]
        where = f"{output}: order, {len(moved)} places, first {place}"
        changes.append(Change("labels", where, old, new, app))
    return changes


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
