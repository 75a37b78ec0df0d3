"""From a folder of exported files to a bundle: everything is made first, and then written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from _edgeship.artifacts import OutputFolder
from _edgeship.errors import InputError, VerificationError
from _edgeship.export.bundle import layout, pages, signing
from _edgeship.export.bundle.evaluated import as_json, evaluated
from _edgeship.export.bundle.facts import Facts, Latency, facts_of
from _edgeship.export.bundle.generated import code_of
from _edgeship.export.bundle.packing import zipped
from _edgeship.export.bundle.pictures import SamplePicture, sample_pictures
from _edgeship.export.bundle.steps import steps_of
from _edgeship.export.bundle.sums import sums_of
from _edgeship.export.bundle.vectors import (
    Index,
    PictureRecord,
    array_bytes,
    file_vectors,
    samples_of,
)
from _edgeship.export.checks.opening import open_model
from _edgeship.export.checks.subject import read_reference
from _edgeship.export.contract.manifest import Artifact, Manifest
from _edgeship.export.contract.recorded import preprocess_in, read_manifest
from _edgeship.export.coreml.format.package import read_folder
from _edgeship.export.runtimes.apart import read_apart
from _edgeship.files import read_bytes, sha256_of


@dataclass(frozen=True)
class Wishes:
    """What somebody wants in a bundle beside the files.

    Attributes:
        pictures: A folder or a zip file that the sample pictures are taken of; None for some that
            come with edgeship.
        calib: Where sample inputs come from that are no pictures; None for noise.
        labelled: Labelled pictures to evaluate the files on; None to leave that out.
        latencies: What was measured, of any files.
        key: Secret key to sign the digests with, or None.
    """

    pictures: Path | None = None
    calib: str | None = None
    labelled: Path | None = None
    latencies: tuple[Latency, ...] = ()
    key: Path | None = None


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        folder: The bundle.
        archive: The same as a zip file.
        files: Path in the bundle -> how many bytes it has.
        facts: What its cards say.
    """

    folder: Path
    archive: Path
    files: Mapping[str, int]
    facts: Facts


def make(
    folder: Path,
    wishes: Wishes,
    only: Collection[str] | None = None,
    out: Path | None = None,
    report: Callable[[str], None] = lambda stage: None,
) -> Made:
    """Make a bundle of the files that a manifest lists.

    Args:
        folder: Where the manifest and the files are.
        wishes: What else is to be in it.
        only: Names of the files that are to be in it; None for all.
        out: Where the bundle's folder and its zip file are to appear; beside the files by default.
        report: Told each stage as it begins.

    Raises:
        InputError: There is no manifest, or a file or picture cannot be read.
        VerificationError: A file is not the one that the manifest was written for, or does not run.
    """
    manifest = recorded(folder, only)
    name = layout.lone(str(manifest.model["name"])) + layout.ENDING
    with OutputFolder(out or folder) as target:
        content, facts = _content(folder, manifest, wishes, report)
        report("write")
        target.write_folder(name, content)
        target.write(f"{name}.zip", zipped(name, content))
        [place, archive] = target.publish()
    return Made(place, archive, {path: len(data) for path, data in content.items()}, facts)


def recorded(folder: Path, only: Collection[str] | None = None) -> Manifest:
    """Return the manifest of a folder, with the files that are wanted, all of one network.

    Args:
        folder: Where it is.
        only: Names of the files; None for all.

    Raises:
        InputError: There is none.
    """
    path = folder / layout.MANIFEST
    manifest = read_manifest(path) if path.is_file() else None
    if manifest is None:
        raise InputError(
            f"{folder} holds no {layout.MANIFEST} of edgeship.",
            why="it says what the files in a bundle are",
            todo="export first, or name the network: `python -m export bundle MODEL`",
        )
    kept = [one for one in manifest.artifacts if only is None or one.file in only]
    return manifest.model_copy(update={"artifacts": kept, "earlier": []})


def _content(
    folder: Path, manifest: Manifest, wishes: Wishes, report: Callable[[str], None]
) -> tuple[dict[str, bytes], Facts]:
    """Return path in the bundle -> content, and what the cards say."""
    report("read the files")
    content = {layout.MANIFEST: manifest.to_bytes()}
    for artifact in manifest.artifacts:
        content |= _model_files(folder, artifact)
    labels = _labels(folder, manifest)
    content |= {name: data for name, (data, _) in labels.items()}
    report("run the files on sample inputs")
    index, arrays, pictures = _vectors(folder, manifest, wishes)
    content |= {path: array_bytes(array) for path, array in arrays.items()}
    content |= {
        record.file: picture.png for record, picture in zip(index.pictures, pictures, strict=True)
    }
    content[layout.INDEX] = (index.model_dump_json(indent=2) + "\n").encode()
    names = {name: names for name, (_, names) in labels.items()}
    evaluation = None
    if wishes.labelled is not None:
        report("evaluate the files")
        evaluation = evaluated(folder, manifest, wishes.labelled, names)
        content[layout.EVALUATION] = as_json(evaluation)
    report("write code and cards")
    code = code_of(manifest)
    content |= code.files
    facts = facts_of(
        manifest,
        index,
        arrays,
        pictures,
        names,
        evaluation,
        wishes.latencies,
        code,
        signed=wishes.key is not None,
    )
    content[layout.PAGE] = pages.page(facts)
    content[layout.MODEL_CARD] = pages.model_card(facts)
    content[layout.README] = pages.readme(facts, steps_of(facts))
    content[layout.SUMS] = sums_of(content)
    if wishes.key is not None:
        content[signing.NAME] = signing.sign(content[layout.SUMS], wishes.key)
    return content, facts


def _model_files(folder: Path, artifact: Artifact) -> dict[str, bytes]:
    """Return the content of a model file, and of the one that picks boxes; of a package, of all.

    Raises:
        VerificationError: It is not what the manifest was written for.
    """
    path = folder / layout.lone(artifact.file)
    if open_model(path).digest != artifact.sha256:
        raise _changed(path)
    if path.is_dir():
        return {f"{path.name}/{name}": data for name, data in read_folder(path).items()}
    found = {path.name: read_bytes(path)}
    if artifact.picking is not None:
        picking = folder / layout.lone(artifact.picking.file)
        if open_model(picking).digest != artifact.picking.sha256:
            raise _changed(picking)
        found[picking.name] = read_bytes(picking)
    return found


def _changed(path: Path) -> VerificationError:
    return VerificationError(
        f"{path} is not the file that was exported.",
        where=str(path.parent / layout.MANIFEST),
        why="the manifest records another sha256",
        todo="export again",
    )


def _labels(folder: Path, manifest: Manifest) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """Return file of labels -> its content, and the labels in it.

    Raises:
        VerificationError: One is not what the manifest was written for.
    """
    found = {}
    for record in manifest.labels:
        path = folder / layout.lone(record.file)
        data = read_bytes(path)
        if sha256_of(path) != record.sha256:
            raise _changed(path)
        found[record.file] = data, tuple(data.decode().removesuffix("\n").split("\n"))
    return found


def _vectors(
    folder: Path, manifest: Manifest, wishes: Wishes
) -> tuple[Index, dict[str, NDArray[Any]], list[SamplePicture]]:
    """Return what belongs together, path in the bundle -> array, and the pictures.

    Raises:
        InputError: The graph that the files were made from is not there.
    """
    graph = folder / layout.lone(manifest.onnx.file)
    if not graph.is_file() or sha256_of(graph) != manifest.onnx.sha256:
        raise InputError(
            f"The graph {graph}, which the files were made from, is not there.",
            why="it tells what the inputs take",
            todo="export again",
        )
    reference = read_apart(f"Reading {graph}", read_reference, graph, ())
    preprocess = preprocess_in(manifest)
    pictures = sample_pictures(wishes.pictures)
    samples, shown, source = samples_of(reference.specs, preprocess, pictures, wishes.calib)
    pictures = pictures if shown else []
    records = [
        PictureRecord(
            file=f"{layout.VECTORS}/{number}.png", name=picture.name, source=picture.source
        )
        for number, picture in enumerate(pictures, 1)
    ]
    files = []
    arrays: dict[str, NDArray[Any]] = {}
    for artifact in manifest.artifacts:
        record, found = file_vectors(
            folder / artifact.file,
            artifact,
            reference,
            preprocess,
            samples,
            [one.file for one in records],
        )
        files.append(record)
        arrays |= found
    return Index(pictures=records, source=source, files=files), arrays, pictures
