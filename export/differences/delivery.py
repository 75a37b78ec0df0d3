"""What is compared: the files of a folder or a bundle, or one file, and their manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.bundle.layout import EVALUATION, MANIFEST, SUMS, lone
from _edgeship.export.bundle.opening import is_bundle, opened
from _edgeship.export.bundle.signing import NAME as SIGNATURE
from _edgeship.export.bundle.sums import read_sums
from _edgeship.export.checks.opening import open_model, target_of
from _edgeship.export.contract.manifest import Artifact, Manifest
from _edgeship.export.contract.model_file import ModelFile
from _edgeship.export.contract.recorded import find_digest, read_manifest
from _edgeship.export.differences.recorded_accuracy import Accuracy, read_accuracy
from _edgeship.files import read_bytes


@dataclass(frozen=True)
class Shipped:
    """One file.

    Attributes:
        path: Where it lies.
        target: What kind of file it is.
        model: What was read from it.
        artifact: What the manifest says of it; None where there is none, or it is of another file.
        manifest: The manifest; likewise.
    """

    path: Path
    target: str
    model: ModelFile
    artifact: Artifact | None
    manifest: Manifest | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def preprocess(self) -> Mapping[str, Any] | None:
        """What a picture goes through before the file gets it; None where that is not recorded."""
        if self.artifact is None or self.manifest is None:
            return None
        return self.artifact.preprocess or self.manifest.preprocess

    @property
    def calibration(self) -> Mapping[str, Any]:
        """What it was calibrated on, and how; empty where nothing is recorded."""
        if self.artifact is None or self.manifest is None:
            return {}
        return self.artifact.calibration or self.manifest.calibration or {}


@dataclass(frozen=True)
class Delivery:
    """What a team gets.

    Attributes:
        name: What the user calls it.
        files: In the order of the manifest.
        manifest: None for a file that has none.
        whole: Whether it is all that there is, and not one file of it.
        others: Path in a bundle -> SHA-256, of what is no model file and not in the manifest.
        notes: What a reader must know of it.
        signed: Whether there is a signature; `verify` checks it, and nothing here does.
        accuracy: What an evaluation found when the bundle was made.
    """

    name: str
    files: tuple[Shipped, ...]
    manifest: Manifest | None
    whole: bool = False
    others: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    signed: bool = False
    accuracy: Accuracy | None = None


@contextmanager
def open_delivery(path: Path) -> Iterator[Delivery]:
    """Read a bundle, the folder of an export, or one file.

    Raises:
        InputError: It is none of these, is damaged, or lacks files that its manifest names.
        UnsupportedError: Nothing here can run one of the files.
    """
    if path.is_dir() and path.suffix.lower() != ".mlpackage" and not is_bundle(path):
        raise InputError(
            f"{path} is no export.",
            why=f"it holds no {MANIFEST}",
            todo="give the folder of an export, a bundle, or one of the files",
        )
    if is_bundle(path):
        with opened(path) as folder:
            yield _of_folder(path, folder)
    else:
        yield _of_file(path)


def _of_file(path: Path) -> Delivery:
    model = open_model(path)
    record = find_digest(path, model.digest)
    notes: tuple[str, ...] = ()
    if record is not None and not record.unchanged:
        notes = (f"{record.path} was written for another {path.name}, and is left out",)
        record = None
    manifest = None if record is None else record.manifest
    artifact = None if record is None else record.artifact
    shipped = Shipped(path, target_of(path).name, model, artifact, manifest)
    return Delivery(str(path), (shipped,), manifest, notes=notes)


def _of_folder(path: Path, folder: Path) -> Delivery:
    manifest = read_manifest(folder / MANIFEST) if (folder / MANIFEST).is_file() else None
    if manifest is None or not manifest.artifacts:
        raise InputError(f"{path} is no export.", why=f"it has no {MANIFEST} of edgeship's")
    files: list[Shipped] = []
    notes: list[str] = []
    for one in (manifest, *manifest.earlier):
        for artifact in one.artifacts:
            file = folder / lone(artifact.file)
            if file.exists():
                files.append(_recorded(file, artifact, one, notes))
            else:
                notes.append(f"{artifact.file} is not in {path}, though its {MANIFEST} names it")
    if not files:
        raise InputError(
            f"{path} holds none of its files.", why=f"its {MANIFEST} names {artifact.file}"
        )
    return Delivery(
        name=str(path),
        files=tuple(files),
        manifest=manifest,
        whole=True,
        others=_others(folder, manifest),
        notes=tuple(notes),
        signed=(folder / SIGNATURE).is_file(),
        accuracy=read_accuracy(folder / EVALUATION),
    )


def _recorded(file: Path, artifact: Artifact, manifest: Manifest, notes: list[str]) -> Shipped:
    """Return a file with what its manifest says of it, if it is the file that it says that of."""
    model, target = open_model(file), target_of(file).name
    if model.digest == artifact.sha256:
        return Shipped(file, target, model, artifact, manifest)
    notes.append(
        f"{file.name} is not the file that its {MANIFEST} records: what is said of it there is "
        "left out"
    )
    return Shipped(file, target, model, None, None)


def _others(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Return the digests of the files of a bundle that no other topic is about."""
    if not (folder / SUMS).is_file():
        return {}
    told = {MANIFEST, EVALUATION}
    for one in (manifest, *manifest.earlier):
        told |= {one.onnx.file, *(each.file for each in one.artifacts)}
        told |= {each.file for each in one.labels}
    return {
        name: digest
        for name, digest in read_sums(read_bytes(folder / SUMS)).items()
        if name != SIGNATURE and name.partition("/")[0] not in told
    }
