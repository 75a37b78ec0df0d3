"""What manifests say: where weights come from, how pictures are prepared, who made it with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.differences.delivery import Shipped
from _edgeship.export.differences.mapping import mapped
from _edgeship.export.differences.results import Change

#: How many entries that no other topic is about are named.
_NAMED = 5

#: Entries that other topics are about, or that follow from them.
_TOLD = {"about", "artifacts", "calibration", "labels", "model", "onnx", "preprocess", "versions"}
_TOLD |= {"earlier", "weights"}

#: What follows from another entry of the preprocessing.
_DERIVED = {"resize": "crop"}


def preprocess_changes(before: Shipped, after: Shipped) -> list[Change]:
    """Return what changed of what a picture goes through before a file gets it."""
    if before.manifest is not None and after.manifest is not None:
        old, new = before.preprocess or {}, after.preprocess or {}
    else:
        old, new = _told(before), _told(after)
        if not old or not new:
            return []
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


def _told(file: Shipped) -> dict[str, Any]:
    """Return what the metadata of a .tflite file say about its pictures, of 0 to 255."""
    said = file.model.facts().get("said", {}).get("metadata", {})
    graphs = said.get("subgraph_metadata", [])
    found = {}
    for tensor in graphs[0].get("input_tensor_metadata", []) if graphs else []:
        properties = tensor.get("content", {}).get("content_properties", {})
        if "color_space" in properties:
            found["color_order"] = properties["color_space"]
        for unit in tensor.get("process_units", []):
            options = unit.get("options", {})
            found |= {
                f"{key} of 0 to 255": options[key] for key in ("mean", "std") if key in options
            }
    return found


def manifest_changes(before: Shipped, after: Shipped) -> list[Change]:
    """Return what manifests say otherwise of the networks behind two files, and of the tools."""
    if before.manifest is None or after.manifest is None:
        return []
    old, new = before.manifest, after.manifest
    return [
        *mapped("weights", "", _plain(old.weights), _plain(new.weights)),
        *mapped("calibration", "", before.calibration, after.calibration),
        *mapped("model", "", _flat(old.model), _flat(new.model)),
        *mapped("about", "", _said(old), _said(new)),
        *mapped("versions", "", old.versions, new.versions),
    ]


def other_entries(before: Shipped, after: Shipped) -> list[Change]:
    """Return what is recorded otherwise where nothing else differs: it is not nothing."""
    if before.manifest is None or after.manifest is None:
        return []
    found = mapped("manifest", "", _rest(before), _rest(after))
    if len(found) <= _NAMED:
        return found
    rest = Change("manifest", f"{len(found) - _NAMED} further entries", None, None)
    return [*found[:_NAMED], rest]


def _rest(file: Shipped) -> dict[str, Any]:
    """Return all that is recorded of a file, but for what other topics are about."""
    manifest = {} if file.manifest is None else file.manifest.model_dump(exclude=_TOLD, mode="json")
    artifact = {} if file.artifact is None else file.artifact.model_dump(mode="json")
    return _flat({**manifest, "file": artifact})


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
