"""What a file holds: types, operators, sizes, what it asks of a phone, what it says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from _edgeship.export.contract.manifest import Artifact
from _edgeship.export.differences.delivery import Shipped
from _edgeship.export.differences.mapping import mapped
from _edgeship.export.differences.results import Change
from _edgeship.export.differences.weights import compare_weights

#: Metadata that says what a file asks of a phone.
_MIN_RUNTIME = "min_runtime_version"

#: Metadata that are told by what is in them.
_TFLITE = "TFLITE_METADATA"

#: Figures of a manifest's parity that are told.
_PARITY = {
    "sqnr_db": "SQNR against the network, dB",
    "top1_agreement": "same top-1 as the network",
}


def fact_changes(before: Shipped, after: Shipped) -> list[Change]:
    """Return what changed of a file but for its inputs and outputs.

    Raises:
        InputError: The constants of one cannot be read.
    """
    old, new = before.model.facts(), after.model.facts()
    found = [
        *_requirements(before, after, old, new),
        *_types(before, after),
        *_sizes(before, after, old, new),
        *_parity(before, after),
    ]
    if before.target != after.target:
        return found  # all that follows has other names there
    return [
        *found,
        *_weights(before, after),
        *_scales(before, after),
        *mapped("operators", "", operators_in(old), operators_in(new)),
        *_delegates(before, after),
        *mapped("metadata", "", _metadata(old), _metadata(new)),
    ]


def operators_in(facts: Mapping[str, Any]) -> dict[str, int]:
    """Return operator -> how many a file has, as its facts say in the words of its format."""
    found = facts["operators"]
    if isinstance(found, Mapping):
        return dict(found)
    counts: Counter[str] = Counter()
    for kind in found:
        counts[kind["kind"]] += kind["count"]
    return dict(counts)


def _requirements(
    before: Shipped, after: Shipped, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Change]:
    """Return what the file asks of a phone: only more of it concerns the app."""
    if before.target != after.target:
        app = f"run a file for {after.target}, not for {before.target}"
        return [Change("requirements", "target", before.target, after.target, app)]
    changes = []
    for what, words, oldest in (
        ("oldest runtime", "LiteRT or TensorFlow Lite", _min_runtime),
        ("oldest iOS", "iOS", lambda facts: facts.get("ios")),
        ("operator sets", "", lambda facts: facts.get("opsets")),
    ):
        was, now = oldest(old), oldest(new)
        if was != now:
            app = f"require {words} {now}" if words and _newer(was, now) else ""
            changes.append(Change("requirements", what, was, now, app))
    return changes


def _min_runtime(facts: Mapping[str, Any]) -> str | None:
    found = facts.get("metadata") or {}
    return found.get(_MIN_RUNTIME)


def _newer(before: str | int | None, after: str | int | None) -> bool:
    return _parts(after) > _parts(before)


def _parts(version: str | int | None) -> list[int]:
    return [int(part) for part in str(version or 0).split(".") if part.isdecimal()]


def _types(before: Shipped, after: Shipped) -> list[Change]:
    if before.artifact is None or after.artifact is None:
        found = before.model.tolerance(None), after.model.tolerance(None)
        return mapped("types", "", {"numbers": found[0]}, {"numbers": found[1]})
    old, new = (
        {
            "scheme": one.scheme,
            "weights": one.weights,
            "computes in": one.compute,
            "choice of ranges": one.ranges or None,
            "layers in float": one.keep_float or None,
            "file that picks boxes": _picking(one),
        }
        for one in (before.artifact, after.artifact)
    )
    return mapped("types", "", old, new)


def _picking(artifact: Artifact) -> str | None:
    """Return how the further file picks boxes, in words; None where there is none."""
    if artifact.picking is None:
        return None
    said = artifact.picking.model_dump(exclude={"size", "sha256", "outputs"})
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _weights(before: Shipped, after: Shipped) -> list[Change]:
    share = compare_weights(before.model.constants(), after.model.constants())
    if not share.changed_tensors:
        return []
    words = (
        f"{100 * share.share:.1f} % of {share.size:,} bytes, in {share.changed_tensors} of "
        f"{share.tensors} tensors"
    )
    return [Change("weights", "values that are new", None, words)]


def _scales(before: Shipped, after: Shipped) -> list[Change]:
    """Return how many activations have another scale, by which calibrations show."""
    old, new = before.model.scales(), after.model.scales()
    changed = [name for name, scale in new.items() if name in old and old[name] != scale]
    if not changed:
        return []
    words = f"{len(changed)} of {len(new)}"
    return [Change("calibration", "scales of activations that are new", None, words)]


def _delegates(before: Shipped, after: Shipped) -> list[Change]:
    old, new = (
        {one.delegate: _taken(one.taken, one.operators, one.partitions) for one in reports}
        for reports in (_reports(before), _reports(after))
    )
    return mapped("delegates", "", old, new) if old and new else []


def _reports(file: Shipped) -> Sequence[Any]:
    return file.artifact.delegates if file.artifact is not None else ()


def _taken(taken: int, operators: int, partitions: int) -> str:
    pieces = f"{partitions} partition{'' if partitions == 1 else 's'}"
    return f"{taken} of {operators} operators in {pieces}"


def _sizes(
    before: Shipped, after: Shipped, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Change]:
    def sizes(file: Shipped, facts: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"bytes": facts.get("package_bytes", facts["file_bytes"])}
        if file.artifact is not None and file.artifact.peak_activation_bytes is not None:
            found["bytes of activations at the peak"] = file.artifact.peak_activation_bytes
        return found

    return mapped("sizes", "", *_both(sizes(before, old), sizes(after, new)))


def _parity(before: Shipped, after: Shipped) -> list[Change]:
    old, new = (
        {
            words: one.artifact.parity[name]
            for name, words in _PARITY.items()
            if name in one.artifact.parity
        }
        if one.artifact is not None and one.artifact.parity is not None
        else {}
        for one in (before, after)
    )
    return mapped("parity", "", *_both(old, new))


def _metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file says of itself for people and tools."""
    found = {
        name: facts[name]
        for name in ("description", "producer", "predicted_feature")
        if facts.get(name)
    }
    told = facts.get("metadata") or {}
    found |= {name: value for name, value in told.items() if name != _MIN_RUNTIME}
    said = (facts.get("said") or {}).get("metadata") or {}
    if said:
        del found[_TFLITE]
    texts = {f"{_TFLITE} {key}": text for key, text in said.items() if isinstance(text, str)}
    return found | texts


def _both(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is known of both."""
    common = [key for key in before if key in after]
    return {key: before[key] for key in common}, {key: after[key] for key in common}
