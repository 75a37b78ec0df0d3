"""What is compared: the files of a folder or a bundle, or one file, and their manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _edgeship.errors import InputError
from _edgeship.export.bundle.layout import EVALUATION, MANIFEST, SUMS, lone
from _edgeship.export.bundle.opening import FOLDERS, is_bundle, opened
from _edgeship.export.bundle.signing import NAME as SIGNATURE
from _edgeship.export.bundle.sums import read_sums
from _edgeship.export.checks.opening import open_model, target_of
from _edgeship.export.contract.manifest import Artifact, Manifest
from _edgeship.export.contract.model_file import ModelFile
from _edgeship.export.contract.recorded import Record, find_digest, read_manifest
from _edgeship.export.differences.recorded_accuracy import Accuracy, read_accuracy
from _edgeship.files import read_bytes


@dataclass(frozen=True)
class Shipped:
    """One file.

    Attributes:
        path: Where it lies.
        called: What people call it: by where they have it, also where it was unpacked.
        target: What kind of file it is.
        model: What was read from it.
        record: What the manifest says of it; None where there is none, or it is of another file.
    """

    path: Path
    called: str
    target: str
    model: ModelFile
    record: Record | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def artifact(self) -> Artifact | None:
        """The manifest's entry for it."""
        return None if self.record is None else self.record.artifact

    @property
    def manifest(self) -> Manifest | None:
        """What the manifest says of the export that has written it."""
        return None if self.record is None else self.record.manifest

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
        recorded: Whether it has a manifest.
        whole: Whether it is all that there is, and not one file of it.
        others: Path in a bundle -> SHA-256, of what is no model file and not in the manifest.
        notes: What a reader must know of it.
        signed: Whether there is a signature; `verify` checks it, and nothing here does.
        accuracy: What an evaluation found when the bundle was made.
    """

    name: str
    files: tuple[Shipped, ...]
    recorded: bool
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
    if path.is_dir() and path.suffix.lower() not in FOLDERS and not is_bundle(path):
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
    shipped = Shipped(path, str(path), target_of(path).name, model, record)
    return Delivery(str(path), (shipped,), recorded=record is not None, notes=notes)


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
                record = Record(folder / MANIFEST, one, artifact, unchanged=True)
                files.append(_recorded(file, f"{path}/{file.name}", record, notes))
            else:
                notes.append(f"{artifact.file} is not in {path}, though its {MANIFEST} names it")
    if not files:
        raise InputError(
            f"{path} holds none of its files.", why=f"its {MANIFEST} names {artifact.file}"
        )
    return Delivery(
        name=str(path),
        files=tuple(files),
        recorded=True,
        whole=True,
        others=_others(folder, manifest),
        notes=tuple(notes),
        signed=(folder / SIGNATURE).is_file(),
        accuracy=read_accuracy(folder / EVALUATION),
    )


def _recorded(file: Path, called: str, record: Record, notes: list[str]) -> Shipped:
    """Return a file with what its manifest says of it, if it is the file that it says that of."""
    model, target = open_model(file), target_of(file).name
    if model.digest == record.artifact.sha256:
        return Shipped(file, called, target, model, record)
    notes.append(
        f"{called} is not the file that its {MANIFEST} records: what is said of it there is left "
        "out"
    )
    return Shipped(file, called, target, model, None)


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
