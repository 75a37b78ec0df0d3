"""What the manifest.json beside a file says about it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from _edgeship.errors import InputError
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.contract.manifest import Artifact, Manifest
from _edgeship.export.verification.parity import Parity, PartParity
from _edgeship.export.verification.yardstick import Bits, Yardstick
from _edgeship.files import read_bytes

#: What the manifest in a folder is called.
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Record:
    """A manifest and its entry for a file.

    Attributes:
        path: The manifest.
        manifest: What it says of the export that has written the file.
        artifact: The entry for the file.
        unchanged: Whether the file still has the digest of the entry.
    """

    path: Path
    manifest: Manifest
    artifact: Artifact
    unchanged: bool

    @property
    def preprocess(self) -> Preprocess | None:
        """What images go through, or None if the network does not take images."""
        return preprocess_in(self.manifest)

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Output -> the names of its classes, as far as their file is still what was written."""
        digests = {one.file: one.sha256 for one in self.manifest.labels}
        found: dict[str, tuple[str, ...]] = {}
        for port in self.artifact.outputs:
            # Only the last part: a manifest must not lead out of its folder.
            path = self.path.parent / Path(port.labels).name
            if port.labels in digests and path.is_file():
                data = read_bytes(path)
                if hashlib.sha256(data).hexdigest() == digests[port.labels]:
                    found[port.name] = tuple(data.decode(errors="replace").splitlines())
        return found


def find_record(file: Path, data: bytes) -> Record | None:
    """Return what the manifest beside a file says about it, or None if nothing does.

    Args:
        file: The file; an entry with its digest is found under any name.
        data: Its content.

    Raises:
        InputError: The manifest is edgeship's, but damaged or of another version.
    """
    return find_digest(file, hashlib.sha256(data).hexdigest())


def find_digest(file: Path, digest: str) -> Record | None:
    """Return what the manifest beside a file or package says about it, or None.

    Args:
        file: The file; an entry with the digest is found under any name.
        digest: What a manifest records as its sha256.

    Raises:
        InputError: The manifest is edgeship's, but damaged or of another version.
    """
    path, manifests = _beside(file)
    entries = [(manifest, artifact) for manifest in manifests for artifact in manifest.artifacts]
    named = [(manifest, one) for manifest, one in entries if one.file == file.name]
    # Two schemes may give the same bytes, so the entry with the file's own name is tried first.
    for manifest, artifact in [*named, *entries]:
        if artifact.sha256 == digest:
            return Record(path, manifest, artifact, unchanged=True)
    return Record(path, *named[0], unchanged=False) if named else None


def manifest_of_graph(file: Path, digest: str) -> Manifest | None:
    """Return the manifest whose files were made from a graph, or None if a file is no such graph.

    Args:
        file: The file.
        digest: Its sha256.

    Raises:
        InputError: The manifest beside it is edgeship's, but damaged or of another version.
    """
    _, manifests = _beside(file)
    return next((one for one in manifests if one.onnx.sha256 == digest), None)


def _beside(file: Path) -> tuple[Path, list[Manifest]]:
    """Return where the manifest beside a file would be, and those of all exports in it."""
    path = file.parent / MANIFEST
    found = read_manifest(path) if path.is_file() else None
    return path, [] if found is None else [found, *found.earlier]


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest, or None if it is another program's: the name is a common one.

    Args:
        path: Of a manifest.json.

    Raises:
        InputError: It is edgeship's, but damaged or of another version.
    """
    data = read_bytes(path)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(content, dict) or content.get("tool") != "edgeship":
        return None
    try:
        manifest = Manifest.model_validate_json(data)
        _check(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _unreadable(path, f"{place}: {first['msg']}") from error
    except (LookupError, TypeError, ValueError, InputError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    return manifest


def _check(manifest: Manifest) -> None:
    """Check the entries that commands read; raise one of several exceptions if one is wrong."""
    for one in manifest.earlier:
        if one.earlier:
            raise ValueError("earlier manifests inside of an earlier one")
        _check(one)
    for value in (
        manifest.model["name"],
        manifest.weights["source"],
        manifest.verification["reference"],
    ):
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not a text")
    bool(manifest.weights["untrained"])
    for artifact in manifest.artifacts:
        for value in (artifact.parity or {}).values():
            float(value or 0)
        for part in artifact.parts:
            for value in (part.max_abs, part.max_rel, part.sqnr_db):
                float(value)
        yardstick_in(artifact)
    preprocess_in(manifest)


def parity_in(artifact: Artifact) -> Parity:
    """Return how a file's outputs compare with the network's, as its entry records it.

    Raises:
        TypeError: The entry has no parity.
    """
    numbers = {name: None if v is None else float(v) for name, v in (artifact.parity or {}).items()}
    parts = tuple(
        PartParity(
            name=part.name,
            max_abs=float(part.max_abs),
            max_rel=float(part.max_rel),
            sqnr_db=float(part.sqnr_db),
            agreement=part.agreement,
            partial=part.partial,
            found=part.found,
            grid_db=None if part.grid_db is None else float(part.grid_db),
        )
        for part in artifact.parts
    )
    return Parity(**numbers, parts=parts)  # type: ignore[arg-type]


def yardstick_in(artifact: Artifact) -> Yardstick | None:
    """Return what rounding leaves of the network, by parts, as a file's entry records it."""
    measured: dict[Bits, dict[str, float]] = {"8 bits": {}, "float16": {}}
    weights = {}
    if artifact.rounded_weights_sqnr_db is not None:
        weights[""] = artifact.rounded_weights_sqnr_db
    for part in artifact.parts:
        if part.rounded_weights_sqnr_db is not None:
            weights[part.name] = float(part.rounded_weights_sqnr_db)
        if part.ideal_8_bits_sqnr_db is not None:
            measured["8 bits"][part.name] = float(part.ideal_8_bits_sqnr_db)
        if part.ideal_float16_sqnr_db is not None:
            measured["float16"][part.name] = float(part.ideal_float16_sqnr_db)
    return Yardstick(weights, measured=dict(measured)) if weights else None


def preprocess_in(manifest: Manifest) -> Preprocess | None:
    """Return what images go through, or None if the network does not take images."""
    values = manifest.preprocess
    if values is None:
        return None
    bgr = values.get("color_order") == "BGR"
    return Preprocess(tuple(values["mean"]), tuple(values["std"]), values["crop"], bgr)


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is not a readable manifest.",
        why=why,
        todo="export again, or move it away if it is not edgeship's",
    )
