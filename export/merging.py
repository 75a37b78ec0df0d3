"""The manifest of a folder that several exports have written files into."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from _edgeship.errors import InputError
from _edgeship.export.contract.manifest import Artifact, LabelsFile, Manifest, PickingRecord, Port
from _edgeship.export.contract.recorded import MANIFEST, read_manifest
from _edgeship.export.coreml.format.package import digest, read_folder
from _edgeship.files import sha256_of

#: What must be equal for the files of two exports to have one description.
_SHARED = ("versions", "model", "weights", "preprocess", "onnx", "labels", "about")


def merged(new: Manifest, folder: Path, written: Collection[str]) -> Manifest:
    """Return the manifest of a folder after an export.

    Files of earlier exports that are still as they were written keep their entries: beside the new
    ones, where everything said of the network holds for them too, else in ``earlier``.

    Args:
        new: Of the export, which has published nothing yet.
        folder: Where it will write.
        written: Names of the files that it will put there, or set aside.
    """
    replaced = {one.file: one.sha256 for one in new.labels}
    earlier: list[Manifest] = []
    for old in _left(folder, written, replaced):
        if _alike(new, old):
            new = _joined(new, old)
        else:
            earlier.append(old)
    return new.model_copy(update={"earlier": earlier})


def without(folder: Path, gone: Collection[str]) -> Manifest | None:
    """Return the manifest of a folder without the entries of some files.

    Args:
        folder: Where it is.
        gone: Their names.

    Returns:
        None if no other file has an entry.
    """
    left = list(_left(folder, gone, {}))
    if not left:
        return None
    first, *others = left
    return first.model_copy(update={"earlier": others})


def _left(
    folder: Path, written: Collection[str], replaced: Mapping[str, str]
) -> Iterator[Manifest]:
    """Yield the manifests of a folder's exports, the newest first, with the files that are left."""
    path = folder / MANIFEST
    try:
        found = read_manifest(path) if path.is_file() else None
    except InputError:
        return  # it is of another version, or damaged: it says nothing that can be kept
    for one in () if found is None else (found, *found.earlier):
        kept = [artifact for artifact in one.artifacts if _is_left(artifact, folder, written)]
        if kept:
            labels = [file for file in one.labels if _names(file, folder, written, replaced)]
            known = {file.file for file in labels}
            artifacts = [_reduced(artifact, folder, written, known) for artifact in kept]
            update = {"artifacts": artifacts, "labels": labels, "earlier": []}
            yield one.model_copy(update=update)


def _is_left(record: Artifact | PickingRecord, folder: Path, written: Collection[str]) -> bool:
    """Return whether a file is still what its entry says, and stays so."""
    path = folder / Path(record.file).name
    if record.file in written or not path.exists():
        return False
    try:
        found = digest(read_folder(path)) if path.is_dir() else sha256_of(path)
    except (InputError, OSError):
        return False
    return found == record.sha256


def _names(
    file: LabelsFile, folder: Path, written: Collection[str], replaced: Mapping[str, str]
) -> bool:
    """Return whether a file of labels still has, or gets again, what its entry says."""
    if file.file in replaced:
        return replaced[file.file] == file.sha256
    path = folder / Path(file.file).name
    return file.file not in written and path.is_file() and sha256_of(path) == file.sha256


def _reduced(
    artifact: Artifact, folder: Path, written: Collection[str], labels: Collection[str]
) -> Artifact:
    """Return an entry without what is no longer there beside its file."""
    picking = artifact.picking

    def port(one: Port) -> Port:
        return one if one.labels in labels else one.model_copy(update={"labels": ""})

    update = {
        "outputs": [port(one) for one in artifact.outputs],
        "picking": picking if picking and _is_left(picking, folder, written) else None,
    }
    return artifact.model_copy(update=update)


def _alike(new: Manifest, old: Manifest) -> bool:
    """Return whether what the new manifest says of its network holds for the old one's files."""
    same = all(getattr(new, field) == getattr(old, field) for field in _SHARED)
    return same and new.verification["reference"] == old.verification["reference"]


def _joined(new: Manifest, old: Manifest) -> Manifest:
    """Return the new manifest with the old one's files, which say what they alone went through."""
    others = [
        artifact.model_copy(
            update={
                "calibration": artifact.calibration
                or (old.calibration if old.calibration != new.calibration else None),
                "verification": artifact.verification
                or (old.verification if old.verification != new.verification else None),
            }
        )
        for artifact in old.artifacts
    ]
    done = {stage.stage for stage in new.stages}
    stages = [*new.stages, *(stage for stage in old.stages if stage.stage not in done)]
    return new.model_copy(update={"artifacts": [*new.artifacts, *others], "stages": stages})
