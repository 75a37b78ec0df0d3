"""Inputs and outputs: which are the same, and what callers notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from _edgeship.export.contract.manifest import Artifact, Port
from _edgeship.export.differences.results import Change

Side = Literal["inputs", "outputs"]

#: What is known of a port under one of our names -> what the app must do where it changes; "" for
#: what only people read.
_FIELDS = {
    "shape": "{port}: use the shape {after}",
    "type": "{port}: use the type {after}",
    "axes": "{port}: order the axes as {after}",
    "quantization": "{port}: use {after}, unless it reads them from the file",
    "colours": "{port}: give {after}",
    "range of bytes": "{port}: give bytes from {after}",
    "scores": "{port}: take them for {after}",
    "description": "",
}

#: ONNX's names of types -> those of manifests.
_ONNX_TYPES = {"float": "float32", "double": "float64"}


@dataclass(frozen=True)
class PortFacts:
    """An input or output.

    Attributes:
        name: Of it.
        known: Name of a field of `_FIELDS` -> its value in words; what is not known is left out,
            and "" is a field that the port does not have.
    """

    name: str
    known: Mapping[str, str]

    @property
    def kind(self) -> tuple[str | None, str | None]:
        """Shape and type, by which a renamed port is known again."""
        return self.known.get("shape"), self.known.get("type")


@dataclass(frozen=True)
class Matched:
    """How the ports of two files belong together.

    Attributes:
        pairs: Places of those that both have, in the old file and in the new one.
        removed: Places in the old file.
        added: Places in the new file.
    """

    pairs: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]


def ports_of(side: Side, artifact: Artifact | None, facts: Mapping[str, Any]) -> list[PortFacts]:
    """Return the inputs or outputs of a file, as recorded, or else as the file tells.

    Args:
        side: Which.
        artifact: What the manifest says of the file.
        facts: What the file holds, as `ModelFile.facts` says it.
    """
    if artifact is not None:
        ports = artifact.inputs if side == "inputs" else artifact.outputs
        return [_recorded(port) for port in ports]
    return [_told(port) for port in facts[side]]


def match(before: Sequence[PortFacts], after: Sequence[PortFacts]) -> Matched:
    """Find the ports that both files have: by name, or else at the same place and of one kind."""
    places = {port.name: place for place, port in enumerate(after)}
    pairs = {place: places[port.name] for place, port in enumerate(before) if port.name in places}
    taken = set(pairs.values())
    for place, port in enumerate(before):
        free = place < len(after) and place not in taken and place not in pairs
        if free and port.kind == after[place].kind:
            pairs[place] = place
            taken.add(place)
    return Matched(
        pairs=tuple(sorted(pairs.items())),
        removed=tuple(place for place in range(len(before)) if place not in pairs),
        added=tuple(place for place in range(len(after)) if place not in taken),
    )


def port_changes(
    side: Side, before: Sequence[PortFacts], after: Sequence[PortFacts], matched: Matched
) -> list[Change]:
    """Return what callers notice of the inputs or outputs."""
    one = side.removesuffix("s")
    changes = []
    for old, new in matched.pairs:
        changes += _changed(side, before[old], after[new])
    for place in matched.removed:
        port = before[place]
        app = f"do without the {one} {port.name}"
        changes.append(Change(side, f"{port.name}: removed", _words(port), None, app))
    for place in matched.added:
        port = after[place]
        # More outputs disturb nobody who asks for the others by name.
        app = f"give the new input {port.name}" if side == "inputs" else ""
        changes.append(Change(side, f"{port.name}: added", None, _words(port), app))
    order = [new for _, new in matched.pairs]
    if order != sorted(order):
        told = [before[old].name for old, _ in matched.pairs]
        now = [after[new].name for new in sorted(order)]
        app = f"take {side} by name, or in their new order"
        changes.append(Change(side, "order", told, now, app))
    return changes


def _changed(side: Side, before: PortFacts, after: PortFacts) -> list[Change]:
    changes = []
    name = after.name
    if before.name != name:
        app = f"call the {side.removesuffix('s')} {name} where it said {before.name}"
        changes.append(Change(side, f"{before.name}: name", before.name, name, app))
    for field, app in _FIELDS.items():
        old, new = before.known.get(field), after.known.get(field)
        if old != new and old is not None and new is not None:
            port = f"{side.removesuffix('s')} {name}"
            todo = app.format(port=port, after=new or f"no {field}")
            changes.append(Change(side, f"{name}: {field}", old or None, new or None, todo))
    return changes


def _recorded(port: Port) -> PortFacts:
    # Whoever gives the bytes of a picture needs no scale.
    quantized = "" if port.colors else _quantization(port.scale, port.zero_point)
    known = {
        "shape": _shape(port.shape),
        "type": port.dtype,
        "axes": port.layout,
        "quantization": quantized,
        "colours": port.colors,
        "range of bytes": "{} to {}".format(*port.bytes_range) if port.bytes_range else "",
        "scores": port.scores,
        "description": port.description,
    }
    return PortFacts(port.name, known)


def _told(port: Mapping[str, Any]) -> PortFacts:
    """Return what a file itself tells of a port; what only manifests say stays unknown."""
    shape = port["shape"]
    known = {
        "shape": shape if isinstance(shape, str) else _shape(shape),
        "type": _ONNX_TYPES.get(str(port["dtype"]), str(port["dtype"])),
    }
    if "zero_point" in port:
        known["quantization"] = _quantization(port["scale"], port["zero_point"])
    if port.get("image") is not None:
        known["axes"] = str(port["image"]["color"])
    if "description" in port:
        known["description"] = str(port["description"])
    return PortFacts(str(port["name"]), known)


def _words(port: PortFacts) -> str:
    return " ".join(filter(None, port.kind))


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _quantization(scale: float | None, zero_point: int | None) -> str:
    return "" if scale is None else f"scale {scale:.9g}, zero point {zero_point}"
