"""Whether what is in a bundle is what its lists say: digests, manifest, labels, what files hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _edgeship.export.bundle import signing
from _edgeship.export.bundle.check import Check, check
from _edgeship.export.bundle.layout import MANIFEST, SUMS, inside, lone
from _edgeship.export.bundle.opening import files_in
from _edgeship.export.bundle.sums import read_sums
from _edgeship.export.contract.manifest import Artifact, Manifest, Port
from _edgeship.export.contract.model_file import ModelFile
from _edgeship.files import read_bytes, sha256_of

#: Types whose names ONNX does not share with NumPy.
_NUMPY = {"float": "float32", "double": "float64"}

#: How far a number in a file may be from the manifest's: files store some as float32.
_RELATIVE = 1e-5


def check_digests(folder: Path) -> Check:
    """Compare every file with its digest; none may be missing, and none be there beside them."""
    listed = read_sums(read_bytes(folder / SUMS))
    there = {name for name in files_in(folder) if name not in (SUMS, signing.NAME)}
    problems = [f"{name} is missing" for name in sorted(set(listed) - there)]
    problems += [f"{name} is not listed" for name in sorted(there - set(listed))]
    problems += [
        f"{name} has another digest"
        for name in sorted(there & set(listed))
        if sha256_of(folder / inside(name)) != listed[name]
    ]
    return check(
        "digests", f"{len(there)} files with {SUMS}, none missing or beside them", problems
    )


def check_signature(folder: Path, key: str | None) -> Check | None:
    """Check the signature of the digests; None where there is none and nobody gave a key."""
    path = folder / signing.NAME
    name = "signature"
    if not path.is_file():
        if key is None:
            return None
        return Check(name, "", f"the bundle has no {signing.NAME}")
    if key is None:
        return Check(name, f"{signing.NAME} with {SUMS}", skipped="give the public key with --key")
    words = signing.check(read_bytes(folder / SUMS), read_bytes(path), key)
    return Check(name, f"{signing.NAME} with {SUMS}: {words}")


def check_labels(folder: Path, manifest: Manifest) -> Check | None:
    """Compare the files of labels with the manifest, and their lines with the scores."""
    problems = []
    for record in manifest.labels:
        path = folder / lone(record.file)
        data = read_bytes(path)
        lines = data.decode(errors="replace").removesuffix("\n").split("\n")
        if sha256_of(path) != record.sha256:
            problems.append(f"{record.file} has another digest than {MANIFEST} says")
        if len(lines) != record.count:
            problems.append(f"{record.file} has {len(lines)} lines, and not {record.count}")
        for artifact in manifest.artifacts:
            problems += [
                f"{record.file} has {len(lines)} lines, and {port.name} of {artifact.file} "
                f"{port.shape[-1]} scores"
                for port in artifact.outputs
                if port.labels == record.file and port.shape and port.shape[-1] != len(lines)
            ]
    if not manifest.labels:
        return None
    names = ", ".join(record.file for record in manifest.labels)
    return check("labels", f"{names}: digest, number of lines, and that of the scores", problems)


def check_artifact(folder: Path, manifest: Manifest, artifact: Artifact, model: ModelFile) -> Check:
    """Compare what a file says of itself with what the manifest says of it."""
    problems = []
    if model.digest != artifact.sha256:
        problems.append(f"its digest is not the one in {MANIFEST}")
    problems += _picking(folder, artifact)
    facts = model.facts()
    for side, ports in (("input", artifact.inputs), ("output", artifact.outputs)):
        problems += _ports(side, facts[f"{side}s"], ports, several=len(artifact.batches) > 1)
    if (found := _operators(facts["operators"])) != artifact.operators:
        problems.append(f"it has the operators {found}")
    problems += facts.get("said", {}).get("problems", [])
    problems += _about(facts, manifest)
    held = _labels(folder, artifact, model, problems)
    things = ["digest", f"{len(artifact.inputs) + len(artifact.outputs)} ports", "operators"]
    things += [name for name, text in _wanted(manifest).items() if text and _said(facts)]
    things += [f"{held} names of classes"] if held else []
    return check(artifact.file, f"{', '.join(things)} in the file with {MANIFEST}", problems)


def _picking(folder: Path, artifact: Artifact) -> list[str]:
    """Return what is wrong with the further file that picks the boxes of a detector."""
    if artifact.picking is None:
        return []
    name = lone(artifact.picking.file)
    if not (folder / name).is_file():
        return [f"{name}, which picks its boxes, is missing"]
    if sha256_of(folder / name) != artifact.picking.sha256:
        return [f"the digest of {name}, which picks its boxes, is not the one in {MANIFEST}"]
    return []


def _ports(
    side: str, found: Sequence[Mapping[str, Any]], ports: Sequence[Port], several: bool
) -> list[str]:
    """Return where ports are not those of the manifest.

    Args:
        side: input or output.
        found: What the file says.
        ports: What the manifest does.
        several: Whether the file takes batches of several sizes. It says no shape of an output
            then, which follows from the input's.
    """
    by_name = {str(one["name"]): one for one in found}
    if set(by_name) != {port.name for port in ports}:
        return [f"its {side}s are {', '.join(sorted(by_name))}"]
    problems = []
    for port in ports:
        one = by_name[port.name]
        name = f"{side} {port.name}"
        shape, dtype = _shape(one["shape"]), _NUMPY.get(str(one["dtype"]), str(one["dtype"]))
        if shape != port.shape and not (several and side == "output" and not shape):
            problems.append(f"{name} has the shape {shape}, and not {port.shape}")
        if dtype != port.dtype:
            problems.append(f"{name} is {dtype}, and not {port.dtype}")
        if "scale" in one and not _same(one["scale"], port.scale):
            problems.append(f"{name} has the scale {one['scale']}, and not {port.scale}")
        if "zero_point" in one and one["zero_point"] != port.zero_point:
            problems.append(f"{name} has the zero point {one['zero_point']}")
    return problems


def _shape(found: Any) -> list[int | str]:
    """Return a shape, which some formats are said to have in words, such as ``1x3x224x224``."""
    if isinstance(found, str):
        return [int(part) if part.isdigit() else part for part in found.split("x")]
    return list(found)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_RELATIVE)


def _operators(found: Any) -> dict[str, int]:
    """Return how many operators of each kind a file has, from what it is said to hold."""
    if isinstance(found, Mapping):
        return {str(kind): int(count) for kind, count in found.items()}
    return {str(one["kind"]): int(one["count"]) for one in found}


def _said(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a file says of its makers: TFLite's metadata or Core ML's."""
    if "said" in facts:
        return dict(facts["said"]["metadata"])
    found = facts.get("metadata", {})
    return dict(found) if isinstance(found, Mapping) else {}


def _about(facts: Mapping[str, Any], manifest: Manifest) -> list[str]:
    said = _said(facts)
    return [
        f"it says that its {name} is {said.get(name, '')!r}, and not {text!r}"
        for name, text in _wanted(manifest).items()
        if text and said and str(said.get(name, "")) != text
    ]


def _wanted(manifest: Manifest) -> dict[str, str]:
    """Return what files say of their makers, by the names that both formats have for it."""
    about = manifest.about
    return {"author": about.author, "license": about.license, "version": about.version}


def _labels(folder: Path, artifact: Artifact, model: ModelFile, problems: list[str]) -> int:
    """Compare the classes that a file itself names with the files beside it.

    Returns:
        How many names were compared.
    """
    held = model.labels
    count = 0
    for port in artifact.outputs:
        if not port.labels or port.name not in held:
            continue
        lines = read_bytes(folder / lone(port.labels)).decode(errors="replace")
        names = lines.removesuffix("\n").split("\n")
        count += len(names)
        if list(held[port.name]) != names:
            problems.append(f"it has other names of classes than {port.labels}")
    return count
