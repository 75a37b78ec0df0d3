"""What manifests say: where weights come from, how pictures are prepared, who made it with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.differences.delivery import Shipped
from _edgeship.export.differences.facts import mapped
from _edgeship.export.differences.results import Change

#: How many entries that no other topic is about are named.
_NAMED = 5

#: Entries that other topics are about, or that follow from them.
_TOLD = {"about", "artifacts", "calibration", "labels", "model", "onnx", "preprocess", "versions"}
_TOLD |= {"weights"}

#: What follows from another entry of the preprocessing.
_DERIVED = {"resize": "crop"}


def preprocess_changes(before: Shipped, after: Shipped) -> list[Change]:
    """Return what changed of what a picture goes through before a file gets it."""
    if before.manifest is None or after.manifest is None:
        return []
    old, new = before.preprocess or {}, after.preprocess or {}
    return [
        Change(
            "preprocessing",
            change.what,
            change.before,
            change.after,
            f"prepare pictures with {change.what.replace('_', ' ')} {_short(change.after)}"
            if change.after is not None
            else f"prepare pictures without {change.what.replace('_', ' ')}",
        )
        for change in mapped("preprocessing", "", old, new)
        if old.get(_DERIVED.get(change.what, "")) == new.get(_DERIVED.get(change.what, ""))
    ]


def manifest_changes(before: Manifest, after: Manifest) -> list[Change]:
    """Return what two manifests say otherwise, but for what they say of single files."""
    return [
        *mapped("weights", "", _plain(before.weights), _plain(after.weights)),
        *mapped("calibration", "", before.calibration or {}, after.calibration or {}),
        *mapped("model", "", _flat(before.model), _flat(after.model)),
        *mapped("about", "", _said(before), _said(after)),
        *mapped("versions", "", before.versions, after.versions),
    ]


def other_entries(before: Manifest, after: Manifest) -> list[Change]:
    """Return what differs where nothing else does, so that it is not taken for the same."""
    old, new = (_flat(one.model_dump(mode="json", exclude=_TOLD)) for one in (before, after))
    found = mapped("manifest", "", old, new)
    if len(found) <= _NAMED:
        return found
    rest = Change("manifest", f"{len(found) - _NAMED} further entries", None, None)
    return [*found[:_NAMED], rest]


def _plain(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of weights, without the names of classes, which are labels."""
    return {key: value for key, value in _flat(weights).items() if not key.startswith("classes")}


def _said(manifest: Manifest) -> dict[str, Any]:
    return {key: value for key, value in asdict(manifest.about).items() if value}


def _flat(value: Any) -> dict[str, Any]:
    return dict(_entries(value, ""))


def _entries(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the paths of all entries that hold no others, with what they hold."""
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        items = enumerate(value)
    if not items:
        yield path, value
    for key, item in items:
        yield from _entries(item, f"{path}.{key}" if path else str(key))


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
